import type { DagGraph, TaskNode } from "../dag-graph.ts";
import type { DagSpec } from "../dag-spec.ts";
import { staticExpansionLength, UNMAPPED } from "../mapping.ts";
import { newInstance, type RunFacts, type RunModel } from "./run-model.ts";
import { recountUpstreams } from "./upstream-counts.ts";

/** An instance that a new run has from the start. */
export interface PlannedInstance {
  node: TaskNode;
  mapIndex: number;
}

/**
 * The instances of a new run: a mapped task, and the tasks of a mapped group, have as many as the DAG file tells, else (or when that is none) a placeholder; tasks of a loop those of its first iteration. A task
 * outside of its own dates has none.
 */
export function planInstances(graph: DagGraph, isIncluded: (node: TaskNode) => boolean, maxMapLength: number): PlannedInstance[] {
  const planned: PlannedInstance[] = [];
  for (const node of graph.tasks.values()) {
    if (!isIncluded(node)) continue;
    const group = node.indexGroupId === null ? null : graph.groups.get(node.indexGroupId)!.spec;
    if (group?.loop != null) {
      planned.push({ node, mapIndex: 0 });
      continue;
    }
    const mapping = node.spec.mapping ?? group?.mapping ?? null;
    const length = mapping === null ? null : staticExpansionLength(mapping);
    if (length === null || length === 0 || length > maxMapLength) planned.push({ node, mapIndex: UNMAPPED });
    else for (let mapIndex = 0; mapIndex < length; mapIndex++) planned.push({ node, mapIndex });
  }
  return planned;
}

/** "start_date/end_date exist per Dag and per task; a task outside its dates gets no TI in non-backfill runs." */
export function isWithinDates(
  { startDate, endDate }: Pick<DagSpec, "startDate" | "endDate">,
  { runType, logicalDate }: Pick<RunFacts, "runType" | "logicalDate">,
): boolean {
  if (runType === "backfill" || logicalDate === null) return true;
  return (startDate === null || logicalDate >= new Date(startDate)) && (endDate === null || logicalDate <= new Date(endDate));
}

/** Gives a new run its instances. */
export function addPlannedInstances(model: RunModel, plan: readonly PlannedInstance[]): void {
  const added = plan.map(({ node, mapIndex }) => newInstance(model, node, mapIndex));
  for (const taskId of model.graph.tasks.keys()) model.complete.add(taskId);
  model.isWhole = true;
  model.run.unfinishedCount += added.length;
  for (const [instance, counts] of recountUpstreams(model.graph, added)) instance.counts = { ...counts };
}
