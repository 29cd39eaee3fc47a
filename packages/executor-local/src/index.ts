export { createLocalExecutor, defaultPrefetch, type LocalExecutorOptions } from "./local-executor.ts";
