import { decidesAbout } from "./clear.ts";
import { evaluateInstance, fireInstance } from "./evaluate.ts";
import { retryDueGroups, settleGroups } from "./group-retries.ts";
import { beginIterations } from "./loops.ts";
import { decideOutcome, failFast } from "./outcome.ts";
import { createNeeds, hasNeeds, instancesOf, requireTasks, type RunModel, type RunNeeds } from "./run-model.ts";
import { applyPending } from "./upstream-counts.ts";

/**
 * Applies everything that follows from the changes so far, up to the outcome of the run.
 *
 *     skips of branches ──► next iterations of loops ──► counters of the direct downstreams ──► rules ──► … until nothing changes ──► groups ──► outcome
 *
 * @returns what has to be loaded before it can go on; null when it is done. Asking again without having loaded it gives the same answer.
 */
export function settleRun(model: RunModel): RunNeeds | null {
  for (;;) {
    const needs = createNeeds();
    const hadWork = round(model, needs);
    if (hasNeeds(needs)) return needs;
    if (hadWork) continue;
    settleGroups(model, needs);
    if (!hasWork(model)) decideOutcome(model, needs);
    if (hasNeeds(needs)) return needs;
    if (hasWork(model)) continue;
    model.depth = 0;
    model.fittedGroups.clear();
    return null;
  }
}

function hasWork(model: RunModel): boolean {
  const { pending, reconsidered, due, skips, nextIterations, dueGroups, failsFast } = model;
  return pending.size > 0 || reconsidered.size > 0 || due.size > 0 || skips.length > 0 || nextIterations.size > 0 || dueGroups.size > 0 || failsFast;
}

/** One look at all that is to be done. Returns false when there was nothing. */
function round(model: RunModel, needs: RunNeeds): boolean {
  if (!hasWork(model)) return false;
  applySkips(model, needs);
  if (!applyPending(model, needs)) return true;
  beginIterations(model, needs);
  failFast(model, needs);
  retryDueGroups(model, needs);
  if (hasNeeds(needs)) return true;
  evaluateAll(model, needs);
  // What asks is looked at again with the same counters; only what went on goes one level deeper.
  if (!hasNeeds(needs)) model.depth += 1;
  return true;
}

/** Marks what branches did not follow. */
function applySkips(model: RunModel, needs: RunNeeds): void {
  if (
    !requireTasks(
      model,
      needs,
      model.skips.map((skip) => skip.taskId),
    )
  )
    return;
  for (const { taskId, deciderId, mapIndex } of model.skips.splice(0)) {
    const decider = model.graph.tasks.get(deciderId)!;
    const node = model.graph.tasks.get(taskId)!;
    for (const instance of instancesOf(model, taskId)) {
      if (instance.branchSkipped || !decidesAbout(decider, mapIndex, node, instance.mapIndex)) continue;
      instance.branchSkipped = true;
      instance.countsChanged = true;
      model.reconsidered.add(instance);
    }
  }
}

function evaluateAll(model: RunModel, needs: RunNeeds): void {
  const instances = [...model.reconsidered];
  const due = [...model.due];
  model.reconsidered.clear();
  model.due.clear();
  if (model.run.state !== "running") {
    // What has a timer in a run that has ended, or has not begun, goes to the queue all the same, which knows what to do with it.
    for (const instance of due) if (!fireInstance(model, instance, needs)) model.due.add(instance);
    return;
  }
  for (const instance of instances) {
    if (instance.state !== null || !model.graph.tasks.has(instance.taskId)) continue;
    if (!evaluateInstance(model, instance, needs)) model.reconsidered.add(instance);
  }
  for (const instance of due) if (!fireInstance(model, instance, needs)) model.due.add(instance);
}
