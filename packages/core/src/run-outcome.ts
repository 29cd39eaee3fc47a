import type { DagGraph } from "./dag-graph.ts";
import { isFailed, isTerminal, type MaybeState } from "./state-transitions.ts";
import type { DagRunState } from "./states.ts";
import type { TriggerRuleVerdict } from "./trigger-rule.ts";

/** What a run's outcome is decided by. Kept as counters on the run, so that the end of a task decides it in constant time. */
export interface RunOutcomeCounts {
  /** Task instances that are not in a terminal state. */
  unfinished: number;
  /** Task instances of leaves in `failed` or `upstream_failed`. */
  failedLeaves: number;
}

/** Why a run ended, in Airflow's words. */
export type RunOutcomeReason = "success" | "task_failure" | "all_tasks_deadlocked" | "timed_out";

export type RunOutcome = { state: "running" } | { state: "success" | "failed"; reason: RunOutcomeReason };

/**
 * The outcome of a run: it goes on while anything is unfinished; then any failed leaf makes it failed, else it is a success (also without any task).
 * Only leaves decide: a failure further up that a trigger rule has answered to does not fail the run.
 */
export function decideRunOutcome({ unfinished, failedLeaves }: RunOutcomeCounts): RunOutcome {
  if (unfinished > 0) return { state: "running" };
  return failedLeaves > 0 ? { state: "failed", reason: "task_failure" } : { state: "success", reason: "success" };
}

/** The counts from all task instances of a run. Instances of tasks that are not in the graph any more are `removed`, and count as nothing. */
export function countRunOutcome(graph: DagGraph, instances: Iterable<{ taskId: string; state: MaybeState }>): RunOutcomeCounts {
  const leaves = new Set(graph.outcomeTaskIds);
  const counts: RunOutcomeCounts = { unfinished: 0, failedLeaves: 0 };
  for (const { taskId, state } of instances) {
    if (!isTerminal(state)) counts.unfinished++;
    else if (isFailed(state) && leaves.has(taskId)) counts.failedLeaves++;
  }
  return counts;
}

/** An unfinished task instance, as far as a deadlock is concerned. */
export interface UnfinishedInstance {
  state: MaybeState;
  /** What its trigger rule says now. */
  verdict: TriggerRuleVerdict["verdict"];
  /** `dependsOnPast` or `waitForDownstream`: another run may set it free. */
  waitsForOtherRuns: boolean;
  /** `maxActiveTisPerDag` or `maxActiveTisPerDagrun`: Airflow takes such a run for one that waits for a slot. */
  hasTaskLimit: boolean;
}

/**
 * Whether a run can never move again: something is unfinished, nothing is on its way, no trigger rule lets anything go (waits for a retry or a reschedule
 * aside), and nothing outside the run can set it free. Such a run fails with `all_tasks_deadlocked`.
 */
export function isDeadlocked(unfinished: Iterable<UnfinishedInstance>): boolean {
  let some = false;
  for (const { state, verdict, waitsForOtherRuns, hasTaskLimit } of unfinished) {
    some = true;
    const isWaiting = state === null || state === "up_for_retry" || state === "up_for_reschedule";
    if (!isWaiting || verdict !== "wait" || waitsForOtherRuns || hasTaskLimit) return false;
  }
  return some;
}

/** When a run is out of time, or null. The time counts from its start, not from when it was queued. */
export function dagRunTimeoutAt(run: { startedAt: Date | null; dagrunTimeoutMs: number | null }): Date | null {
  if (run.startedAt === null || run.dagrunTimeoutMs === null) return null;
  return new Date(run.startedAt.getTime() + run.dagrunTimeoutMs);
}

/** A run out of time fails, and all its unfinished task instances are skipped. */
export function isDagRunTimedOut(run: { startedAt: Date | null; dagrunTimeoutMs: number | null }, now: Date): boolean {
  const at = dagRunTimeoutAt(run);
  return at !== null && now > at;
}

/**
 * Whether a DAG is paused after a failed run: its last N runs by logical date all failed.
 * @param latestStates States of its runs, latest logical date first; at least N of them, if there are as many.
 * @param maxConsecutiveFailedDagRuns N; 0 turns it off.
 */
export function hasTooManyFailedRuns(latestStates: readonly DagRunState[], maxConsecutiveFailedDagRuns: number): boolean {
  if (maxConsecutiveFailedDagRuns <= 0 || latestStates.length < maxConsecutiveFailedDagRuns) return false;
  return latestStates.slice(0, maxConsecutiveFailedDagRuns).every((state) => state === "failed");
}

/**
 * What becomes of the other task instances of a run when a task fails for good in a DAG with `failFast`: what runs fails, the rest is skipped.
 * Null: it stays as it is.
 */
export function stateAfterFailFast(state: MaybeState): "failed" | "skipped" | null {
  if (isTerminal(state)) return null;
  return state === "running" ? "failed" : "skipped";
}

/**
 * What becomes of a task instance when a person marks its run. Success: everything succeeds. Failed: what runs, is deferred or waits to be rescheduled
 * fails, other unfinished ones are skipped. Null: it stays as it is.
 */
export function stateAfterRunIsMarked(state: MaybeState, mark: "success" | "failed"): "success" | "failed" | "skipped" | null {
  if (mark === "success") return state === "success" || state === "removed" ? null : "success";
  if (isTerminal(state)) return null;
  return state === "running" || state === "deferred" || state === "up_for_reschedule" ? "failed" : "skipped";
}
