export type { TaskCommand } from "@tradewind/contract";
export * from "./port.ts";
