import type { TaskNode } from "../dag-graph.ts";
import { UNMAPPED } from "../mapping.ts";

/**
 * Whether a task counts every instance of an upstream, or only that of its own map index.
 *
 * "mapped TG: depth first; instance i depends only on instance i of its group siblings; a task outside sees the whole list." The same in a loop, where the index is the iteration. It is so for
 * every trigger rule, also for those that do not wait for all upstreams, as recorded answers of Airflow show.
 */
export function countsSameIndexOnly(upstream: Pick<TaskNode, "indexGroupId">, node: Pick<TaskNode, "indexGroupId">): boolean {
  return node.indexGroupId !== null && upstream.indexGroupId === node.indexGroupId;
}

/** Whether an instance of an upstream with that map index counts for one of a task that counts the same index only. What is not expanded yet stands for all. */
export function isSameIndex(upstreamIndex: number, mapIndex: number): boolean {
  return upstreamIndex === mapIndex || upstreamIndex === UNMAPPED || mapIndex === UNMAPPED;
}
