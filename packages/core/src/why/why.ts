import type { MaybeState } from "../state-transitions.ts";
import type { DagRunState } from "../states.ts";

/** What keeps something from going on, or made it end as it did. Codes are stable: programs may go by them. */
export const WHY_CODES = [
  // A DAG has no (new) run.
  "dag_stale",
  "import_error",
  "dag_paused",
  "dag_draining",
  "paused_by_failures",
  "no_schedule",
  "scheduled_runs_not_allowed",
  "schedule_over",
  "start_date_in_future",
  "next_run",
  "run_due",
  "max_active_runs",
  // A run does not start.
  "run_after",
  "run_ready",
  "run_queued",
  "run_ended",
  // A task instance is not decided about.
  "no_instance",
  "upstreams",
  "setups",
  "group_not_final",
  "group_retry",
  "mapped_list_missing",
  "depends_on_past",
  "about_to_be_decided",
  // It may run, and is not dispatched.
  "scheduler_not_alive",
  "previous_attempt_stopping",
  "max_active_tis_per_dagrun",
  "max_active_tis_per_dag",
  "max_active_tasks",
  "pool_full",
  "pool_too_small",
  "pool_missing",
  "executor_missing",
  "parallelism",
  "ready_for_dispatch",
  // It was given to an executor, and does not run.
  "no_worker",
  "workers_draining",
  "workers_busy",
  "queued_at_executor",
  // It waits between two attempts.
  "retry_delay",
  "reschedule",
  "deferred",
  "awaiting_input",
  "restarting",
  // It is at work.
  "running",
  "silent",
  "stopping",
  // It has ended.
  "succeeded",
  "failed",
  "upstream_failed",
  "skipped",
  "branch_not_followed",
  "removed",
  "run_timed_out",
  "run_deadlocked",
  "run_marked",
] as const;
export type WhyCode = (typeof WHY_CODES)[number];

/** What a person can do about a cause. What each means is for whoever shows it: a command, a link, a button. */
export const WHY_ACTIONS = [
  "unpause_dag",
  "trigger_dag",
  "edit_pool",
  "create_pool",
  "clear_task",
  "open_task",
  "open_run",
  "open_dag",
  "open_workers",
  "open_import_errors",
  "open_jobs",
] as const;
export type WhyActionId = (typeof WHY_ACTIONS)[number];

/** Something that is named: a DAG; a run of it; an instance of a task in it. */
export interface WhySubject {
  dagId: string;
  runId: string | null;
  taskId: string | null;
  /** Null where there is no task instance. */
  mapIndex: number | null;
  state: MaybeState | DagRunState;
}

export interface WhyAction {
  id: WhyActionId;
  /** For a button: "Unpause". */
  label: string;
  dagId: string | null;
  runId: string | null;
  taskId: string | null;
  mapIndex: number | null;
  pool: string | null;
}

export interface Cause {
  code: WhyCode;
  /** One sentence for people, about `about`. Names no distance in time: `at` and `since` do. */
  sentence: string;
  /** What would set it free; null: nothing has to be done, or nothing can. */
  unblock: string | null;
  action: WhyAction | null;
  /** When it is over, or something happens about it, as far as that is known. */
  at: Date | null;
  /** Since when it is so. */
  since: Date | null;
  /** What it is about; null: what was asked about. */
  about: WhySubject | null;
  /** How many alike this stands for, `about` among them: instances of one mapped task, for example. */
  count: number;
  /** What the sentence names: who holds the slots, which upstreams are not done. At most `MOST_NAMED`. */
  named: WhySubject[];
  /** Why that is so. */
  because: Cause[];
}

/** How many things one cause names at most, and how many deeper causes it has at most. */
export const MOST_NAMED = 5;

/** `waiting`: it may go on later. `running`: it is at work. `ended`: it goes on only when somebody asks for it. */
export type WhyStatus = "waiting" | "running" | "ended";

/** The answer to "why is this not running?" */
export interface Why {
  subject: WhySubject;
  status: WhyStatus;
  /** The first cause and the one at the root of it, in one line. */
  summary: string;
  /** All that holds it, what to look at first before the rest. Never empty. */
  causes: Cause[];
}
