/**
 * The DAG spec: everything the control plane knows of a DAG, as plain JSON. The SDK makes it, the loader carries it, the metadata store keeps it by
 * version, the engine decides by it. It holds no author code: a task's code stays in the bundle and is found again by `taskId`.
 *
 * What must stay true: the same source gives the same canonical JSON (see `canonicalJson`), so every field is always present (`null` where unset),
 * durations are milliseconds, instants are ISO 8601 in UTC with milliseconds ("2026-01-01T00:00:00.000Z"), and lists have a defined order
 * (tasks and groups in order of definition; upstream ids sorted).
 */
import type { TimetableSpec } from "./timetable-spec.ts";

export const DAG_SPEC_VERSION = 1;

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export const TRIGGER_RULES = [
  "all_success",
  "all_failed",
  "all_done",
  "all_done_min_one_success",
  "all_skipped",
  "one_success",
  "one_failed",
  "one_done",
  "none_failed",
  "none_failed_min_one_success",
  "none_skipped",
  "always",
  "all_done_setup_success",
] as const;
export type TriggerRule = (typeof TRIGGER_RULES)[number];

export const WEIGHT_RULES = ["downstream", "upstream", "absolute"] as const;
export type WeightRule = (typeof WEIGHT_RULES)[number];

/**
 * What a task does to the tasks below it when it ends well:
 * - `task`: nothing special.
 * - `branch`: its result names the direct children (task ids, or group ids) to follow; the other direct children are skipped.
 * - `short_circuit`: a falsy result skips everything downstream (or only direct children, see `respectDownstreamRules`).
 * - `empty`: never executed; succeeds as soon as it may run.
 */
export const TASK_KINDS = ["task", "branch", "short_circuit", "empty"] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** Where one named input of a handler comes from. */
export type InputSpec =
  /** A constant from the DAG file. */
  | { kind: "value"; value: Json }
  /**
   * The XCom of an upstream task; of a mapped upstream, the list of its instances' results in index order. `path` walks into the result
   * (`["a", "0"]` is `result.a[0]`).
   */
  | { kind: "xcom"; taskId: string; key: string; path: string[] }
  /** A list or an object some of whose members are inputs themselves. */
  | { kind: "list"; items: InputSpec[] }
  | { kind: "object"; entries: Record<string, InputSpec> };

/**
 * How a task is multiplied. `expand` is the cross product over the named inputs (each gives a list or an object), first name slowest, as Airflow's
 * `expand`. `order` has the names in the order the author wrote them: keys of a stored object have none. The length is known at load time when every
 * input is a constant.
 */
export type MappingSpec = { kind: "expand"; order: string[]; inputs: Record<string, InputSpec> };

export interface TaskSpec {
  taskId: string;
  /** Shown to people instead of the id. */
  displayName: string | null;
  /** The operator's name ("task", "bash", "http", "sql", "empty", "branch", "trigger_dag_run" …), for people, filters and metrics. */
  operator: string;
  kind: TaskKind;
  /** Only for `short_circuit`: true skips only direct children and lets their trigger rules decide about the rest. */
  respectDownstreamRules: boolean;
  /** The innermost group, or null. */
  groupId: string | null;
  /** Ids of the direct upstream tasks, sorted. Edges to groups are already resolved to tasks. */
  upstream: string[];
  triggerRule: TriggerRule;
  /** Named inputs of the handler that are the same for every map index. */
  inputs: Record<string, InputSpec>;
  mapping: MappingSpec | null;
  /** How often a failed attempt is tried again. */
  retries: number;
  retryDelayMs: number;
  /** 0 or 1: always `retryDelayMs`. Else the delay is multiplied by it for each try (2 doubles), as Airflow's retry_exponential_backoff. */
  retryBackoff: number;
  maxRetryDelayMs: number | null;
  /** Wall time of one attempt. */
  executionTimeoutMs: number | null;
  pool: string;
  poolSlots: number;
  priorityWeight: number;
  weightRule: WeightRule;
  /** Routes the task to an executor or a set of workers. */
  queue: string;
  /** Name of the executor to use; null: by queue, or the default one. */
  executor: string | null;
  /** At most so many live instances of this task over all runs. */
  maxActiveTisPerDag: number | null;
  /** At most so many live instances of this task in one run (mapped tasks). */
  maxActiveTisPerDagrun: number | null;
  dependsOnPast: boolean;
  waitForDownstream: boolean;
  /** `warm`: in a re-used child process; `process`: a fresh process for each attempt. */
  isolation: "warm" | "process";
  /** Memory limit of the child process; null: the runner's default. */
  memoryLimitMb: number | null;
  startDate: string | null;
  endDate: string | null;
  owner: string;
  doc: string | null;
}

export interface TaskGroupSpec {
  groupId: string;
  displayName: string | null;
  parentId: string | null;
  tooltip: string;
}

export interface ParamSpec {
  /** JSON schema (draft 2020-12) of the value; `{}` accepts anything. */
  schema: { [key: string]: Json };
  /** Absent: the param must be given when the DAG is triggered. */
  default?: Json;
  description: string | null;
}

export interface DagSpec {
  specVersion: typeof DAG_SPEC_VERSION;
  dagId: string;
  displayName: string | null;
  description: string | null;
  doc: string | null;
  owner: string;
  tags: string[];
  schedule: TimetableSpec;
  /** The first logical date; null: none. */
  startDate: string | null;
  endDate: string | null;
  catchup: boolean;
  maxActiveRuns: number;
  /** Per run, as Airflow since 3.0. */
  maxActiveTasks: number;
  /** 0: off. The DAG is paused after so many failed runs in a row. */
  maxConsecutiveFailedDagRuns: number;
  dagrunTimeoutMs: number | null;
  failFast: boolean;
  /** null: the installation's default (`dags_are_paused_at_creation`). */
  isPausedUponCreation: boolean | null;
  params: Record<string, ParamSpec>;
  groups: TaskGroupSpec[];
  tasks: TaskSpec[];
}
