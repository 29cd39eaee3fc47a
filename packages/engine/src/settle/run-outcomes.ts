import { countRunOutcome, decideRunOutcome, evaluateTriggerRule, isDeadlocked, isTerminal } from "@tradewind/core";
import { findUnfinished } from "../callbacks/run-callbacks.ts";
import type { RunWork } from "./run-work.ts";
import { loadTasks, reconsider, type Settlement } from "./settlement.ts";

/** Ends running runs in which nothing is left to do, and those in which nothing can go on. */
export async function decideOutcomes(settlement: Settlement): Promise<void> {
  for (const work of settlement.runs.values()) {
    if (work.run.state !== "running") continue;
    if (work.run.unfinishedCount <= 0) await endRun(settlement, work);
    else if (work.run.liveCount <= 0) await findDeadlock(settlement, work);
  }
}

async function endRun(settlement: Settlement, work: RunWork): Promise<void> {
  await loadTasks(settlement, [{ work, taskIds: work.graph.leafIds }]);
  const { failedLeaves } = countRunOutcome(work.graph, leavesOf(work));
  const outcome = decideRunOutcome({ unfinished: work.run.unfinishedCount, failedLeaves });
  if (outcome.state !== "running") finishRun(settlement, work, outcome.state, outcome.reason === "success" ? null : outcome.reason);
}

function leavesOf(
  work: RunWork,
): { taskId: string; state: RunWork["instances"] extends Map<number, infer I> ? (I extends { state: infer S } ? S : never) : never }[] {
  return work.graph.leafIds.flatMap((taskId) => work.byTask.get(taskId) ?? []);
}

/** Nothing is under way: looks at everything that waits. What could go on after all (a fault kept it back) goes on. */
async function findDeadlock(settlement: Settlement, work: RunWork): Promise<void> {
  await loadTasks(settlement, [{ work, taskIds: work.graph.tasks.keys() }]);
  const unfinished = [...work.instances.values()]
    .filter((instance) => !isTerminal(instance.state))
    .map((instance) => {
      const { spec } = work.graph.tasks.get(instance.taskId)!;
      const { verdict } = evaluateTriggerRule({ rule: spec.triggerRule, counts: instance.counts, mapIndex: instance.mapIndex });
      return {
        instance,
        state: instance.state,
        verdict: instance.branchSkipped ? ("set" as const) : verdict,
        waitsForOtherRuns: spec.dependsOnPast || spec.waitForDownstream,
        hasTaskLimit: false,
      };
    });
  if (isDeadlocked(unfinished)) return finishRun(settlement, work, "failed", "all_tasks_deadlocked");
  for (const { instance, state, verdict } of unfinished) if (state === null && verdict !== "wait") reconsider(settlement, work, instance);
}

/** The run has ended: its place is free for the next one. */
export function finishRun(
  settlement: Settlement,
  work: RunWork,
  state: "success" | "failed",
  reason: string | null,
  options: { byPerson?: boolean } = {},
): void {
  const { run } = work;
  const taskInstanceId = reason === "timed_out" || reason === "all_tasks_deadlocked" ? findUnfinished(work) : null;
  settlement.finishedRuns.push({ work, state, reason, byPerson: options.byPerson === true, taskInstanceId });
  run.state = state;
  work.stateReason = reason;
  work.changed.state = true;
  work.endDate = run.now;
  work.timeoutAt = null;
  settlement.after.dagsWithEndedRuns.add(run.dagId);
  settlement.after.wakes.add("runs").add("dags").add("state");
  const durationMs = run.startDate === null ? 0 : Math.max(0, run.now.getTime() - run.startDate.getTime());
  settlement.after.events.push(() => settlement.context.events.dagRunFinished?.({ dagId: run.dagId, runId: run.runId, state, durationMs }));
}

/** The run begins: its clock runs, and what has no upstream is looked at. */
export function startRun(settlement: Settlement, work: RunWork): void {
  const { run } = work;
  run.state = "running";
  run.startDate = run.startDate ?? run.now;
  work.changed.state = true;
  work.endDate = null;
  const { dagrunTimeoutMs } = work.graph.spec;
  work.timeoutAt = dagrunTimeoutMs === null ? null : new Date(run.startDate.getTime() + dagrunTimeoutMs);
  settlement.after.wakes.add("state");
  if (work.timeoutAt !== null) settlement.after.wakes.add("timers");
  const scheduleDelayMs = run.runType === "scheduled" ? Math.max(0, run.now.getTime() - run.runAfter.getTime()) : null;
  settlement.after.events.push(() => settlement.context.events.dagRunStarted?.({ dagId: run.dagId, runType: run.runType, scheduleDelayMs }));
  for (const instance of work.instances.values()) if (instance.state === null) reconsider(settlement, work, instance);
}
