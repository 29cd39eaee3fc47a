import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconCalendarClock,
  IconCheck,
  IconClock,
  IconHourglassHigh,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerSkipForward,
  IconStack2,
  IconTopologyStar3,
} from "@tabler/icons-react";

type Icon = typeof IconCheck;

/** `held`: somebody may have to do something. `waits`: it goes on by itself. `works`: it is at work. `failed`, `over`: it has ended. */
export type CauseTone = "held" | "waits" | "works" | "failed" | "over";

interface CauseLook {
  Icon: Icon;
  tone: CauseTone;
}

const WAITS: CauseLook = { Icon: IconHourglassHigh, tone: "waits" };
const HELD: CauseLook = { Icon: IconAlertTriangle, tone: "held" };
const FULL: CauseLook = { Icon: IconStack2, tone: "held" };
const OVER: CauseLook = { Icon: IconPlayerSkipForward, tone: "over" };

/** How each kind of cause looks; told by the sign too, so that nobody needs the colour. */
const LOOKS: Readonly<Record<string, CauseLook>> = {
  dag_stale: HELD,
  import_error: { ...HELD, tone: "failed" },
  dag_paused: { Icon: IconPlayerPause, tone: "held" },
  dag_draining: { Icon: IconPlayerPause, tone: "waits" },
  paused_by_failures: { Icon: IconPlayerPause, tone: "failed" },
  no_schedule: { Icon: IconCalendarClock, tone: "over" },
  scheduled_runs_not_allowed: { Icon: IconCalendarClock, tone: "over" },
  schedule_over: { Icon: IconCalendarClock, tone: "over" },
  start_date_in_future: { Icon: IconCalendarClock, tone: "waits" },
  next_run: { Icon: IconCalendarClock, tone: "waits" },
  run_due: { Icon: IconCalendarClock, tone: "waits" },
  max_active_runs: FULL,
  run_after: { Icon: IconClock, tone: "waits" },
  run_ended: OVER,
  no_instance: OVER,
  upstreams: { Icon: IconTopologyStar3, tone: "waits" },
  setups: { Icon: IconTopologyStar3, tone: "waits" },
  group_not_final: { Icon: IconTopologyStar3, tone: "waits" },
  mapped_list_missing: { Icon: IconTopologyStar3, tone: "waits" },
  group_retry: { Icon: IconArrowBackUp, tone: "waits" },
  retry_delay: { Icon: IconArrowBackUp, tone: "waits" },
  reschedule: { Icon: IconClock, tone: "waits" },
  depends_on_past: HELD,
  scheduler_not_alive: { ...HELD, tone: "failed" },
  max_active_tis_per_dagrun: FULL,
  max_active_tis_per_dag: FULL,
  max_active_tasks: FULL,
  pool_full: FULL,
  pool_too_small: { ...FULL, tone: "failed" },
  pool_missing: { ...HELD, tone: "failed" },
  executor_missing: { ...HELD, tone: "failed" },
  parallelism: FULL,
  no_worker: { ...HELD, tone: "failed" },
  workers_draining: HELD,
  workers_busy: FULL,
  silent: HELD,
  running: { Icon: IconPlayerPlay, tone: "works" },
  succeeded: { Icon: IconCheck, tone: "over" },
  failed: { Icon: IconAlertTriangle, tone: "failed" },
  upstream_failed: { Icon: IconAlertTriangle, tone: "failed" },
  run_timed_out: { Icon: IconClock, tone: "failed" },
  run_deadlocked: { Icon: IconAlertTriangle, tone: "failed" },
  skipped: OVER,
  branch_not_followed: OVER,
  removed: OVER,
  run_marked: OVER,
};

export function lookOfCause(code: string): CauseLook {
  return LOOKS[code] ?? WAITS;
}

const ENDS: ReadonlySet<string> = new Set([
  ...["succeeded", "failed", "upstream_failed", "skipped", "branch_not_followed", "removed"],
  ...["run_timed_out", "run_deadlocked", "run_marked", "run_ended", "schedule_over"],
]);

/** Whether a cause tells of an end, which was at an instant, and of nothing that goes on. */
export function isEnd(code: string): boolean {
  return ENDS.has(code);
}
