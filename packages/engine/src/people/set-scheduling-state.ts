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
  writeSchedulingState,
} from "@tradewind/metadata";
import type { EngineContext } from "../context.ts";
import type { Actor, PeopleUseCases, SchedulingState, WakeKind } from "../engine.ts";
import { wantedRun } from "../runs/next-runs.ts";
import { audit, dagNotFound } from "./change-runs.ts";

type Options = Parameters<PeopleUseCases["setSchedulingState"]>[0];

/**
 * "Paused Dag: no new runs, no queueing; running TIs go on." What waits for a slot is parked under the DAG's key and stays `scheduled`; unpausing brings it back.
 * "Draining: no new scheduled runs, unfinished runs finish, then the Dag pauses itself"; without unfinished runs it is paused at once.
 *
 * Without catchup the next run is worked out anew when the DAG is active again: what was missed meanwhile stays missed.
 */
export async function setSchedulingState(context: EngineContext, { dagId, state, actor }: Options): Promise<void> {
  const change = await transaction(context.db, async (tx) => {
    const [dag] = await lockScheduledDags(tx, { dagIds: [dagId], now: context.stampAt() });
    if (dag === undefined) throw dagNotFound(dagId);
    const isDrained = state === "draining" && !(await hasActiveRuns(tx, { dagId }));
    return changeSchedulingState(context, tx, { dag, state: isDrained ? "paused" : state, actor });
  });
  await followSchedulingState(context, dagId, change);
}

/** What it was, and what it is now. */
export interface SchedulingChange {
  before: SchedulingState;
  after: SchedulingState;
}

/** The caller holds the DAG's lock, and calls `followSchedulingState` after the commit. */
export async function changeSchedulingState(
  context: EngineContext,
  tx: Transaction,
  { dag, state: after, actor }: { dag: ScheduledDag; state: SchedulingState; actor: Actor },
): Promise<SchedulingChange> {
  const { dagId } = dag;
  const before = schedulingStateOf(dag);
  if (before === after) return { before, after };
  const next = after === "active" ? await planNextRun(context, tx, dag) : undefined;
  await writeSchedulingState(tx, { dagId, isPaused: after === "paused", isDraining: after === "draining", ...(next !== undefined && { next }) });
  await audit(tx, { event: "patch_dag", actor, dagId, extra: { before: toldOf(before), after: toldOf(after) } });
  return { before, after };
}

/** What waits in the queue moves with it, and whoever waits for the change is told. */
export async function followSchedulingState(context: EngineContext, dagId: string, { before, after }: SchedulingChange): Promise<void> {
  await moveQueue(context, dagId);
  if (before === after) return;
  context.noteChanges({ dags: [dagId] });
  context.wake(...WAKES[after]);
  // Its last run may have ended after it was seen here, and before the DAG was draining.
  if (after === "draining") context.runsEnded([dagId]);
}

const WAKES: Readonly<Record<SchedulingState, readonly WakeKind[]>> = {
  active: ["dags", "runs", "ready", "state"],
  draining: ["runs", "ready", "state"],
  paused: ["state"],
};

function schedulingStateOf({ isPaused, isDraining }: Pick<ScheduledDag, "isPaused" | "isDraining">): SchedulingState {
  return isPaused ? "paused" : isDraining ? "draining" : "active";
}

/** For the audit log: draining is a way of not being paused. */
function toldOf(state: SchedulingState): Record<string, unknown> {
  return { is_paused: state === "paused", ...(state === "draining" && { scheduling_state: state }) };
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
