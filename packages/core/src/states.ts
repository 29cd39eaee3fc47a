/**
 * The words for where a task instance and a DAG run stand. They are Airflow's, in the same spelling, from the SQL column to the label on screen.
 *
 * A task instance that nothing was decided about yet has no state: `null`, in SQL and in JSON.
 */
export const TASK_INSTANCE_STATES = [
  "scheduled",
  "queued",
  "running",
  "restarting",
  "up_for_retry",
  "up_for_reschedule",
  "deferred",
  "awaiting_input",
  "success",
  "failed",
  "skipped",
  "upstream_failed",
  "removed",
] as const;

export type TaskInstanceState = (typeof TASK_INSTANCE_STATES)[number];

/** The states a task instance leaves only by being cleared or set by a person. */
export const TERMINAL_STATES = ["success", "failed", "skipped", "upstream_failed", "removed"] as const satisfies readonly TaskInstanceState[];
export type TerminalState = (typeof TERMINAL_STATES)[number];

export const DAG_RUN_STATES = ["queued", "running", "success", "failed"] as const;
export type DagRunState = (typeof DAG_RUN_STATES)[number];

export const DAG_RUN_TYPES = ["scheduled", "manual", "backfill", "asset_triggered", "asset_materialization", "operator_triggered"] as const;
export type DagRunType = (typeof DAG_RUN_TYPES)[number];
