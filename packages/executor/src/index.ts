export type { AttemptGrant, TaskCommand } from "@tradewind/contract";
export { checkExecutor, type ExecutorFactory, executorFactoryOf, type ExecutorSettings } from "./executor-factory.ts";
export * from "./port.ts";
export { startExecutor } from "./start-executor.ts";
