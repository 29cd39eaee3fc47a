import { getGraphScopes } from "../graph-scopes.ts";
import { isFailed, isTerminal } from "../state-transitions.ts";
import { listCleared, listDeciderRefs, resetBranchDecisions, resetInstance, supersede } from "./clear.ts";
import { instancesOf, requireTasks, requireXComs, type RunInstance, type RunModel, type RunNeeds } from "./run-model.ts";
import { applyPendingNow } from "./upstream-counts.ts";

/** Whether everything is here by which a group is known to be final. */
export function requireGroup(model: RunModel, groupId: string, needs: RunNeeds): boolean {
  const group = model.graph.groups.get(groupId)!;
  const hasTasks = requireTasks(model, needs, group.taskIds);
  if (model.groupTries !== null || !hasRetries(model, groupId)) return hasTasks;
  needs.groupTries = true;
  return false;
}

function hasRetries(model: RunModel, groupId: string): boolean {
  return [groupId, ...innerGroups(model, groupId)].some((id) => model.graph.groups.get(id)!.spec.retries > 0);
}

/** "Everything in it terminal, and no leaf of the group in failed/upstream_failed, or no tries left"; the same for the groups in it. */
export function isGroupFinal(model: RunModel, groupId: string): boolean {
  return isEnded(model, groupId) && ![...innerGroups(model, groupId), groupId].some((id) => isRetryDue(model, id));
}

function isEnded(model: RunModel, groupId: string): boolean {
  // An iteration that is about to come up.
  for (const loopId of model.nextIterations.keys()) if (loopId === groupId || innerGroups(model, groupId).includes(loopId)) return false;
  return model.graph.groups.get(groupId)!.taskIds.every((taskId) => instancesOf(model, taskId).every((instance) => isTerminal(instance.state)));
}

/**
 * Whether it ended with a failure and is to be run again. Inner groups come first: what they are run again for is not the end of the outer one. A group in which nothing failed by itself
 * is not run again: what failed is above it, and would make the same of it.
 */
export function isRetryDue(model: RunModel, groupId: string): boolean {
  const { spec, leafIds, taskIds } = model.graph.groups.get(groupId)!;
  if (spec.retries === 0 || tryOf(model, groupId) > spec.retries || !isEnded(model, groupId)) return false;
  const has = (ids: readonly string[], matches: (instance: RunInstance) => boolean): boolean =>
    ids.some((id) => instancesOf(model, id).some(matches));
  if (!has(leafIds, ({ state }) => isFailed(state)) || !has(taskIds, ({ state }) => state === "failed")) return false;
  return !innerGroups(model, groupId).some((inner) => isRetryDue(model, inner));
}

function tryOf(model: RunModel, groupId: string): number {
  return model.groupTries?.get(groupId) ?? 1;
}

function innerGroups(model: RunModel, groupId: string): string[] {
  const found: string[] = [];
  for (const { groupId: id, spec } of model.graph.groups.values()) {
    for (let parent = spec.parentId; parent !== null; parent = model.graph.groups.get(parent)?.spec.parentId ?? null)
      if (parent === groupId) found.push(id);
  }
  return found;
}

/** Something in these groups has ended: they are run again, or what is below them may go on. Returns false when something is asked for. */
export function settleGroups(model: RunModel, needs: RunNeeds): boolean {
  let done = true;
  for (const groupId of [...model.movedGroups]) {
    if (!requireGroup(model, groupId, needs)) {
      done = false;
      continue;
    }
    const retried = [...innerGroups(model, groupId), groupId].filter((id) => isRetryDue(model, id));
    for (const id of retried) noteRetry(model, id);
    if (retried.length === 0 && isEnded(model, groupId) && !release(model, groupId, needs)) {
      done = false;
      continue;
    }
    model.movedGroups.delete(groupId);
  }
  return done;
}

function noteRetry(model: RunModel, groupId: string): void {
  if (model.groupRetries.some((retry) => retry.groupId === groupId)) return;
  model.groupRetries.push({ groupId, delayMs: model.graph.groups.get(groupId)!.spec.retryDelayMs });
}

function release(model: RunModel, groupId: string, needs: RunNeeds): boolean {
  const held = getGraphScopes(model.graph).holds.get(groupId) ?? [];
  if (!requireTasks(model, needs, held)) return false;
  for (const taskId of held) for (const instance of instancesOf(model, taskId)) if (instance.state === null) model.reconsidered.add(instance);
  return true;
}

/** Whether a group of the run is to be run again after its delay: the run goes on. Null: something is asked for. */
export function awaitsGroupRetry(model: RunModel, needs: RunNeeds): boolean | null {
  const groups = [...model.graph.groups.values()].filter((group) => group.spec.retries > 0).map((group) => group.groupId);
  if (groups.length === 0) return false;
  if (!groups.map((groupId) => requireGroup(model, groupId, needs)).every(Boolean)) return null;
  return groups.some((groupId) => isRetryDue(model, groupId));
}

/** Whether everything is here that the next tries of groups touch. */
export function requireDueGroups(model: RunModel, needs: RunNeeds): boolean {
  const due = [...model.dueGroups];
  if (!due.map((groupId) => requireGroup(model, groupId, needs)).every(Boolean)) return false;
  return due.map((groupId) => requireAround(model, listMembers(model, groupId), needs)).every(Boolean);
}

/**
 * The delay of groups is over: everything in them is cleared and runs again, iterations from the first. A group that a person cleared meanwhile is left alone. Nothing is pending, before and
 * after.
 */
export function retryDueGroups(model: RunModel): void {
  for (const groupId of model.dueGroups) {
    if (model.run.state !== "running" || !isRetryDue(model, groupId)) continue;
    const { instances, superseded } = listCleared(model, listMembers(model, groupId));
    model.groupTries!.set(groupId, tryOf(model, groupId) + 1);
    for (const inner of innerGroups(model, groupId)) model.groupTries!.delete(inner);
    for (const instance of superseded) supersede(model, instance);
    for (const instance of instances) resetInstance(model, instance, null);
    applyPendingNow(model);
    resetBranchDecisions(model, instances);
  }
  model.dueGroups.clear();
}

function listMembers(model: RunModel, groupId: string): RunInstance[] {
  return model.graph.groups.get(groupId)!.taskIds.flatMap((taskId) => [...instancesOf(model, taskId)]);
}

function requireAround(model: RunModel, instances: readonly RunInstance[], needs: RunNeeds): boolean {
  const tasks = new Set(instances.flatMap((instance) => model.graph.tasks.get(instance.taskId)?.downstream ?? []));
  const { refs, decided } = listDeciderRefs(model, instances);
  const hasTasks = requireTasks(model, needs, [...tasks, ...decided]);
  return requireXComs(model, needs, refs) && hasTasks;
}
