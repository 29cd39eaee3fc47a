import {
  type Duration,
  type Json,
  nearestName,
  parseDuration,
  type TaskCallback,
  type TaskSpec,
  TRIGGER_RULES,
  type TriggerRule,
  WEIGHT_RULES,
  type WeightRule,
} from "@tradewind/core";
import { callbackProblem, TASK_CALLBACK_OPTIONS, type TaskCallbackFunction, taskCallbacksIn } from "./callback-options.ts";
import { definitionError, nearestAndAll, show } from "./definition-error.ts";
import type { TemplateContext } from "./operator.ts";
import { type RetryPolicy, retryPolicyProblem } from "./retry-policy.ts";
import { type Instant, readInstant } from "./instant.ts";

/**
 * How a task is scheduled and run. May be set for a whole DAG or a group by `defaultArgs`; the nearest one wins. Names and defaults are Airflow's.
 * Durations are `"30s"`, `"5m"`, milliseconds as a number, or `{ hours: 1 }`.
 *
 * @example
 * dag.task("load", load, { retries: 3, retryDelay: "30s", pool: "warehouse", executionTimeout: "10m" });
 */
export interface TaskOptions<Inputs = Record<string, Json>, Result = Json> {
  /** Shown to people instead of the id. */
  displayName?: string;
  /** Markdown, shown with the task. */
  doc?: string;
  /** Default: the DAG's owner. */
  owner?: string;
  /** How often a failed try is repeated. Default: what the installation says (`dags.defaultTaskRetries`), else 0. */
  retries?: number;
  /** Time between the end of a failed try and the next one. Default: what the installation says (`dags.defaultTaskRetryDelaySeconds`), else `"5m"`. */
  retryDelay?: Duration;
  /** The delay is multiplied by this per try, with jitter; `true` is 2. Default 0: always the same delay. */
  retryExponentialBackoff?: number | boolean;
  /** The longest delay between tries. Default: none but the installation's (24 h). */
  maxRetryDelay?: Duration;
  /** Wall time of one try; after it the try is stopped and counts as failed. Default: what the installation says (`dags.defaultTaskExecutionTimeoutSeconds`), else none. */
  executionTimeout?: Duration;
  /** When the task may run, judged by how its upstreams ended. Default `"all_success"`. Joins after a branch want `"none_failed_min_one_success"`. */
  triggerRule?: TriggerRule;
  /** The pool whose slots the task takes. Default `"default_pool"`. */
  pool?: string;
  /** How many slots of the pool one instance takes. Default 1. */
  poolSlots?: number;
  /** The higher, the earlier among waiting tasks. Default 1. */
  priorityWeight?: number;
  /** How the weights of other tasks add to this one's. Default: what the installation says (`dags.defaultTaskWeightRule`), else `"downstream"`: its own and those of all tasks below. */
  weightRule?: WeightRule;
  /** Routes the task to workers that serve this queue. Default `"default"`. */
  queue?: string;
  /** The executor to run on, of those configured. Default: by the queue, or the first. */
  executor?: string;
  /** At most so many live instances of this task over all runs. Default: no limit. */
  maxActiveTisPerDag?: number;
  /** At most so many live instances of this task in one run (for mapped tasks). Default: no limit. */
  maxActiveTisPerDagrun?: number;
  /** Wait until this task ended well in the run before. Default false. */
  dependsOnPast?: boolean;
  /** Also wait for the direct downstreams of this task in the run before. Implies `dependsOnPast`. Default false. */
  waitForDownstream?: boolean;
  /** With `dependsOnPast`: a task that never ran before does not wait for the past. Default: what the installation says (`scheduler.ignoreFirstDependsOnPastByDefault`), else true. Airflow's `ignore_first_depends_on_past`. */
  ignoreFirstDependsOnPast?: boolean;
  /**
   * With `dependsOnPast`: when a trigger rule, a branch or a skipped input is to skip the task, it waits until it would be let run by its past, and is skipped then. So it can't get ahead of an
   * earlier run that is still open. Default false: it is skipped at once. Airflow's `wait_for_past_depends_before_skipping`.
   * @example
   * dag.task("close_month", close, { dependsOnPast: true, waitForPastDependsBeforeSkipping: true });
   */
  waitForPastDependsBeforeSkipping?: boolean;
  /**
   * What an error means for the retries: rules in order, the first that fits decides. It can end the tries early or change a delay, never add tries. Default: each error is tried again as
   * `retries` and `retryDelay` say. Airflow's `retry_policy`.
   * @example
   * retryPolicy: [{ code: "ECONNRESET", action: "retry", delay: "5s" }, { error: TypeError, action: "fail", reason: "a mistake in the code" }]
   */
  retryPolicy?: RetryPolicy;
  /** Asked before the handler: when it gives true, or a text (the reason), the task is skipped. Airflow's `@task.skip_if`. */
  skipIf?(this: void, context: TemplateContext<Inputs>): boolean | string | Promise<boolean | string>;
  /** Asked before the handler: when it gives false, the task is skipped. Airflow's `@task.run_if`. */
  runIf?(this: void, context: TemplateContext<Inputs>): boolean | Promise<boolean>;
  /**
   * Of a mapped task: makes a label for each instance, which people see in place of its index. Called when the handler has ended; without a result when it failed. Airflow's `map_index_template`.
   * @example
   * dag.task("load", load, { mapIndexTemplate: ({ inputs }) => inputs.file });
   */
  mapIndexTemplate?(this: void, context: TemplateContext<Inputs> & { result: Result | undefined }): string | number | Promise<string | number>;
  /** Called before the handler. Callbacks are functions, or lists of them; what they throw is logged and changes nothing. Airflow's `on_execute_callback`. */
  onExecute?: TaskCallbackFunction | readonly TaskCallbackFunction[];
  /** Called when the task has succeeded. Airflow's `on_success_callback`. */
  onSuccess?: TaskCallbackFunction | readonly TaskCallbackFunction[];
  /** Called when the task has failed for good. Airflow's `on_failure_callback`. */
  onFailure?: TaskCallbackFunction | readonly TaskCallbackFunction[];
  /** Called when a try has failed and another one follows. Airflow's `on_retry_callback`. */
  onRetry?: TaskCallbackFunction | readonly TaskCallbackFunction[];
  /** Called when the task has skipped itself (`SkipTask`, `skipIf`, `runIf`); not when its upstreams or a branch skipped it. Airflow's `on_skipped_callback`. */
  onSkipped?: TaskCallbackFunction | readonly TaskCallbackFunction[];
  /** `"warm"`: in a child process that is used again; `"process"`: a fresh process for each try. Default `"warm"`. */
  isolation?: "warm" | "process";
  /** Memory limit of the child process in MiB. Default: the runner's. */
  memoryLimitMb?: number;
  /** First logical date with this task. Default: the DAG's. */
  startDate?: Instant;
  /** Last logical date with this task. Default: the DAG's. */
  endDate?: Instant;
}

