import { countRunOutcome, dagRunTimeoutAt, decideRunOutcome, isDeadlocked, stateAfterFailFast } from "../run-outcome.ts";
import { isTerminal } from "../state-transitions.ts";
import { withdraw } from "./changes.ts";
import { lookAt } from "./evaluate.ts";
import { awaitsGroupRetry } from "./group-retries.ts";
import { dependsOnPast } from "./past.ts";
import { hasNeeds, instancesOf, nodeOf, requireTasks, type RunModel, type RunNeeds } from "./run-model.ts";

/** The run begins: its clock runs, and what is undecided is looked at. */
export function startRun(model: RunModel): void {
  const { run } = model;
  run.state = "running";
  run.startDate = run.startDate ?? run.now;
  model.changed.state = true;
  model.endDate = null;
  model.timeoutAt = dagRunTimeoutAt({ startedAt: run.startDate, dagrunTimeoutMs: model.graph.spec.dagrunTimeoutMs });
  for (const instance of model.instances.values()) if (instance.state === null) model.reconsidered.add(instance);
  // The delay of a group may have passed while the run had ended, and nobody waits for it any more.
  for (const { groupId, spec } of model.graph.groups.values()) if (spec.retries > 0) model.movedGroups.add(groupId);
}

export function finishRun(
  model: RunModel,
  state: "success" | "failed",
  reason: string | null,
  { byPerson = false }: { byPerson?: boolean } = {},
): void {
  const { run } = model;
  run.state = state;
  run.markedState = null;
  model.stateReason = reason;
  model.changed.state = true;
  model.endDate = run.now;
  model.timeoutAt = null;
  model.listener.runFinished?.(state, reason, byPerson);
}

/** "If now > run.start + timeout the run → failed, all unfinished TIs → skipped", teardowns too. */
export function timeOutRun(model: RunModel): void {
  // First the run: in one that has ended nothing is evaluated any more.
  finishRun(model, "failed", "timed_out");
  for (const instance of model.instances.values()) {
    if (!isTerminal(instance.state)) withdraw(model, instance, "skipped", "the run was out of time");
  }
}

export function requireFailFast(model: RunModel, needs: RunNeeds): boolean {
  if (!model.failsFast || model.isWhole) return true;
  needs.whole = true;
  return false;
}

/** "First failure (no retries left) fails running tasks and skips the rest, teardowns excepted." The run is here whole. */
export function failFast(model: RunModel): void {
  if (!model.failsFast) return;
  model.failsFast = false;
  for (const instance of model.instances.values()) {
    const isTeardown = model.graph.tasks.get(instance.taskId)?.spec.isTeardown ?? false;
    const state = isTeardown ? null : stateAfterFailFast(instance.state);
    if (state !== null) withdraw(model, instance, state, "another task of this DAG failed, and it fails fast");
  }
}

/** Ends a running run in which nothing is left to do, or nothing can go on. Returns false when something is asked for. */
export function decideOutcome(model: RunModel, needs: RunNeeds): boolean {
  const { run } = model;
  if (run.state !== "running") return true;
  if (run.unfinishedCount <= 0) return endRun(model, needs);
  return run.liveCount > 0 || findDeadlock(model, needs);
}

function endRun(model: RunModel, needs: RunNeeds): boolean {
  const waits = awaitsGroupRetry(model, needs);
  if (waits === null) return false;
  if (waits) return true;
  const { graph, run } = model;
  if (!requireTasks(model, needs, graph.outcomeTaskIds)) return false;
  const instances = graph.outcomeTaskIds.flatMap((taskId) => instancesOf(model, taskId));
  const { failedLeaves } = countRunOutcome(graph, instances);
  const outcome = decideRunOutcome({ unfinished: run.unfinishedCount, failedLeaves });
  if (run.markedState !== null) finishRun(model, run.markedState, `marked ${run.markedState}`, { byPerson: true });
  else if (outcome.state !== "running") finishRun(model, outcome.state, outcome.reason === "success" ? null : outcome.reason);
  return true;
}

/** Nothing is under way: looks at everything that waits. What could go on after all (a fault kept it back) goes on. */
function findDeadlock(model: RunModel, needs: RunNeeds): boolean {
  if (!requireTasks(model, needs, model.graph.tasks.keys())) return false;
  const waits = awaitsGroupRetry(model, needs);
  if (waits === null) return false;
  const unfinished = [...model.instances.values()].filter((instance) => !isTerminal(instance.state) && model.graph.tasks.has(instance.taskId));
  const looks = unfinished.map((instance) => ({
    instance,
    state: instance.state,
    decision: lookAt(model, instance, needs),
    waitsForOtherRuns: dependsOnPast(nodeOf(model, instance).spec),
    hasTaskLimit: false,
  }));
  if (hasNeeds(needs)) return false;
  if (waits) return true;
  if (isDeadlocked(looks.map((look) => ({ ...look, verdict: look.decision.kind === "wait" ? "wait" : "ready" })))) {
    finishRun(model, model.run.markedState ?? "failed", "all_tasks_deadlocked");
    return true;
  }
  for (const { instance, state, decision } of looks) if (state === null && decision.kind !== "wait") model.reconsidered.add(instance);
  return true;
}
