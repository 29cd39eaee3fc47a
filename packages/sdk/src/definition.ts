import type { Duration, InputSpec, Json, MappingSpec, SensorSpec, TaskKind } from "@tradewind/core";
import type { DagOptions } from "./dag-options.ts";
import type { TaskOptions } from "./task-options.ts";

/**
 * What a DAG file defined, as plain data that only this package reads.
 *
 * Objects are known by registered symbols and never by `instanceof`: an author's project may load its own copy of this package next to the one of the
 * loader, and both must understand each other's DAGs. `version` is raised when this data changes its meaning.
 */
export const DAG: unique symbol = Symbol.for("tradewind.dag");
export const TASK_REF: unique symbol = Symbol.for("tradewind.task-ref");
export const RESULT_REF: unique symbol = Symbol.for("tradewind.result-ref");
export const TASK_GROUP: unique symbol = Symbol.for("tradewind.task-group");
export const TASK_FACTORY: unique symbol = Symbol.for("tradewind.task-factory");
export const OPERATOR: unique symbol = Symbol.for("tradewind.operator");

export const DEFINITION_VERSION = 2;

/** Author code, seen from the runtime: one object of named inputs in, a result or a promise of one out. */
export type AnyHandler = (inputs: never) => unknown;

export interface DagDefinition {
  version: typeof DEFINITION_VERSION;
  dagId: string;
  options: DagOptions;
  /** Where the author made it. */
  site: Error;
  groups: Map<string, GroupDefinition>;
  /** In order of placement, by task id. */
  tasks: Map<string, PlacedTask>;
  declared: DeclaredTask[];
  edges: Edge[];
  scopes: ScopeDefinition[];
  /** What `map()` was given, by `mapId`. */
  maps: Map<string, AnyHandler>;
  /** The groups whose builder is running, innermost last: factories that belong to no group are placed there. */
  openGroups: string[];
  /** How its file is written, when that is not Tradewind's own way; set where the DAG is made. */
  dialect?: Dialect;
  /** The setup scopes whose builder is running, innermost last. */
  openScopes: ScopeDefinition[];
}

/** Tasks between setups and their teardown: the first of them run after the setups, the last of them before the teardown. */
export interface ScopeDefinition {
  teardownId: string;
  taskIds: string[];
}

export interface Dialect {
  /** A file for Airflow's TypeScript SDK, or YAML. */
  language: "airflow" | "yaml";
  /** A template that is one expression gives its value, and not its text. Airflow's render_template_as_native_obj. */
  nativeValues: boolean;
}

export interface GroupDefinition {
  groupId: string;
  parentId: string | null;
  /** What the ids inside begin with: "extract." or "". */
  prefix: string;
  displayName: string | null;
  tooltip: string;
  defaultArgs: TaskOptions;
  /** Of the whole group. */
  retries: number;
  retryDelay: Duration | undefined;
  /** Constants and mapping of a mapped group. */
  inputs: Record<string, InputSpec>;
  mapping: MappingSpec | null;
  loop: LoopDefinition | null;
  site: Error;
}

export interface LoopDefinition {
  maxIterations: number;
  until: AnyHandler | null;
  resultTaskId: string;
  gateTaskId: string;
}

/** Whether a task sets something up for others, or undoes it. */
export type SetupRole = { kind: "setup" } | { kind: "teardown"; setups: string[]; onFailureFailDagRun: boolean };

/** A task that was declared; it joins the graph when its factory is called. */
export interface DeclaredTask {
  label: string;
  groupId: string | null;
  operator: string;
  kind: TaskKind;
  handler: AnyHandler | null;
  respectDownstreamRules: boolean;
  options: TaskOptions;
  sensor: SensorSpec | null;
  role: SetupRole | null;
  placements: number;
  /** Taken where the author declared it, so that later errors can point there. */
  site: Error;
}

export interface PlacedTask extends Omit<DeclaredTask, "label" | "placements"> {
  taskId: string;
  inputs: Record<string, InputSpec>;
  mapping: MappingSpec | null;
  /** Set by `dag.if` and `dag.switch`: how the handler's result chooses among the direct children. */
  decision: Decision | null;
}

/** One end of an edge. */
export type Node = { kind: "task"; taskId: string } | { kind: "group"; groupId: string };

export interface Edge {
  from: Node;
  to: Node;
}

/** `path` walks from the handler's result to the value that decides. */
export type Decision =
  | { kind: "if"; path: string[]; whenTrue: Node[]; whenFalse: Node[] }
  /** `value` is compared with the result as JSON. A case without a value is chosen when the handler returns its target. */
  | { kind: "switch"; path: string[]; cases: { value?: Json; targets: Node[] }[]; otherwise: Node[] | null };

/** XCom key under which a deciding task keeps its handler's result, since its `return_value` is the list of children to follow. */
export const DECISION_KEY = "decision";
