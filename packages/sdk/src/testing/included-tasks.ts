import { type DagGraph, getTaskNode, listAncestors, type TaskNode } from "@tradewind/core";

/** These tasks and everything above them. @throws TradewindError `task_not_found` */
export function includedBy(graph: DagGraph, only: readonly string[]): (node: TaskNode) => boolean {
  const wanted = new Set([...only.map((taskId) => getTaskNode(graph, taskId).taskId), ...listAncestors(graph, only)]);
  return ({ taskId }) => wanted.has(taskId);
}
