import type { GroupNode } from "../dag-graph.ts";
import { listLateDecisions } from "./clear.ts";
import { addInstances, bringBack } from "./expand.ts";
import { instancesOf, requireTasks, requireXComs, type RunModel, type RunNeeds } from "./run-model.ts";
import { applyPendingNow } from "./upstream-counts.ts";

/** Whether everything is here that the next iterations touch. */
export function requireIterations(model: RunModel, needs: RunNeeds): boolean {
  const taskIds = [...model.nextIterations.keys()].flatMap((groupId) => model.graph.groups.get(groupId)!.taskIds);
  const around = taskIds.flatMap((taskId) => {
    const { upstream, downstream } = model.graph.tasks.get(taskId)!;
    return [taskId, ...upstream, ...downstream];
  });
  const late = listLateDecisions(model.graph, taskIds);
  const hasTasks = requireTasks(model, needs, [...around, ...late.tasks]);
  return requireXComs(model, needs, late.refs) && hasTasks;
}

/**
 * Gates that let their loops go on: the next iterations come up, before anything below is decided about. An iteration that was given up because an earlier one was cleared comes back; one that
 * is there stays as it is. Nothing is pending, before and after.
 */
export function beginIterations(model: RunModel): void {
  for (const [groupId, iteration] of model.nextIterations) begin(model, model.graph.groups.get(groupId)!, iteration);
  model.nextIterations.clear();
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
