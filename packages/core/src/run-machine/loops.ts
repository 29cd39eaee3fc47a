import type { GroupNode } from "../dag-graph.ts";
import { addInstances, bringBack } from "./expand.ts";
import { instancesOf, requireTasks, type RunModel, type RunNeeds } from "./run-model.ts";
import { applyPendingNow } from "./upstream-counts.ts";

/**
 * Gates that let their loops go on: the next iterations come up, before anything below is decided about. An iteration that was given up because an earlier one was cleared comes back; one that
 * is there stays as it is. Returns false when something is asked for.
 */
export function beginIterations(model: RunModel, needs: RunNeeds): boolean {
  let done = true;
  for (const [groupId, iteration] of [...model.nextIterations]) {
    const group = model.graph.groups.get(groupId)!;
    if (!requireTasks(model, needs, tasksAround(model, group)) || model.pending.size > 0) {
      done = false;
      continue;
    }
    model.nextIterations.delete(groupId);
    begin(model, group, iteration);
  }
  return done;
}

function tasksAround(model: RunModel, { taskIds }: GroupNode): string[] {
  return taskIds.flatMap((taskId) => {
    const { upstream, downstream } = model.graph.tasks.get(taskId)!;
    return [taskId, ...upstream, ...downstream];
  });
}

function begin(model: RunModel, { taskIds }: GroupNode, iteration: number): void {
  // Tasks outside of their own dates have no instances in any iteration.
  const nodes = taskIds.filter((taskId) => instancesOf(model, taskId).length > 0).map((taskId) => model.graph.tasks.get(taskId)!);
  const missing = nodes.filter((node) => {
    const known = instancesOf(model, node.taskId).find((instance) => instance.mapIndex === iteration);
    if (known !== undefined) bringBack(model, known);
    return known === undefined;
  });
  applyPendingNow(model);
  addInstances(
    model,
    missing.map((node) => [node, iteration]),
  );
}
