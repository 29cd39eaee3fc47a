/**
 * What files written for Airflow's own TypeScript SDK import: `apache-airflow-ts-sdk` and `@apache-airflow/ts-sdk` resolve to this module where DAG files are loaded and run,
 * whether or not that package is installed. Names and shapes are that SDK's; the DAGs are Tradewind's.
 */
export { Dag, type TaskGroupOptions, type TaskGroupRef } from "./dag.ts";
export { Bundle, type Registerable } from "./bundle.ts";
export { TaskHandler } from "./task-handler.ts";
export { type ArgNameMap, withArgNames } from "./arg-names.ts";
export { getContext, type TaskContext } from "./context.ts";
export {
  type AssetStateStore,
  type AssetStateStores,
  ConnectionNotFoundError,
  type ConnectionResult,
  getClient,
  type GetXComOpts,
  type SetXComOpts,
  type TaskClient,
  VariableNotFoundError,
} from "./client.ts";
export { Asset, type AssetNameRef, type AssetRef, type AssetRefSpec, type AssetSpec, type AssetUriRef } from "./asset.ts";
export type { Branch, Condition, ConditionElse, JsonValue, Node, TaskFactory, TaskFunction, TaskInput, TaskInputs, TaskRef } from "./node-types.ts";
export type { DagSpec, TaskOptions, TaskSpec } from "./spec-options.ts";
export type { TriggerDagRunSpec } from "./trigger-dag-run.ts";
export { SUPERVISOR_API_VERSION } from "./coordinator.ts";
