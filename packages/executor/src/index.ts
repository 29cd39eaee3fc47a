export type { TaskCommand } from "@tradewind/contract";
export * from "./port.ts";
export { startExecutor } from "./start-executor.ts";
