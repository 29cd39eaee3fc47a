import { decidesAbout } from "./clear.ts";
import { carryOut, fireInstance, lookAt } from "./evaluate.ts";
import { expandNoted, makeAllReady } from "./expand.ts";
import { requireDueGroups, retryDueGroups, settleGroups } from "./group-retries.ts";
import { beginIterations, requireIterations } from "./loops.ts";
import { decideOutcome, failFast, requireFailFast } from "./outcome.ts";
import { createNeeds, hasNeeds, instancesOf, requireTasks, type RunModel, type RunNeeds } from "./run-model.ts";
import { applyPending } from "./upstream-counts.ts";

/**
 * Applies everything that follows from the changes so far, up to the outcome of the run. It goes in rounds, each of which sees the states as the one before left them:
 *
 *     skips of branches, counters of the direct downstreams ──► what comes up: iterations, mapped instances, groups that are run again ──► groups that have ended let go what is below ──►
 *     all that may have changed is looked at, then what was decided is done ──► … until nothing changes ──► outcome
 *
 * A round does nothing before everything it looks at is in memory, so what is in memory makes no difference to what is decided.
 * @returns what has to be loaded before it can go on; null when it is done
 */
export function settleRun(model: RunModel): RunNeeds | null {
  for (;;) {
    const needs = createNeeds();
    if (hasWork(model)) {
      if (!round(model, needs)) return needs;
      model.depth += 1;
      continue;
    }
    if (!decideOutcome(model, needs)) return needs;
    if (hasWork(model)) continue;
    model.depth = 0;
    model.fittedGroups.clear();
    return null;
  }
}

function hasWork(model: RunModel): boolean {
  const { pending, reconsidered, due, skips, nextIterations, expansions, movedGroups, dueGroups, failsFast } = model;
  const isWaiting = reconsidered.size > 0 || due.size > 0 || expansions.size > 0 || movedGroups.size > 0 || dueGroups.size > 0;
  return isWaiting || pending.size > 0 || skips.length > 0 || nextIterations.size > 0 || failsFast;
}

/** One look at all that is to be done. Returns false when something is asked for. */
function round(model: RunModel, needs: RunNeeds): boolean {
  requireTasks(
    model,
    needs,
    model.skips.map((skip) => skip.taskId),
  );
  if (!applyPending(model, needs) || hasNeeds(needs)) return false;
  applySkips(model);
  const isHere = [requireIterations(model, needs), requireDueGroups(model, needs), requireFailFast(model, needs)].every(Boolean);
  if (!isHere) return false;
  beginIterations(model);
  const ready = expandNoted(model);
  retryDueGroups(model);
  makeAllReady(model, ready);
  failFast(model);
  return settleGroups(model, needs) && evaluateAll(model, needs);
}

/** Marks what branches did not follow. */
function applySkips(model: RunModel): void {
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

function evaluateAll(model: RunModel, needs: RunNeeds): boolean {
  // In a run that has ended, or has not begun, nothing is decided but about what has a timer: it goes to the queue, which knows what to do with it.
  if (model.run.state !== "running") model.reconsidered.clear();
  const looks = [...model.reconsidered]
    .filter((instance) => instance.state === null && model.graph.tasks.has(instance.taskId))
    .map((instance) => ({ instance, decision: lookAt(model, instance, needs) }));
  const fired = [...model.due]
    .filter((instance) => model.graph.tasks.has(instance.taskId))
    .map((instance) => ({ instance, decision: lookAt(model, instance, needs) }));
  if (hasNeeds(needs)) return false;
  model.reconsidered.clear();
  model.due.clear();
  for (const { instance, decision } of looks) carryOut(model, instance, decision);
  for (const { instance, decision } of fired) fireInstance(model, instance, decision);
  return true;
}
