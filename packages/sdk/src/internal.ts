/**
 * What Tradewind's own processes use of this package: the loader, the runner, `dags test`. Not for authors, and may change with any release.
 */
export { blamingDag, collectDags, isDag, type AnyDag } from "./collect-dags.ts";
export { SPEC_DEFAULTS, type SpecDefaults } from "./spec-defaults.ts";
export { leaveOutSites } from "./definition-error.ts";
export { toSpec } from "./to-spec.ts";
export { findTask, runTask, type RunTaskRequest, type TaskResult } from "./run-task.ts";
export { type AttemptEnd, callbackAfter, runAttempt } from "./run-attempt.ts";
export {
  type CallbackFailure,
  type CallbackReport,
  type DagCallbackFacts,
  runDagCallbacks,
  runTaskCallbacks,
  type TaskCallbackFacts,
} from "./callbacks.ts";
export { classifyError, type ThrownVerdict } from "./errors.ts";
export {
  type AttemptContextData,
  type Connection,
  type LogEntry,
  type LogLevel,
  type ProgressReport,
  type TaskRuntime,
  type TaskStatesAnswer,
  type TaskStatesQuery,
  type TriggerRequest,
  type XComAddress,
} from "./runtime.ts";
export { collectRegistrations, foreignTasksOf, registeredExports, type Registrations, UNREGISTERED_PREFIX } from "./airflow/registrations.ts";
export { testConnection, type ConnectionTestResult } from "./connections/test-connection.ts";
