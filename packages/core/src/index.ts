export {
  DAG_RUN_STATES,
  DAG_RUN_TYPES,
  type DagRunState,
  type DagRunType,
  TASK_INSTANCE_STATES,
  type TaskInstanceState,
  TERMINAL_STATES,
  type TerminalState,
} from "./states.ts";
export {
  DAG_CALLBACKS,
  DAG_SPEC_VERSION,
  type DagCallback,
  type DagSpec,
  type InputSpec,
  type Json,
  type LoopSpec,
  type MappingSpec,
  type ParamSpec,
  type SensorSpec,
  TASK_CALLBACKS,
  TASK_KINDS,
  type TaskCallback,
  type TaskGroupSpec,
  type TaskKind,
  type TaskSpec,
  TRIGGER_RULES,
  type TriggerRule,
  WEIGHT_RULES,
  type WeightRule,
} from "./dag-spec.ts";
export type { TimetableSpec } from "./timetable-spec.ts";
export { ERROR_CODES, type ErrorCode } from "./error-codes.ts";
export { assertNever, errorMessage, hasErrorCode, isTradewindError, TradewindError, type TradewindErrorOptions } from "./errors.ts";
export { type Duration, type DurationParts, formatDuration, parseDuration } from "./duration.ts";
export { assertJson, canonicalJson } from "./canonical-json.ts";
export { formatJsonPath } from "./json-path.ts";
export {
  type Actor,
  ADOPTABLE_STATES,
  FAILED_STATES,
  FINISHED_DAG_RUN_STATES,
  isFailed,
  isFinishedDagRun,
  isLegalDagRunTransition,
  isLegalTransition,
  isSuccess,
  isTerminal,
  type MaybeState,
  nextDagRunStates,
  nextTaskInstanceStates,
  OCCUPYING_STATES,
  SCHEDULABLE_STATES,
  SUCCESS_STATES,
} from "./state-transitions.ts";
export { allowsRunType, assertRunTypeAllowed } from "./allowed-run-types.ts";
export { compileDag, type DagGraph, getTaskNode, type GroupNode, listAncestors, listDescendants, type TaskNode } from "./dag-graph.ts";
export { findDagSpecProblems, validateDagSpec } from "./validate-dag-spec.ts";
export { readDagSpec, upgradeDagSpec } from "./dag-spec-versions.ts";
export type { SpecProblem } from "./spec-problems.ts";
export { findKeyProblem, isValidKey, MAX_KEY_LENGTH } from "./keys.ts";
export { nearestName } from "./nearest-name.ts";
export {
  countUpstreams,
  evaluateTriggerRule,
  finishedUpstreams,
  NO_UPSTREAMS,
  type TriggerRuleInput,
  type TriggerRuleState,
  type TriggerRuleVerdict,
  type UpstreamCounts,
} from "./trigger-rule.ts";
export { type CronLine, parseCron } from "./timetable/cron-line.ts";
export { activeRunsLimit, describeTimetable, isPeriodic, type TimetableDescription } from "./timetable/describe-timetable.ts";
export type { DataInterval, LastRun, NextRun, NextRunRequest } from "./timetable/intervals.ts";
export { manualInterval, nextRun } from "./timetable/next-run.ts";
export type { TimeZone, TimeZoneSource } from "./timetable/time-zone.ts";
export { validateTimetable } from "./timetable/validate-timetable.ts";
export {
  countRunOutcome,
  dagRunTimeoutAt,
  decideRunOutcome,
  hasTooManyFailedRuns,
  isDagRunTimedOut,
  isDeadlocked,
  type RunOutcome,
  type RunOutcomeCounts,
  type RunOutcomeReason,
  stateAfterFailFast,
  stateAfterRunIsMarked,
  type UnfinishedInstance,
} from "./run-outcome.ts";
export { DEFAULT_MAX_TASK_RETRY_DELAY_MS, maxTriesAfterClear, type RetryDelayInput, retryDelayMs, retryDueAt, shouldRetry } from "./retry.ts";
export { pythonIso } from "./python-iso.ts";
export { decidesBranch, planBranch, planShortCircuit, type SkipPlan } from "./branching.ts";
export {
  checkMapLength,
  DEFAULT_MAX_MAP_LENGTH,
  expansionLength,
  mapLength,
  KWARGS_INPUT,
  mapLengths,
  type MappedMember,
  mappedMembers,
  mappingInputs,
  mapPositions,
  measureMapping,
  staticExpansionLength,
  UNMAPPED,
} from "./mapping.ts";
export {
  compareForDispatch,
  type DispatchCandidate,
  type DispatchInput,
  type DispatchOrder,
  type DispatchPlan,
  executorLimitKey,
  type LimitKey,
  openPoolSlots,
  type ParkedCandidate,
  planDispatch,
  poolLimitKey,
  type PoolLimit,
  runLimitKey,
  runTaskLimitKey,
  taskLimitKey,
} from "./limits.ts";
export { activeRunsKey, mayCreateRun, planRunStarts, type QueuedRun } from "./run-limits.ts";
export {
  listMappingRefs,
  listXComRefs,
  lookupFor,
  mappingContext,
  type ResolvedInputs,
  resolveTaskInputs,
  RETURN_VALUE_KEY,
  visitInputs,
  type XComLookup,
  type XComReader,
  type XComRef,
  type XComValue,
} from "./inputs.ts";
export type { InputMap } from "./resolve-input.ts";
export { indexGroupOf, isLoopTask, isMultiplied } from "./index-groups.ts";
export { CONNECTION_FORMS, type ConnectionField, type ConnectionForm, connectionFormOf, type ConnectionPlace } from "./connection-forms.ts";
export { paramsInOrder, resolveParams, type ResolveParamsInput, type SchemaValidator } from "./params.ts";
export { assertRunId, DEFAULT_ALLOWED_RUN_ID_PATTERN, makeRunId, runTypeOfRunId } from "./run-id.ts";
export { describeTask, describeTaskInstance, type TaskInstanceName } from "./task-instance-name.ts";
export { getGraphScopes, type GraphScopes } from "./graph-scopes.ts";
export * from "./run-machine/index.ts";
export * from "./why/index.ts";