type TaskSettings = Omit<
  TaskSpec,
  | "taskId"
  | "operator"
  | "kind"
  | "respectDownstreamRules"
  | "groupId"
  | "upstream"
  | "inputs"
  | "mapping"
  | "isSetup"
  | "isTeardown"
  | "setups"
  | "onFailureFailDagRun"
  | "sensor"
>;

/** The later ones win, except where they say `undefined`. */
export function mergeTaskOptions(...layers: TaskOptions[]): TaskOptions {
  const merged: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) if (value !== undefined) merged[name] = value;
  }
  return merged;
}

interface Place {
  dagId: string;
  taskId: string;
  site: Error;
}

/** What a task has of its DAG and of the installation, where neither it nor a `defaultArgs` says otherwise. */
export interface TaskDefaults {
  owner: string;
  timezone: string;
  retries: number;
  retryDelayMs: number;
  executionTimeoutMs: number | null;
  weightRule: WeightRule;
  ignoreFirstDependsOnPast: boolean;
  /** What the installation has; null, or absent: not known. */
  executors?: readonly string[] | null;
  queues?: readonly string[] | null;
}

/** Fills in the defaults and checks every option. */
export function readTaskOptions(options: TaskOptions, defaults: TaskDefaults, place: Place): TaskSettings {
  const check = new OptionReader(options, place);
  const waitForDownstream = check.boolean("waitForDownstream", false);
  return {
    displayName: check.text("displayName") ?? null,
    triggerRule: check.oneOf("triggerRule", TRIGGER_RULES, "all_success"),
    retries: check.integer("retries", defaults.retries, 0),
    retryDelayMs: check.duration("retryDelay") ?? defaults.retryDelayMs,
    retryBackoff: check.backoff(),
    maxRetryDelayMs: check.duration("maxRetryDelay"),
    executionTimeoutMs: check.positiveDuration("executionTimeout") ?? defaults.executionTimeoutMs,
    pool: check.text("pool") ?? "default_pool",
    poolSlots: check.integer("poolSlots", 1, 1),
    priorityWeight: check.integer("priorityWeight", 1, Number.NEGATIVE_INFINITY),
    weightRule: check.oneOf("weightRule", WEIGHT_RULES, defaults.weightRule),
    queue: check.known("queue", "task queues", "dags.allowedQueues", defaults.queues) ?? "default",
    executor: check.known("executor", "executors", "executors", defaults.executors) ?? null,
    maxActiveTisPerDag: check.optionalInteger("maxActiveTisPerDag", 1),
    maxActiveTisPerDagrun: check.optionalInteger("maxActiveTisPerDagrun", 1),
    dependsOnPast: check.boolean("dependsOnPast", false) || waitForDownstream,
    waitForDownstream,
    ignoreFirstDependsOnPast: check.boolean("ignoreFirstDependsOnPast", defaults.ignoreFirstDependsOnPast),
    ...(check.boolean("waitForPastDependsBeforeSkipping", false) && { waitForPastDependsBeforeSkipping: true }),
    callbacks: check.callbacks(),
    isolation: check.oneOf("isolation", ["warm", "process"], "warm"),
    memoryLimitMb: check.optionalInteger("memoryLimitMb", 1),
    startDate: check.instant("startDate", defaults.timezone),
    endDate: check.instant("endDate", defaults.timezone),
    owner: check.text("owner") ?? defaults.owner,
    doc: check.text("doc") ?? null,
  };
}

