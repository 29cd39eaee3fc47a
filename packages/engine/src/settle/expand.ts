import { isTradewindError, listMappingRefs, mappingContext, measureMapping, staticExpansionLength, UNMAPPED } from "@tradewind/core";
import { listXComs, reserveIds } from "@tradewind/metadata";
import { gatherXComs } from "../attempts/xcom-lookup.ts";
import type { Instance, RunWork } from "./run-work.ts";
import { addInstance, nodeOf } from "./run-work.ts";
import { addPending, changeState, countRun, loadTasks, makeReady, type Settlement } from "./settlement.ts";

/**
 * A mapped task may run: finds out how many instances it has now, and makes them ready together, since they wait for the same upstreams. Its placeholder becomes index 0; with none it is
 * skipped. "On rerun a longer result adds instances, a shorter one marks the rest removed": only what is undecided moves, whatever has a state keeps it.
 */
export async function expandTask(settlement: Settlement, work: RunWork, first: Instance): Promise<void> {
  await loadTasks(settlement, [{ work, taskIds: [first.taskId] }]);
  const undecided = (work.byTask.get(first.taskId) ?? []).filter((instance) => instance.state === null);
  try {
    const length = await findLength(settlement, work, first);
    if (length > 0) for (const instance of await fitInstances(settlement, work, first, length)) makeReady(settlement, work, instance);
    else for (const instance of undecided) changeState(settlement, work, instance, "skipped", { reason: "it is mapped over nothing" });
  } catch (error) {
    if (!isTradewindError(error)) throw error;
    // Airflow: an upstream that is not populated when it should be.
    for (const instance of undecided) changeState(settlement, work, instance, "upstream_failed", { reason: error.message });
  }
}

async function findLength(settlement: Settlement, work: RunWork, instance: Instance): Promise<number> {
  const { spec } = nodeOf(work, instance);
  const mapping = spec.mapping!;
  const refs = staticExpansionLength(mapping) === null ? listMappingRefs(mapping).map((ref) => ({ dagRunId: work.run.id, ...ref })) : [];
  const read = gatherXComs(await listXComs(settlement.tx, { refs, maxBytes: null })).ofRun(work.run.id);
  return measureMapping(mapping, mappingContext(work.graph, spec.taskId, read), settlement.context.limits.maxMapLength);
}

/** Gives the task exactly `length` instances; those that are ready with it. What is below counts all of them. */
async function fitInstances(settlement: Settlement, work: RunWork, first: Instance, length: number): Promise<Instance[]> {
  const instances = work.byTask.get(first.taskId)!;
  const byIndex = new Map(instances.map((instance) => [instance.mapIndex, instance]));
  const placeholder = byIndex.get(UNMAPPED);
  if (placeholder !== undefined && !byIndex.has(0)) {
    placeholder.mapIndex = 0;
    placeholder.stateChanged = true;
    // Under its new index only: whatever is in here twice would be made ready twice.
    byIndex.delete(UNMAPPED);
    byIndex.set(0, placeholder);
  }
  for (const instance of byIndex.values()) {
    if (instance.mapIndex < length) bringBack(settlement, work, instance);
    else if (instance.state === null) changeState(settlement, work, instance, "removed", { reason: `it is mapped over ${length} now` });
  }
  const missing = Array.from({ length }, (_, mapIndex) => mapIndex).filter((mapIndex) => !byIndex.has(mapIndex));
  const added = await addMissing(settlement, work, first, missing);
  return [...byIndex.values(), ...added].filter((instance) => instance.state === null && instance.mapIndex !== UNMAPPED);
}

/** A member that an earlier, shorter expansion left out is there again. */
function bringBack(settlement: Settlement, work: RunWork, instance: Instance): void {
  if (instance.state !== "removed") return;
  instance.keepsHistory = instance.tryNumber > 0;
  changeState(settlement, work, instance, null);
}

async function addMissing(settlement: Settlement, work: RunWork, like: Instance, mapIndexes: readonly number[]): Promise<Instance[]> {
  if (mapIndexes.length === 0) return [];
  const { taskInstanceIds } = await reserveIds(settlement.tx, { dagRuns: 0, taskInstances: mapIndexes.length });
  const added = mapIndexes.map((mapIndex, index) =>
    addInstance(work, {
      ...like,
      id: taskInstanceIds[index]!,
      mapIndex,
      state: null,
      tryNumber: 0,
      maxTries: nodeOf(work, like).spec.retries,
      counts: { ...like.counts },
      attemptId: null,
      stored: null,
    }),
  );
  countRun(work, added.length, 0);
  addPending(settlement, work, like.taskId, "total", added.length);
  return added;
}
