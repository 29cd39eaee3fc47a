/**
 * The DAG spec: everything the control plane knows of a DAG, as plain JSON. The SDK makes it, the loader carries it, the metadata store keeps it by
 * version, the engine decides by it. It holds no author code: a task's code stays in the bundle and is found again by `taskId`.
 *
 * What must stay true: the same source gives the same canonical JSON (see `canonicalJson`), so every field is always present (`null` where unset),
 * durations are milliseconds, instants are ISO 8601 in UTC with milliseconds ("2026-01-01T00:00:00.000Z"), and lists have a defined order
 * (tasks and groups in order of definition; upstream ids sorted).
 */
import type { DagRunType } from "./states.ts";
import type { TimetableSpec } from "./timetable-spec.ts";

export const DAG_SPEC_VERSION = 2;

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
 * - `empty`: never executed; succeeds as soon as it may run (executed all the same when it has callbacks on execute or success).
 * - `loop_gate`: the last task of each iteration of a loop; its result `true` ends the loop, `false` begins the next iteration.
 */
export const TASK_KINDS = ["task", "branch", "short_circuit", "empty", "loop_gate"] as const;
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
  | { kind: "object"; entries: Record<string, InputSpec> }
  /** Lists side by side: one list of tuples, as long as the shortest; with `fill` as long as the longest. As Airflow's `XComArg.zip`. */
  | { kind: "zip"; items: InputSpec[]; fill?: Json }
  /** Lists one after the other. As Airflow's `XComArg.concat`. */
  | { kind: "concat"; items: InputSpec[] }
  /**
   * Every member of a list (or entry of an object, as a pair) goes through a function of the author, in the process of the task that takes it. `mapId` finds it in
   * the DAG file. A skip thrown by it drops the member: of a mapped task, it skips the instance. As Airflow's `XComArg.map`.
   */
  | { kind: "map"; input: InputSpec; mapId: string }
  /** What a mapped group got for this map index: one of the names of its mapping, or of its constants. Only in tasks of that group. */
  | { kind: "group_input"; groupId: string; name: string; path: string[] }
  /** In the body of a loop: the number of the iteration, from 0, or what `loop.resultTaskId` returned in the one before (null in the first). */
  | { kind: "loop_index"; groupId: string }
  | { kind: "loop_previous"; groupId: string; path: string[] };

/**
 * How a task is multiplied. `expand` is the cross product over the named inputs (each gives a list or an object), first name slowest, as Airflow's
 * `expand`. `order` has the names in the order the author wrote them: keys of a stored object have none. The length is known at load time when every
 * input is a constant.
 */
export type MappingSpec =
  | { kind: "expand"; order: string[]; inputs: Record<string, InputSpec> }
  /** One instance per member of a list of objects; each object gives named inputs. As Airflow's `expand_kwargs`. */
  | { kind: "expand_kwargs"; input: InputSpec };

/** Callbacks that a task may have. They are code of the author: the spec only tells that there are some, so that somebody runs them. */
export const TASK_CALLBACKS = ["execute", "success", "failure", "retry", "skipped"] as const;
export type TaskCallback = (typeof TASK_CALLBACKS)[number];

export const DAG_CALLBACKS = ["success", "failure"] as const;
export type DagCallback = (typeof DAG_CALLBACKS)[number];

/** How a sensor waits, as Airflow's BaseSensorOperator. */
export interface SensorSpec {
  /** `poke`: in its process, holding its slot. `reschedule`: the attempt ends between two pokes (`up_for_reschedule`) and holds nothing. */
  mode: "poke" | "reschedule";
  pokeIntervalMs: number;
  /** Counts from the first poke, over reschedules and retries. */
  timeoutMs: number;
  /** A timeout or a failure skips the task instead of failing it. */
  softFail: boolean;
}

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
  /** A task that never ran before does not wait for the past. Airflow's ignore_first_depends_on_past. */
  ignoreFirstDependsOnPast: boolean;
  /** What is to be skipped by its rule or a branch stays undecided until its past lets it run. Absent: it is skipped at once. Airflow's wait_for_past_depends_before_skipping. */
  waitForPastDependsBeforeSkipping?: boolean;
  isSetup: boolean;
  /** Its trigger rule is `all_done_setup_success`. */
  isTeardown: boolean;
  /** Of a teardown: the setups it undoes, sorted; they are among its upstreams. */
  setups: string[];
  /** Of a teardown: its failure fails the run, like any leaf's. */
  onFailureFailDagRun: boolean;
  sensor: SensorSpec | null;
  /** Which callbacks the author gave, in the order of `TASK_CALLBACKS`. */
  callbacks: TaskCallback[];
  /** `warm`: in a re-used child process; `process`: a fresh process for each attempt. */
  isolation: "warm" | "process";
  /** Memory limit of the child process; null: the runner's default. */
  memoryLimitMb: number | null;
  startDate: string | null;
  endDate: string | null;
  owner: string;
  doc: string | null;
}

/**
 * A group whose tasks run again and again, one iteration after the other, as Airflow's `task_group.loop`. The instances of iteration k have map index k, and depend on
 * instances of the same iteration only. The gate is the only leaf of the group.
 */
export interface LoopSpec {
  maxIterations: number;
  /** False: there is no `until`, and the body runs exactly `maxIterations` times; the gate is not executed. */
  hasUntil: boolean;
  /** The only task of the body that nothing but the gate comes after: its result is what `until` and the next iteration see. */
  resultTaskId: string;
  gateTaskId: string;
}

export interface TaskGroupSpec {
  groupId: string;
  displayName: string | null;
  parentId: string | null;
  tooltip: string;
  /** Named inputs for the tasks in it that are the same for every map index (see the input kind `group_input`). */
  inputs: Record<string, InputSpec>;
  /** Its tasks are multiplied together, depth first: instance i depends only on instance i of its siblings. */
  mapping: MappingSpec | null;
  loop: LoopSpec | null;
  /** How often the whole group is run again after it has ended with a failure. What is below it waits for the last try. */
  retries: number;
  retryDelayMs: number;
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
  /** Which callbacks the author gave, in the order of `DAG_CALLBACKS`. */
  callbacks: DagCallback[];
  /** null: the installation's default (`dags_are_paused_at_creation`). */
  isPausedUponCreation: boolean | null;
  /** The only types of runs it may have, in the order of `DAG_RUN_TYPES`. Absent: all. Airflow's allowed_run_types. */
  allowedRunTypes?: DagRunType[];
  params: Record<string, ParamSpec>;
  /** The names of `params` in the author's order, which canonical JSON does not keep. Absent: that order is the alphabetical one. See `paramsInOrder`. */
  paramOrder?: string[];
  groups: TaskGroupSpec[];
  tasks: TaskSpec[];
}