class OptionReader {
  readonly #options: TaskOptions;
  readonly #place: Place;

  constructor(options: TaskOptions, place: Place) {
    this.#options = options;
    this.#place = place;
    const unknown = Object.keys(options).find((name) => !KNOWN_OPTIONS.has(name));
    if (unknown !== undefined) throw this.#wrong(unknown, `is not an option of a task${nearestAndAll(unknown, [...KNOWN_OPTIONS])}`);
  }

  text(name: keyof TaskOptions): string | undefined {
    const value = this.#options[name];
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    throw this.#wrong(name, "must be a text that is not empty");
  }

  /** A name that the installation has to know, or the task would wait for ever. */
  known(name: keyof TaskOptions, what: string, configKey: string, names: readonly string[] | null | undefined): string | undefined {
    const value = this.text(name);
    if (value === undefined || names == null || names.includes(value)) return value;
    const nearest = nearestName(value, names);
    const remedy = nearest === undefined ? `. The configuration names them in \`${configKey}\`` : `; did you mean "${nearest}"?`;
    throw this.#wrong(name, `is not one of the ${what} of this installation, which are ${names.join(", ")}${remedy}`);
  }

  boolean(name: keyof TaskOptions, fallback: boolean): boolean {
    const value = this.#options[name] ?? fallback;
    if (typeof value === "boolean") return value;
    throw this.#wrong(name, "must be true or false");
  }

