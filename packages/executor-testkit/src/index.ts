export { type AdapterUnderTest, startWholeTradewind } from "./whole-tradewind.ts";
