import type { DagRunType, Duration } from "@tradewind/core";
import type { DagCallbackFunction } from "./callback-options.ts";
import type { Instant } from "./instant.ts";
import type { ParamDefinitions } from "./params.ts";
import type { Schedule } from "./schedule.ts";
import type { TaskOptions } from "./task-options.ts";

/**
 * What a DAG is, apart from its tasks. Names and defaults are Airflow's.
 *
 * @example
 * new Dag("daily_sales", { schedule: cron("0 6 * * *"), startDate: "2026-01-01", catchup: false, tags: ["sales"] });
 */
export interface DagOptions<P extends ParamDefinitions = ParamDefinitions> {
  /** When it runs. Default null: only by hand or by the API. */
  schedule?: Schedule;
  /** The first logical date. Default: none. */
  startDate?: Instant;
  /** The last logical date, inclusive. Default: none. */
  endDate?: Instant;
  /** Make the runs between `startDate` and now that were missed. Default: what the installation says (`scheduler.catchupByDefault`), else false. */
  catchup?: boolean;
  /** IANA zone for cron lines and for dates without an offset. Default: what the installation says (`dags.defaultTimezone`), else `"UTC"`. */
  timezone?: string;
  /** Shown to people instead of the id. */
  displayName?: string;
  /** One line. */
  description?: string;
  /** Markdown. */
  doc?: string;
  /** Default `"tradewind"`. */
  owner?: string;
  tags?: readonly string[];
  /** At most so many runs at a time. Default: what the installation says (`dags.maxActiveRuns`), else 16. */
  maxActiveRuns?: number;
  /** At most so many live tasks in one run. Default: what the installation says (`dags.maxActiveTasks`), else 16. */
  maxActiveTasks?: number;
  /** A run that takes longer, from its start, fails. Default: none. */
  dagrunTimeout?: Duration;
  /** The DAG is paused after so many failed runs in a row. Default: what the installation says (`dags.maxConsecutiveFailedDagRuns`), else 0: never. */
  maxConsecutiveFailedDagRuns?: number;
  /** The first task that fails for good ends the run. All tasks must then have the trigger rule `all_success`. Default false. */
  failFast?: boolean;
  /** Default: what the installation says. */
  isPausedUponCreation?: boolean;
  /**
   * The only types of runs it may have: `"scheduled"`, `"manual"` (by people and the API), `"operator_triggered"` (by a task), `"backfill"`, `"asset_triggered"`,
   * `"asset_materialization"`. Asking for another one is refused; without `"scheduled"` its schedule makes none. Default: all. Airflow's `allowed_run_types`.
   * @example
   * new Dag("payroll", { schedule: "@monthly", allowedRunTypes: ["scheduled", "backfill"] });
   */
  allowedRunTypes?: readonly DagRunType[];
  /** Values a run can be given; see `ParamDefinition`. */
  params?: P;
  /** Called when a run has succeeded: a function, or a list of them. Airflow's `on_success_callback` of a DAG. */
  onSuccess?: DagCallbackFunction | readonly DagCallbackFunction[];
  /** Called when a run has failed, by its tasks, by its timeout or by a deadlock. Airflow's `on_failure_callback` of a DAG. */
  onFailure?: DagCallbackFunction | readonly DagCallbackFunction[];
  /** Options for all tasks of the DAG that do not say otherwise, callbacks too. */
  defaultArgs?: TaskOptions;
}
