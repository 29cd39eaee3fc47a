import {
  hasActiveRuns,
  listLastScheduledRuns,
  lockActiveDagRuns,
  lockDagRecord,
  lockScheduledDags,
  type NextRunColumns,
  parkKeys,
  parkTaskQueueOfDag,
  type ScheduledDag,
  transaction,
  type Transaction,
  unparkAllTaskQueue,
  writeDagPaused,
} from "@tradewind/metadata";
import type { EngineContext } from "../context.ts";
import type { PeopleUseCases } from "../engine.ts";
import { wantedRun } from "../runs/next-runs.ts";
import { audit, dagNotFound } from "./change-runs.ts";

type SetPausedOptions = Parameters<PeopleUseCases["setPaused"]>[0];

/**
 * "Paused Dag: no new runs, no queueing; running TIs go on." What waits for a slot is parked under the DAG's key and stays `scheduled`; unpausing brings it back.
 *
 * Without catchup the next run is worked out anew when the DAG is unpaused: what was missed meanwhile stays missed.
 */
export async function setPaused(context: EngineContext, options: SetPausedOptions): Promise<void> {
  const { dagId, isPaused, actor } = options;
  const isChanged = await transaction(context.db, async (tx) => {
    const [dag] = await lockScheduledDags(tx, { dagIds: [dagId], now: context.stampAt() });
    if (dag === undefined) throw dagNotFound(dagId);
    if (dag.isPaused === isPaused) return false;
    const next = isPaused ? undefined : await planNextRun(context, tx, dag);
    await writeDagPaused(tx, { dagId, isPaused, ...(next !== undefined && { next }) });
    await audit(tx, { event: "patch_dag", actor, dagId, extra: { before: { is_paused: !isPaused }, after: { is_paused: isPaused } } });
    return true;
  });
  await moveQueue(context, dagId);
  if (!isChanged) return;
  context.noteChanges({ dags: [dagId] });
  context.wake(...(isPaused ? (["state"] as const) : (["dags", "runs", "ready", "state"] as const)));
}

/**
 * Parks or brings back what waits in the queue, by what the DAG says now. With the locks of all its active runs: whoever changed one of them meanwhile may have read the DAG before it was
 * (un)paused, and what it put into the queue must not be missed.
 */
async function moveQueue(context: EngineContext, dagId: string): Promise<void> {
  const parkedKey = parkKeys.dag(dagId);
  await transaction(context.db, async (tx) => {
    const dag = await lockDagRecord(tx, { dagId });
    if (dag === null) return;
    await lockActiveDagRuns(tx, { dagId });
    if (dag.isPaused) await parkTaskQueueOfDag(tx, { dagId, parkedKey });
    else await unparkAllTaskQueue(tx, { keys: [parkedKey] });
  });
}

/** What the timetable wants from now on. Absent: it stays as it was (with catchup nothing is left out; a continuous schedule waits for its run). */
async function planNextRun(context: EngineContext, tx: Transaction, dag: ScheduledDag): Promise<NextRunColumns | null | undefined> {
  const { dagId, dagVersionId } = dag;
  await context.versions.load(tx, [dagVersionId]);
  const { spec } = context.versions.get(dagVersionId).graph;
  if (spec.catchup || (spec.schedule.kind === "continuous" && (await hasActiveRuns(tx, { dagId })))) return undefined;
  const last = await listLastScheduledRuns(tx, { dagIds: [dagId] });
  return wantedRun(context, dag, last.get(dagId) ?? null);
}
