/** All that `standalone` starts after the database, in one module, so that it is loaded while PostgreSQL starts. */
export { EXAMPLES_FOLDER } from "@tradewind/examples";
export { makeFirstUser } from "./admin.ts";
export { openTaskLogs, startExecutionApi, startRestApi } from "./api-servers.ts";
export { DAG_PROCESSOR_JOB, keepJob } from "./daemon-job.ts";
export { startCallbacks } from "./callbacks.ts";
export { makeDagProcessor } from "./dag-processing.ts";
export { makeExampleConnection } from "./example-connection.ts";
export { startScheduling } from "./scheduling.ts";
