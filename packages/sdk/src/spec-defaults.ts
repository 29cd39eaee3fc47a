import type { WeightRule } from "@tradewind/core";

/**
 * What a DAG and its tasks are where their author says nothing: the installation's configuration. They become part of the DAG spec, so with other defaults the same
 * file gives another spec, and its DAGs a new version.
 *
 * `defaultArgs` and the options of a DAG, group or task all win over these. `executors` and `queues` are no defaults but what there is: a task that names another one could never run, and
 * its DAG is refused.
 *
 * @example
 * toSpec(dag, { ...SPEC_DEFAULTS, timezone: "Europe/Madrid", retries: 2 });
 */
export interface SpecDefaults {
  /** IANA zone of schedules and dates that name none. Default `"UTC"`. Airflow's `core.default_timezone`. */
  timezone: string;
  /** Whether a DAG makes up the runs it missed. Default false. Airflow's `scheduler.catchup_by_default`. */
  catchup: boolean;
  /** Runs of a DAG at a time, 1 or more; a continuous DAG has one all the same. Default 16. Airflow's `core.max_active_runs_per_dag`. */
  maxActiveRuns: number;
  /** Live tasks in one run, 1 or more. Default 16. Airflow's `core.max_active_tasks_per_dag`. */
  maxActiveTasks: number;
  /** How often a failed try is repeated, 0 or more. Default 0. Airflow's `core.default_task_retries`. */
  retries: number;
  /** Time between the end of a failed try and the next one, in whole milliseconds. Default 300 000. Airflow's `core.default_task_retry_delay`. */
  retryDelayMs: number;
  /** Wall time of one try, in whole milliseconds, 1 or more; null: no limit. Default null. Airflow's `core.default_task_execution_timeout`. */
  executionTimeoutMs: number | null;
  /** How the weights of other tasks add to a task's own. Default `"downstream"`. Airflow's `core.default_task_weight_rule`. */
  weightRule: WeightRule;
  /** Whether a task that never ran before does not wait for the past. Default true. Airflow's `scheduler.ignore_first_depends_on_past_by_default`. */
  ignoreFirstDependsOnPast: boolean;
  /** A DAG is paused after so many failed runs in a row; 0: never. Default 0. Airflow's `core.max_consecutive_failed_dag_runs_per_dag`. */
  maxConsecutiveFailedDagRuns: number;
  /** Executors that a task may name. Default: any, since nothing is known of the installation. */
  executors?: readonly string[] | null;
  /** Queues that a task may name. Default: any. */
  queues?: readonly string[] | null;
}

/** An installation that configures nothing. */
export const SPEC_DEFAULTS: SpecDefaults = {
  timezone: "UTC",
  catchup: false,
  maxActiveRuns: 16,
  maxActiveTasks: 16,
  retries: 0,
  retryDelayMs: 300_000,
  executionTimeoutMs: null,
  weightRule: "downstream",
  ignoreFirstDependsOnPast: true,
  maxConsecutiveFailedDagRuns: 0,
  executors: null,
  queues: null,
};
