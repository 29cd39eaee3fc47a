import { planBranch, planShortCircuit } from "../branching.ts";
import type { DagGraph, TaskNode } from "../dag-graph.ts";
import { getGraphScopes } from "../graph-scopes.ts";
import { RETURN_VALUE_KEY } from "../inputs.ts";
import { maxTriesAfterClear } from "../retry.ts";
import { changeState, withdraw } from "./changes.ts";
import { isSameIndex } from "./relations.ts";
import { instancesOf, type RunInstance, type RunModel } from "./run-model.ts";

/** What clearing these instances comes to. */
export interface ClearedInstances {
  /** They have no state again. */
  instances: RunInstance[];
  /** Later iterations of a loop: they come up again when an earlier one leads to them. */
  superseded: RunInstance[];
}

/**
 * "Clearing a gate clears later iterations": what comes after the earliest iteration whose gate is cleared is given up. Instances of tasks that are gone, and members that a shorter map
 * left out, are left alone.
 */
export function listCleared(model: RunModel, targets: Iterable<RunInstance>): ClearedInstances {
  const instances = [...targets].filter((instance) => instance.state !== "removed" && model.graph.tasks.has(instance.taskId));
  const cuts = new Map<string, number>();
  for (const { taskId, mapIndex } of instances) {
    const node = model.graph.tasks.get(taskId)!;
    if (node.spec.kind !== "loop_gate" || node.indexGroupId === null) continue;
    cuts.set(node.indexGroupId, Math.min(mapIndex, cuts.get(node.indexGroupId) ?? mapIndex));
  }
  const isSuperseded = (instance: RunInstance): boolean => {
    const cut = cuts.get(model.graph.tasks.get(instance.taskId)!.indexGroupId ?? "");
    return cut !== undefined && instance.mapIndex > cut;
  };
  const superseded = [...cuts.keys()].flatMap((groupId) =>
    model.graph.groups
      .get(groupId)!
      .taskIds.flatMap((taskId) => instancesOf(model, taskId).filter((one) => one.state !== "removed" && isSuperseded(one))),
  );
  return { instances: instances.filter((instance) => !isSuperseded(instance)), superseded };
}

/**
 * One instance has no state again, and as many retries as a new one; its try goes into the history.
 * @param runningAttemptId the attempt that is at work for it: it becomes `restarting`, and has no state when that has ended
 */
export function resetInstance(model: RunModel, instance: RunInstance, runningAttemptId: string | null): void {
  const node = model.graph.tasks.get(instance.taskId)!;
  instance.maxTries = maxTriesAfterClear(instance.tryNumber, node.spec.retries);
  if (runningAttemptId !== null) {
    instance.attemptId = runningAttemptId;
    return changeState(model, instance, "restarting", { reason: "it was cleared while it was running" });
  }
  instance.keepsHistory = instance.tryNumber > 0;
  instance.attemptId = null;
  changeState(model, instance, null);
}

/** A later iteration of a loop an earlier one of which was cleared. */
export function supersede(model: RunModel, instance: RunInstance): void {
  withdraw(model, instance, "removed", "an earlier iteration of its loop was cleared");
}

/** The groups that a person's clear gives all their tries again. */
export function resetGroupTries(model: RunModel, cleared: readonly RunInstance[]): void {
  if (model.groupTries === null) return;
  for (const { taskId } of cleared) for (const groupId of model.graph.tasks.get(taskId)?.groupIds ?? []) model.groupTries.delete(groupId);
}

/** Tasks that branches among the cleared ones may have skipped, and the results of other finished branches about the same tasks, which `resetBranchDecisions` needs. */
export function listDeciderRefs(model: RunModel, cleared: readonly RunInstance[]): { decided: string[]; refs: { taskId: string; key: string }[] } {
  const decided = listDecidedTasks(model.graph, cleared);
  const deciders = new Set([...decided].flatMap((taskId) => decidersOf(model.graph, taskId)));
  return { decided: [...decided, ...deciders], refs: [...deciders].map((taskId) => ({ taskId, key: RETURN_VALUE_KEY })) };
}

/**
 * "Branch parents store which direct children they follow/skip; a child sees it even after being cleared and skips again": what a branch decided goes when the branch itself is
 * cleared, unless another one that is still finished skips the same task.
 */
export function resetBranchDecisions(model: RunModel, cleared: readonly RunInstance[]): void {
  for (const taskId of listDecidedTasks(model.graph, cleared)) {
    for (const instance of instancesOf(model, taskId)) {
      const isSkipped = isSkippedByFinished(model, instance);
      if (instance.branchSkipped === isSkipped) continue;
      instance.branchSkipped = isSkipped;
      instance.countsChanged = true;
      if (instance.state === null) model.reconsidered.add(instance);
    }
  }
}

function listDecidedTasks(graph: DagGraph, cleared: readonly RunInstance[]): Set<string> {
  const { decidesAbout: tasksOf } = getGraphScopes(graph);
  return new Set([...new Set(cleared.map((instance) => instance.taskId))].flatMap((taskId) => [...(tasksOf.get(taskId) ?? [])]));
}

function decidersOf(graph: DagGraph, taskId: string): readonly string[] {
  return getGraphScopes(graph).decidersOf.get(taskId) ?? [];
}

/** What `isSkippedByFinished` looks at: of instances of these tasks that come up late, branches may have decided already. */
export function listLateDecisions(graph: DagGraph, taskIds: readonly string[]): { tasks: string[]; refs: { taskId: string; key: string }[] } {
  const tasks = [...new Set(taskIds.flatMap((taskId) => decidersOf(graph, taskId)))];
  return { tasks, refs: tasks.map((taskId) => ({ taskId, key: RETURN_VALUE_KEY })) };
}

/** Whether a finished branch or short circuit does not follow an instance. */
export function isSkippedByFinished(model: RunModel, { taskId, mapIndex }: RunInstance): boolean {
  const { graph } = model;
  const node = graph.tasks.get(taskId)!;
  return decidersOf(graph, taskId).some((deciderId) => {
    const decider = graph.tasks.get(deciderId)!;
    const plan = decider.spec.kind === "branch" ? planBranch : planShortCircuit;
    const results = model.readXComs({ taskId: deciderId, key: RETURN_VALUE_KEY });
    return instancesOf(model, deciderId).some((instance) => {
      if (instance.state !== "success" || !decidesAbout(decider, instance.mapIndex, node, mapIndex)) return false;
      const result = results.find((row) => row.mapIndex === instance.mapIndex);
      // Without a result it has decided nothing: a person marked it.
      return result !== undefined && plan(graph, deciderId, result.value).skip.includes(taskId);
    });
  });
}

/** Whether the decision of one instance of a branch is about an instance of a task: in the same mapped group or loop only about that of the same index. */
export function decidesAbout(decider: TaskNode, deciderIndex: number, node: TaskNode, mapIndex: number): boolean {
  const isTogether = decider.indexGroupId !== null && decider.indexGroupId === node.indexGroupId;
  return !isTogether || isSameIndex(deciderIndex, mapIndex);
}
