import { nearestName, type TriggerRule, type WeightRule } from "@tradewind/core";
import type { DagOptions } from "../dag-options.ts";
import { definitionError } from "../definition-error.ts";
import type { TaskOptions as OwnTaskOptions } from "../task-options.ts";

/** Options of a DAG, under the names and in the units of Airflow's TypeScript SDK: durations are seconds. */
export interface DagSpec {
  /** A cron line, a preset, `"@once"` or `"@continuous"`, read in UTC. */
  readonly schedule?: string;
  readonly description?: string;
  readonly startDate?: Date;
  readonly endDate?: Date;
  readonly tags?: readonly string[];
  readonly dagDisplayName?: string;
  readonly docMd?: string;
  readonly maxActiveTasks?: number;
  readonly maxActiveRuns?: number;
  readonly maxConsecutiveFailedDagRuns?: number;
  /** Seconds. */
  readonly dagrunTimeout?: number;
  readonly catchup?: boolean;
  readonly failFast?: boolean;
  /** A template that is one expression gives its value, and not its text. */
  readonly renderTemplateAsNativeObj?: boolean;
  /** Without effect: each run is pinned to the version it began with. */
  readonly disableBundleVersioning?: boolean;
  readonly isPausedUponCreation?: boolean;
  /** Of all tasks that name none. Airflow routes tasks to Node by it; a queue that this installation does not have is the default one. */
  readonly queue?: string;
}

/** Options of a task, under the names and in the units of Airflow's TypeScript SDK: durations are seconds. */
export interface TaskSpec {
  /** For a handler whose name is not its id. */
  readonly taskId?: string;
  readonly owner?: string;
  readonly startDate?: Date;
  readonly endDate?: Date;
  readonly triggerRule?: string;
  readonly dependsOnPast?: boolean;
  readonly ignoreFirstDependsOnPast?: boolean;
  /** Only false. */
  readonly waitForPastDependsBeforeSkipping?: boolean;
  readonly waitForDownstream?: boolean;
  readonly retries?: number;
  readonly queue?: string;
  readonly pool?: string;
  readonly poolSlots?: number;
  /** Seconds. */
  readonly executionTimeout?: number;
  /** Seconds. */
  readonly retryDelay?: number;
  readonly retryExponentialBackoff?: number;
  /** Seconds. */
  readonly maxRetryDelay?: number;
  readonly priorityWeight?: number;
  readonly weightRule?: string;
  readonly executor?: string;
  /** False: the result is not kept. */
  readonly doXcomPush?: boolean;
  /** Without effect: Tradewind has no result of a run. */
  readonly returnsDagResult?: boolean;
  /** Without effect, as in Airflow for a task that has no address: use a callback. */
  readonly emailOnFailure?: boolean;
  readonly emailOnRetry?: boolean;
  readonly docMd?: string;
  readonly mapIndexTemplate?: string;
  readonly maxActiveTisPerDag?: number;
  readonly maxActiveTisPerDagrun?: number;
}

/** What follows a task's handler. */
export type TaskOptions = TaskSpec;

const seconds = (value: number | undefined) => (typeof value === "number" ? value * 1000 : value);

type Translation<Given, Own> = { [Name in keyof Required<Given>]: ((value: NonNullable<Given[Name]>) => Partial<Own>) | null };

/** null: accepted, and read elsewhere or without effect. */
const DAG_OPTIONS: Translation<DagSpec, DagOptions> = {
  schedule: (schedule) => ({ schedule }),
  description: (description) => ({ description }),
  startDate: (startDate) => ({ startDate }),
  endDate: (endDate) => ({ endDate }),
  tags: (tags) => ({ tags }),
  dagDisplayName: (displayName) => ({ displayName }),
  docMd: (doc) => ({ doc }),
  maxActiveTasks: (maxActiveTasks) => ({ maxActiveTasks }),
  maxActiveRuns: (maxActiveRuns) => ({ maxActiveRuns }),
  maxConsecutiveFailedDagRuns: (count) => ({ maxConsecutiveFailedDagRuns: count }),
  dagrunTimeout: (timeout) => ({ dagrunTimeout: seconds(timeout)! }),
  catchup: (catchup) => ({ catchup }),
  failFast: (failFast) => ({ failFast }),
  isPausedUponCreation: (isPausedUponCreation) => ({ isPausedUponCreation }),
  queue: (queue) => ({ defaultArgs: { queue } }),
  renderTemplateAsNativeObj: null,
  disableBundleVersioning: null,
};

