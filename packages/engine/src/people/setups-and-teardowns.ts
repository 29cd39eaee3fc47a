import { type DagGraph, listAncestors, listDescendants, type TaskNode } from "@tradewind/core";

/** Whose setups and teardowns a clear takes along. */
export interface FollowOptions {
  includeUpstream: boolean;
  includeDownstream: boolean;
}

/**
 * "Clearing a task also clears its setups and teardowns." As Airflow selects them for the tasks that were named:
 * - A task that is neither takes the setups above it along that it needs (they have no teardown, or one that comes after the task), with their teardowns.
 * - With upstream: every setup above it brings its teardowns. With downstream: what is below takes its own along.
 * - A setup brings the teardowns directly below it.
 * @returns further tasks; for each named one those that come because of it
 */
export function listFollowers(graph: DagGraph, taskId: string, { includeUpstream, includeDownstream }: FollowOptions): Set<string> {
  const node = graph.tasks.get(taskId)!;
  const found = new Set<string>();
  if (includeUpstream) {
    for (const above of listAncestors(graph, [taskId])) if (graph.tasks.get(above)!.spec.isSetup) addTeardowns(graph, above, found);
  } else if (isWork(node)) addNeeded(graph, taskId, found);
  if (includeDownstream) {
    for (const below of listDescendants(graph, [taskId])) if (isWork(graph.tasks.get(below)!)) addNeeded(graph, below, found);
  } else if (node.spec.isSetup) addTeardowns(graph, taskId, found);
  return found;
}

function isWork({ spec }: TaskNode): boolean {
  return !spec.isSetup && !spec.isTeardown;
}

function addNeeded(graph: DagGraph, taskId: string, found: Set<string>): void {
  const below = listDescendants(graph, [taskId]);
  for (const above of listAncestors(graph, [taskId])) {
    const { spec, downstream } = graph.tasks.get(above)!;
    if (!spec.isSetup) continue;
    const teardowns = downstream.filter((id) => graph.tasks.get(id)!.spec.isTeardown);
    if (teardowns.length > 0 && !teardowns.some((id) => below.has(id))) continue;
    found.add(above);
    for (const id of teardowns) found.add(id);
  }
}

function addTeardowns(graph: DagGraph, setupId: string, found: Set<string>): void {
  for (const id of graph.tasks.get(setupId)!.downstream) if (graph.tasks.get(id)!.spec.isTeardown) found.add(id);
}
