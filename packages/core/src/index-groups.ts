import type { DagGraph, TaskNode } from "./dag-graph.ts";

/**
 * The mapped group or the loop that a task is in: its instances have the map indexes of that group, and it depends on instances of the same index of the other tasks in it. Null: none.
 * There is at most one, since neither may be nested in the other nor in itself.
 */
export function indexGroupOf(node: Pick<TaskNode, "indexGroupId">): string | null {
  return node.indexGroupId;
}

/** Whether a task's instances have map indexes because of what it, or its group, is mapped over: its result is a list to those outside. */
export function isMultiplied(node: TaskNode): boolean {
  return node.spec.mapping !== null || node.indexGroupId !== null;
}

/** Whether it is in a loop: its map index is the number of the iteration. */
export function isLoopTask(graph: DagGraph, node: TaskNode): boolean {
  return node.indexGroupId !== null && graph.groups.get(node.indexGroupId)!.spec.loop !== null;
}
