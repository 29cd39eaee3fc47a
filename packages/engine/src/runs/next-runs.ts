import { allowsRunType, hasTooManyFailedRuns, mayCreateRun, type NextRun, nextRun } from "@tradewind/core";
import {
  countActiveDagRuns,
  hasActiveRuns,
  listLastScheduledRuns,
  listLatestDagRunStates,
  lockQueuedDagRuns,
  lockScheduledDags,
  pauseDag,
  type ScheduledDag,
  type Transaction,
  writeDagSchedules,
} from "@tradewind/metadata";
import { insertEventLog } from "@tradewind/metadata/rest";
import { commit } from "../commit.ts";
import type { AfterCommit, EngineContext } from "../context.ts";
import { startRun } from "../settle/run-outcomes.ts";
import { settleAndFlush } from "../settle/settle.ts";
import { addRuns, createSettlement, loadWholeRuns } from "../settle/settlement.ts";

/**
 * Runs of these DAGs ended: pauses a DAG that failed too often in a row, or has drained, lets its schedule create again, and starts queued runs in the places that are free.
 *
 * A transaction of its own, after the one that ended the runs: it locks the DAG first, which that one, holding runs, must not.
 */
export async function letNextRunsIn(context: EngineContext, dagIds: readonly string[]): Promise<number> {
  return commit(context, async (tx, after) => {
    const dags = await lockScheduledDags(tx, { dagIds, now: context.stampAt() });
    const paused = await pauseFailing(tx, after, dags);
    // Of paused DAGs too: when they go on no run may end any more that would do it then.
    await unblockCreation(context, tx, after, dags);
    for (const dagId of await pauseDrained(tx, after, dags)) paused.add(dagId);
    const going = dags.filter((dag) => !dag.isPaused && !paused.has(dag.dagId));
    return startQueued(context, tx, after, going);
  });
}

/** "On failure with max_consecutive_failed_dag_runs=N>0: last N runs by logical date all failed: Dag is paused, event logged." */
async function pauseFailing(tx: Transaction, after: AfterCommit, dags: readonly ScheduledDag[]): Promise<Set<string>> {
  const paused = new Set<string>();
  for (const { dagId, maxConsecutiveFailedDagRuns: limit, isPaused } of dags) {
    if (limit <= 0 || isPaused) continue;
    const states = await listLatestDagRunStates(tx, { dagId, limit });
    if (!hasTooManyFailedRuns(states, limit) || !(await pauseDag(tx, { dagId }))) continue;
    paused.add(dagId);
    const extra = { before: { is_paused: false }, after: { is_paused: true }, reason: `the last ${limit} runs failed` };
    await insertEventLog(tx, { event: "paused", owner: "scheduler", dagId, extra });
    after.changes.dags.add(dagId);
    after.wakes.add("dags").add("state");
  }
  return paused;
}

/**
 * "Draining: … unfinished runs finish, then the Dag pauses itself." Whoever makes a run of the DAG, or has it drain, holds the lock that is held here: a run is either counted here, or made
 * after the DAG was paused.
 */
async function pauseDrained(tx: Transaction, after: AfterCommit, dags: readonly ScheduledDag[]): Promise<string[]> {
  const paused: string[] = [];
  for (const { dagId, isDraining } of dags) {
    if (!isDraining || (await hasActiveRuns(tx, { dagId })) || !(await pauseDag(tx, { dagId }))) continue;
    paused.push(dagId);
    const extra = { before: { is_paused: false, scheduling_state: "draining" }, after: { is_paused: true } };
    await insertEventLog(tx, { event: "drained", owner: "scheduler", dagId, extra });
    after.changes.dags.add(dagId);
    after.wakes.add("dags").add("state");
  }
  return paused;
}

/** What the schedule wants is asked anew: without catchup it depends on the time, and after a continuous run on when that ended. */
async function unblockCreation(context: EngineContext, tx: Transaction, after: AfterCommit, dags: readonly ScheduledDag[]): Promise<void> {
  const blocked = dags.filter((dag) => dag.creationBlocked);
  if (blocked.length === 0) return;
  const dagIds = blocked.map((dag) => dag.dagId);
  const [active, lastRuns] = await Promise.all([countActiveDagRuns(tx, { dagIds }), listLastScheduledRuns(tx, { dagIds })]);
  await context.versions.load(
    tx,
    blocked.map((dag) => dag.dagVersionId),
  );
  const free = blocked.filter((dag) => {
    const { running, queued } = active.get(dag.dagId)!;
    return mayCreateRun({ queuedRuns: queued, runningRuns: running, maxActiveRuns: dag.maxActiveRuns });
  });
  await writeDagSchedules(
    tx,
    free.map((dag) => ({ dagId: dag.dagId, creationBlocked: false, next: wantedRun(context, dag, lastRuns.get(dag.dagId) ?? null) })),
  );
  if (free.length > 0) after.wakes.add("dags");
}

/** The run that a DAG's schedule wants after `last`. */
export function wantedRun(
  context: EngineContext,
  dag: Pick<ScheduledDag, "dagVersionId" | "now">,
  last: { logicalDate: Date; dataIntervalStart: Date; dataIntervalEnd: Date; runAfter: Date } | null,
): NextRun | null {
  const { spec } = context.versions.get(dag.dagVersionId).graph;
  if (!allowsRunType(spec, "scheduled")) return null;
  return nextRun(spec.schedule, {
    lastRun:
      last === null
        ? null
        : { logicalDate: last.logicalDate, dataInterval: { start: last.dataIntervalStart, end: last.dataIntervalEnd }, runAfter: last.runAfter },
    now: dag.now,
    startDate: spec.startDate === null ? null : new Date(spec.startDate),
    endDate: spec.endDate === null ? null : new Date(spec.endDate),
    catchup: spec.catchup,
  });
}

/** Starts queued runs of locked DAGs within their limits. */
export async function startQueued(context: EngineContext, tx: Transaction, after: AfterCommit, dags: readonly ScheduledDag[]): Promise<number> {
  if (dags.length === 0) return 0;
  const active = await countActiveDagRuns(tx, { dagIds: dags.map((dag) => dag.dagId) });
  const rooms = dags
    .map(({ dagId, maxActiveRuns }) => ({ dagId, room: Math.min(active.get(dagId)!.queued, maxActiveRuns - active.get(dagId)!.running) }))
    .filter((dag) => dag.room > 0);
  if (rooms.length === 0) return 0;
  const beyond = capRooms(rooms);
  if (beyond) after.wakes.add("runs");
  const runs = await lockQueuedDagRuns(tx, { dags: rooms, now: context.stampAt() });
  if (runs.length === 0) return 0;
  const settlement = createSettlement(context, tx, after);
  await addRuns(settlement, runs);
  const works = [...settlement.runs.values()];
  await loadWholeRuns(settlement, works);
  for (const work of works) startRun(settlement, work);
  await settleAndFlush(settlement);
  return runs.length;
}

/** Runs that one transaction starts: it holds their locks and all their task instances. */
const MOST_RUNS = 500;

/** Whether more could start than one transaction should; then the last get no room. */
function capRooms(rooms: { room: number }[]): boolean {
  let left = MOST_RUNS;
  let isCut = false;
  for (const one of rooms) {
    isCut ||= one.room > left;
    one.room = Math.min(one.room, left);
    left -= one.room;
  }
  return isCut;
}
