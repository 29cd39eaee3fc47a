export { TestDag, type TestDagOptions, testDag, type TestRunOptions } from "./test-dag.ts";
export { TestRun, type TestTask } from "./test-run.ts";
export type { AttemptRecord, CallbackRecord, LogRecord, TimelineEntry } from "./run-records.ts";
export type { ScheduledRun } from "./plan-runs.ts";
export { crash, fail, type Fault, type FaultPlace, skip, timeout } from "./faults.ts";
export type { Mocks } from "./attempt-ends.ts";
export type { TestConnection } from "./test-settings.ts";
export { assertFailed, assertLogged, assertOrder, assertState, assertStates, assertSuccess, assertXCom } from "./assertions.ts";
export { type DagMatchers, dagMatchers } from "./matchers.ts";
