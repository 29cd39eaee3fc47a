import {
  expansionLength,
  isTradewindError,
  type Json,
  listXComRefs,
  mapLengths,
  resolveInputs,
  staticExpansionLength,
  TradewindError,
} from "@tradewind/core";
import { listXComs, reserveIds } from "@tradewind/metadata";
import { gatherXComs } from "../attempts/xcom-lookup.ts";
import type { Instance, RunWork } from "./run-work.ts";
import { addInstance, nodeOf } from "./run-work.ts";
import { addPending, changeState, countRun, makeReady, type Settlement } from "./settlement.ts";

/**
 * The placeholder of a mapped task may run: finds out how many instances there are and makes them. The placeholder becomes index 0; with none it is skipped.
 * All of them are ready at once, since they wait for the same upstreams.
 */
export async function expandTask(settlement: Settlement, work: RunWork, placeholder: Instance): Promise<void> {
  try {
    const length = await findLength(settlement, work, placeholder);
    if (length === 0) return changeState(settlement, work, placeholder, "skipped", { reason: "it is mapped over nothing" });
    const instances = await multiply(settlement, work, placeholder, length);
    for (const instance of instances) makeReady(settlement, work, instance);
  } catch (error) {
    if (!isTradewindError(error)) throw error;
    // Airflow: an upstream that is not populated when it should be.
    changeState(settlement, work, placeholder, "upstream_failed", { reason: error.message });
  }
}

async function findLength(settlement: Settlement, work: RunWork, placeholder: Instance): Promise<number> {
  const { spec } = nodeOf(work, placeholder);
  const mapping = spec.mapping!;
  const known = staticExpansionLength(mapping);
  if (known !== null) return checkLength(settlement, spec.taskId, known);
  const refs = listXComRefs({ inputs: {}, mapping }).map((ref) => ({ dagRunId: work.run.id, ...ref }));
  const lookup = gatherXComs(work.graph, await listXComs(settlement.tx, { refs, maxBytes: null })).ofRun(work.run.id);
  const values = resolveInputs(mapping.inputs, lookup, spec.taskId) as Record<string, Json>;
  const lengths = mapLengths(mapping, values, { taskId: spec.taskId, maxMapLength: settlement.context.limits.maxMapLength });
  return checkLength(settlement, spec.taskId, expansionLength(mapping, lengths));
}

function checkLength(settlement: Settlement, taskId: string, length: number): number {
  const { maxMapLength } = settlement.context.limits;
  if (length <= maxMapLength) return length;
  throw new TradewindError("mapping_too_long", `Task "${taskId}" would have ${length} instances, more than the ${maxMapLength} allowed. Map over less, or raise max_map_length.`, {
    details: { taskId, length, maxMapLength },
  });
}

/** The placeholder as index 0 and `length - 1` more like it; what is below counts all of them. */
async function multiply(settlement: Settlement, work: RunWork, placeholder: Instance, length: number): Promise<Instance[]> {
  const more = length - 1;
  const { taskInstanceIds } = more > 0 ? await reserveIds(settlement.tx, { dagRuns: 0, taskInstances: more }) : { taskInstanceIds: [] };
  placeholder.mapIndex = 0;
  placeholder.stateChanged = true;
  const added = taskInstanceIds.map((id, index) =>
    addInstance(work, {
      ...placeholder,
      id,
      mapIndex: index + 1,
      counts: { ...placeholder.counts },
      attemptId: null,
      stored: null,
    }),
  );
  countRun(work, added.length, 0);
  if (more > 0) addPending(settlement, work, placeholder.taskId, "total", more);
  return [placeholder, ...added];
}
