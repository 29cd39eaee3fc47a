export { Dag } from "./dag.ts";
export type { DagOptions } from "./dag-options.ts";
export type { TaskOptions } from "./task-options.ts";
export { type PartialGroup, TaskGroup } from "./task-container.ts";
export type { TaskGroupOptions } from "./task-group.ts";
export type { PartialTask, TaskFactory, TaskHandler } from "./task-factory.ts";
export type { Linkable, TaskRef } from "./task-ref.ts";
export type { ListRef, PartRef, ResultRef } from "./result-ref.ts";
export type { LoopInputs, LoopOptions } from "./group-loop.ts";
export type { Collected, ConstantInputs, ExpandedInputs, KwargsInputs } from "./mapped-group.ts";
export type { TeardownOptions } from "./setup-teardown.ts";
export type { Expandable, Input, NoInputs } from "./inputs.ts";
export type { Serialized } from "./serialized.ts";
export type { BranchChoice, BranchEnd, IfBranch, IfSides, SwitchBranch } from "./branching.ts";
export { continuous, cron, type CronOptions, events, every, once, type Schedule, type Timetable } from "./schedule.ts";
export type { Instant } from "./instant.ts";
export type { ParamDefinition, ParamDefinitions, ParamSchema, ParamsOf, SchemaObject } from "./params.ts";
export { type AttemptInfo, getContext, type LogMethod, type RunInfo, type TaskContext, type TaskInfo, type TaskLog } from "./context.ts";
export { type ConnectionsClient, type DagRunsClient, getClient, type TaskClient, type VariablesClient, type XComClient } from "./client.ts";
export type { Connection, DagInfo, LogLevel } from "./runtime.ts";
export type {
  CallbackContext,
  CallbackError,
  DagCallbackContext,
  DagCallbackFunction,
  TaskCallbackContext,
  TaskCallbackFunction,
} from "./callback-options.ts";
export type { RetryPolicy, RetryRule } from "./retry-policy.ts";
export { FailTask, RescheduleTask, RetryTask, SkipTask } from "./errors.ts";
export { operator, type Operator, renderTemplate, type Templated, type TemplateContext, templateContext } from "./operator.ts";
export type { Duration, DurationParts, Json, TriggerRule, WeightRule } from "@tradewind/core";
export { PokeReturn } from "./sensors/poke-return.ts";
export type { PokeAnswer, SensorOptions } from "./sensors/sensor.ts";
export { connectionAs, type ConnectionKind, type ConnectionKinds } from "./connections/connection-kinds.ts";