const TASK_OPTIONS: Translation<TaskSpec, OwnTaskOptions> = {
  owner: (owner) => ({ owner }),
  startDate: (startDate) => ({ startDate }),
  endDate: (endDate) => ({ endDate }),
  triggerRule: (rule) => ({ triggerRule: rule as TriggerRule }),
  dependsOnPast: (dependsOnPast) => ({ dependsOnPast }),
  ignoreFirstDependsOnPast: (ignoreFirstDependsOnPast) => ({ ignoreFirstDependsOnPast }),
  waitForDownstream: (waitForDownstream) => ({ waitForDownstream }),
  waitForPastDependsBeforeSkipping: (waitForPastDependsBeforeSkipping) => ({ waitForPastDependsBeforeSkipping }),
  retries: (retries) => ({ retries }),
  queue: (queue) => ({ queue }),
  pool: (pool) => ({ pool }),
  poolSlots: (poolSlots) => ({ poolSlots }),
  executionTimeout: (timeout) => ({ executionTimeout: seconds(timeout)! }),
  retryDelay: (delay) => ({ retryDelay: seconds(delay)! }),
  retryExponentialBackoff: (retryExponentialBackoff) => ({ retryExponentialBackoff }),
  maxRetryDelay: (delay) => ({ maxRetryDelay: seconds(delay)! }),
  priorityWeight: (priorityWeight) => ({ priorityWeight }),
  weightRule: (rule) => ({ weightRule: rule as WeightRule }),
  executor: (executor) => ({ executor }),
  docMd: (doc) => ({ doc }),
  mapIndexTemplate: null,
  maxActiveTisPerDag: (maxActiveTisPerDag) => ({ maxActiveTisPerDag }),
  maxActiveTisPerDagrun: (maxActiveTisPerDagrun) => ({ maxActiveTisPerDagrun }),
  taskId: null,
  doXcomPush: null,
  returnsDagResult: null,
  emailOnFailure: null,
  emailOnRetry: null,
};

/**
 * The same options under Tradewind's names.
 * @throws TradewindError `invalid_dag` for an option that Airflow's SDK does not have
 */
export function readDagSpec(dagId: string, spec: DagSpec): DagOptions {
  // Airflow reads cron lines in UTC, whatever the installation's zone is.
  return { timezone: "UTC", ...translated(spec, DAG_OPTIONS, `DAG "${dagId}"`, { dagId }) };
}

export function readTaskSpec(dagId: string, taskId: string, spec: TaskSpec): OwnTaskOptions {
  return translated(spec, TASK_OPTIONS, `task "${taskId}" in DAG "${dagId}"`, { dagId, taskId });
}

function translated<Given extends object, Own extends object>(
  given: Given,
  table: Translation<Given, Own>,
  whose: string,
  facts: { dagId: string; taskId?: string },
): Own {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw definitionError(`The options of ${whose} are no object. Write { retries: 2 }.`, facts);
  const own = {};
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(table, name)) {
      throw definitionError(
        `Option "${name}" of ${whose} is none of Airflow's TypeScript SDK${didYouMean(name, Object.keys(table))} Known are ${Object.keys(table).join(", ")}. For options of Tradewind import Dag from "tradewind".`,
        facts,
      );
    }
    const translate = table[name as keyof Given] as ((value: unknown) => Partial<Own>) | null;
    if (translate !== null && value !== undefined && value !== null) Object.assign(own, translate(value));
  }
  return own as Own;
}

function didYouMean(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? "." : `; did you mean "${nearest}"?`;
}
