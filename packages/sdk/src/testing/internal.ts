/** What `tradewind dags test` and the project's own checks use of the testing kit. Not for authors, and may change with any release. */
export { MemoryRun, type MemoryRunListener, type MemoryRunOptions, type RunPlan } from "./memory-run.ts";
export type { RunClock } from "./manual-clock.ts";
export { checkDagsWith } from "./check-dags.ts";
export { includedBy } from "./included-tasks.ts";
export { type AttemptRecord, instanceName } from "./run-records.ts";
export { TestRun, type TestTask } from "./test-run.ts";
