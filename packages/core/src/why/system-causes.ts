import { countOf, toAction, toCause } from "./causes.ts";
import type { WhyDag, WhySystem } from "./why-facts.ts";
import type { Cause } from "./why.ts";

/** Nothing is decided by time, started or dispatched while no scheduler lives. */
export function schedulerCause({ schedulers, lastSchedulerHeartbeatAt }: WhySystem): Cause[] {
  if (schedulers.length > 0) return [];
  const sentence =
    lastSchedulerHeartbeatAt === null ? "No scheduler is alive." : "No scheduler is alive: the last one has not been heard of for too long.";
  const unblock = "Start a scheduler (`tradewind scheduler`).";
  return [toCause("scheduler_not_alive", sentence, { since: lastSchedulerHeartbeatAt, unblock, action: toAction("open_jobs", "Show schedulers") })];
}

export function pausedCause({ dagId, isPaused, pausedBy }: WhyDag): Cause[] {
  if (!isPaused) return [];
  const rest = { since: pausedBy?.at ?? null, unblock: "Unpause the DAG.", action: toAction("unpause_dag", "Unpause", { dagId }) };
  if (pausedBy?.reason != null) {
    return [toCause("paused_by_failures", `DAG "${dagId}" was paused by the scheduler: ${pausedBy.reason}.`, rest)];
  }
  if (pausedBy?.hasDrained === true)
    return [toCause("dag_paused", `DAG "${dagId}" has paused itself: it was draining, and its runs have ended.`, rest)];
  return [toCause("dag_paused", `DAG "${dagId}" is paused${pausedBy === null ? "" : `, by ${pausedBy.name}`}.`, rest)];
}

/** "Draining: no new scheduled runs, unfinished runs finish, then the Dag pauses itself." */
export function drainingCause({ dagId, isDraining, runningCount, queuedCount }: WhyDag): Cause[] {
  if (!isDraining) return [];
  const left = runningCount + queuedCount;
  const sentence = `DAG "${dagId}" is draining: its schedule makes no more runs, and it pauses itself when its ${countOf(left, "unfinished run")} ${left === 1 ? "has" : "have"} ended.`;
  return [toCause("dag_draining", sentence, { unblock: "Turn the DAG on again.", action: toAction("unpause_dag", "Turn on", { dagId }) })];
}

/** As many runs are running as `max_active_runs` allows. */
export function maxActiveRunsCause(
  { dagId, maxActiveRuns, runningRuns, runningCount, queuedCount }: WhyDag,
  { withQueued }: { withQueued: boolean },
): Cause {
  const names = runningRuns.map((run) => run.runId);
  const running = `${countOf(runningCount, "run")} ${runningCount === 1 ? "is" : "are"} running`;
  const queued = withQueued && queuedCount > 0 ? `, ${queuedCount} queued` : "";
  const which = names.length === 0 ? "" : ` (${names.join(", ")}${runningCount > names.length ? ` and ${runningCount - names.length} more` : ""})`;
  return toCause("max_active_runs", `The limit max_active_runs (${maxActiveRuns}) of DAG "${dagId}" is reached: ${running}${queued}${which}.`, {
    unblock: "One of them has to end, or max_active_runs of the DAG has to be raised.",
    action: toAction("open_dag", "Show the runs", { dagId }),
    named: runningRuns.map((run) => ({ dagId, runId: run.runId, taskId: null, mapIndex: null, state: "running" })),
  });
}