  optionalInteger(name: keyof TaskOptions, least: number): number | null {
    return this.#options[name] === undefined ? null : this.integer(name, least, least);
  }

  integer(name: keyof TaskOptions, fallback: number, least: number): number {
    const value = this.#options[name] ?? fallback;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
    throw this.#wrong(name, least === Number.NEGATIVE_INFINITY ? "must be a whole number" : `must be a whole number of ${least} or more`);
  }

  oneOf<const T extends string>(name: keyof TaskOptions, allowed: readonly T[], fallback: T): T {
    const value = this.#options[name] ?? fallback;
    if ((allowed as readonly unknown[]).includes(value)) return value as T;
    const nearest = typeof value === "string" ? nearestName(value, allowed) : undefined;
    throw this.#wrong(name, `must be one of ${allowed.join(", ")}${nearest === undefined ? "" : `; did you mean "${nearest}"?`}`);
  }

  duration(name: keyof TaskOptions): number | null {
    const value = this.#options[name];
    return value === undefined ? null : parseDuration(value as Duration, `${name} of task "${this.#place.taskId}" in DAG "${this.#place.dagId}"`);
  }

  positiveDuration(name: keyof TaskOptions): number | null {
    const ms = this.duration(name);
    if (ms === 0) throw this.#wrong(name, "must be longer than zero; leave it out for no limit");
    return ms;
  }

  /** Checks what is code of the author, and tells which callbacks there are. */
  callbacks(): TaskCallback[] {
    for (const name of TASK_CALLBACK_OPTIONS) this.#check(name, callbackProblem);
    for (const name of ["skipIf", "runIf", "mapIndexTemplate"] as const) {
      this.#check(name, (value) => (typeof value === "function" ? null : "must be a function"));
    }
    this.#check("retryPolicy", retryPolicyProblem);
    return taskCallbacksIn(this.#options);
  }

  #check(name: keyof TaskOptions, problemOf: (value: unknown) => string | null): void {
    const value: unknown = this.#options[name];
    const problem = value === undefined ? null : problemOf(value);
    if (problem !== null) throw this.#wrong(name, problem);
  }

  backoff(): number {
    const value = this.#options.retryExponentialBackoff ?? 0;
    if (typeof value === "boolean") return value ? 2 : 0;
    if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
    throw this.#wrong("retryExponentialBackoff", "must be true, false, or a number of zero or more");
  }

  instant(name: keyof TaskOptions, timezone: string): string | null {
    const value = this.#options[name];
    return value === undefined
      ? null
      : readInstant(value as Instant, timezone, `${name} of task "${this.#place.taskId}" in DAG "${this.#place.dagId}"`);
  }

  #wrong(name: string, why: string): Error {
    const { dagId, taskId, site } = this.#place;
    const found = (this.#options as Record<string, unknown>)[name];
    return definitionError(`Option "${name}" of task "${taskId}" in DAG "${dagId}" is ${show(found)}: it ${why}${/[?]$/.test(why) ? "" : "."}`, {
      dagId,
      taskId,
      site,
    });
  }
}

const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof TaskOptions>([
  "displayName",
  "doc",
  "owner",
  "retries",
  "retryDelay",
  "retryExponentialBackoff",
  "maxRetryDelay",
  "executionTimeout",
  "triggerRule",
  "pool",
  "poolSlots",
  "priorityWeight",
  "weightRule",
  "queue",
  "executor",
  "maxActiveTisPerDag",
  "maxActiveTisPerDagrun",
  "dependsOnPast",
  "waitForDownstream",
  "ignoreFirstDependsOnPast",
  "waitForPastDependsBeforeSkipping",
  "retryPolicy",
  "skipIf",
  "runIf",
  "mapIndexTemplate",
  ...TASK_CALLBACK_OPTIONS,
  "isolation",
  "memoryLimitMb",
  "startDate",
  "endDate",
]);
