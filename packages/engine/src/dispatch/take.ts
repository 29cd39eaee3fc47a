import {
  compareForDispatch,
  type DispatchCandidate,
  planDispatch,
  type PoolLimit,
  runLimitKey,
  runTaskLimitKey,
  taskLimitKey,
} from "@tradewind/core";
import {
  type GrantedAttempt,
  listDispatchCandidates,
  type LimitScope,
  lockLiveAttempts,
  parkBehindLimits,
  type ParkedRows,
  parkKeys,
  type QueuedCandidate,
  takeFromQueue,
  type Transaction,
  unparkTaskQueue,
} from "@tradewind/metadata";
import type { EngineContext } from "../context.ts";

/** An earlier try may have left something behind, which the next one has to take away when it begins. */
export function isRepeated({ tryNumber, rescheduleCount }: { tryNumber: number; rescheduleCount: number | null }): boolean {
  return tryNumber > 1 || rescheduleCount !== null;
}

/** How often one dispatch looks again after it had to park what it found. */
const MAX_ROUNDS = 10;

export interface TakeOptions {
  /** Free slots by executor. */
  executors: ReadonlyMap<string, number>;
  /** Only these queues; null: all. */
  queues: readonly string[] | null;
  /** How many in all. */
  freeSlots: number;
  /** Who each taken one belongs to, asked in the order they are taken: the scheduler it counts against, and the host that begins it at once, if any. */
  ownerOf(index: number, candidate: QueuedCandidate): { schedulerId: string; hostId: string | null };
  /** The statement that takes these has been sent: what else is wanted of them can travel with it. Some may be gone already. `isLast`: taking sends nothing more. */
  onTaking?(planned: readonly Taken[], isLast: boolean): void;
}

/** What a look at the queue found. */
export interface FoundWork {
  taken: Taken[];
  /** All free slots were filled. */
  isFull: boolean;
  /** Nothing was in sight. */
  sawNothing: boolean;
  /** Everything in sight was taken. */
  tookAll: boolean;
  /** Some of what was chosen last was gone, and nothing more could be sent: another look may find what fills their places. */
  isShort: boolean;
}

/** A first look whose statement has been sent already. */
export interface FirstLook {
  limit: number;
  candidates: Promise<QueuedCandidate[]>;
}

export interface Taken {
  attemptId: string;
  candidate: QueuedCandidate;
  schedulerId: string;
  hostId: string | null;
  bundleSha256: string;
}

/** What was taken for a host, as it is granted. */
export function toGranted({ attemptId, candidate, bundleSha256 }: Taken): GrantedAttempt {
  return { ...candidate, attemptId, taskInstanceId: candidate.id, bundleSha256, queuedMs: 0 };
}

/**
 * Takes waiting task instances, best first, within every limit, and gives them leases. What a limit of a run or task holds back is parked with all that is behind the same limit, and
 * another look is taken, so that what is held back hides nothing. The transaction holds the dispatch lock.
 */
export async function takeWork(context: EngineContext, tx: Transaction, options: TakeOptions, firstLook?: FirstLook): Promise<FoundWork> {
  const executors = new Map(options.executors);
  const taken: Taken[] = [];
  let sawNothing = false;
  let tookAll = false;
  let isShort = false;
  for (let round = 0; round < MAX_ROUNDS && taken.length < options.freeSlots; round++) {
    const open = [...executors].filter(([, free]) => free > 0).map(([name]) => name);
    if (open.length === 0) break;
    const wanted = options.freeSlots - taken.length;
    const limit = Math.min(wanted, context.limits.dispatchCandidates);
    const look = round === 0 && firstLook !== undefined ? firstLook : lookAtQueue(context, tx, { executors: open, queues: options.queues, limit });
    const candidates = await look.candidates;
    if (candidates.length === 0) {
      sawNothing = round === 0;
      tookAll = true;
      break;
    }
    const { took, parked, isLast, chosen } = await takeRound(context, tx, candidates, {
      ...options,
      executors,
      freeSlots: wanted,
      offset: taken.length,
      limit: look.limit,
    });
    for (const one of took) executors.set(one.candidate.executor, executors.get(one.candidate.executor)! - 1);
    taken.push(...took);
    tookAll = took.length === candidates.length && candidates.length < look.limit;
    isShort = isLast && took.length < chosen;
    if (isLast || tookAll || (took.length === 0 && parked === 0)) break;
  }
  return { taken, isFull: taken.length >= options.freeSlots, sawNothing, tookAll, isShort };
}

/** Sends the question what waits; `limit` for each executor and pool. */
export function lookAtQueue(
  context: EngineContext,
  tx: Transaction,
  { executors, queues, limit }: { executors: readonly string[]; queues: readonly string[] | null; limit: number },
): FirstLook {
  return { limit, candidates: listDispatchCandidates(tx, { executors, queues, limit, now: context.stampAt() }) };
}

async function takeRound(
  context: EngineContext,
  tx: Transaction,
  found: readonly QueuedCandidate[],
  options: TakeOptions & { offset: number; limit: number },
): Promise<{ took: Taken[]; parked: number; isLast: boolean; chosen: number }> {
  const paused = found.filter((candidate) => candidate.isPaused);
  const candidates = found.filter((candidate) => !candidate.isPaused).sort(compareForDispatch);
  const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
  const plan = planDispatch({
    candidates: candidates.map(toCandidate),
    used: usedOf(candidates),
    pools: poolsOf(candidates),
    executors: options.executors,
    freeSlots: options.freeSlots,
  });
  // Neither is there something to be parked, nor is another look needed: all slots are filled, or all that is in sight is taken.
  const isLast = plan.park.length === 0 && paused.length === 0 && (plan.take.length === options.freeSlots || candidates.length < options.limit);
  const took = await take(
    context,
    tx,
    plan.take.map((id) => byId.get(id)!),
    { ...options, isLast },
  );
  const held = plan.park
    .filter(({ key }) => !key.startsWith("pool:") && !key.startsWith("executor:"))
    .map(({ id, key }) => ({ candidate: byId.get(id)!, key }));
  await park(tx, [...held, ...paused.map((candidate) => ({ candidate, key: parkKeys.dag(candidate.dagId) }))]);
  return { took, parked: held.length + paused.length, isLast, chosen: plan.take.length };
}

function toCandidate(candidate: QueuedCandidate): DispatchCandidate {
  return candidate;
}

function usedOf(candidates: readonly QueuedCandidate[]): Map<string, number> {
  const used = new Map<string, number>();
  for (const { dagRunId, dagId, taskId, usedByRun, usedByTask, usedByRunTask } of candidates) {
    used.set(runLimitKey(dagRunId), usedByRun);
    used.set(taskLimitKey(dagId, taskId), usedByTask);
    used.set(runTaskLimitKey(dagRunId, taskId), usedByRunTask);
  }
  return used;
}

/** No task can be deferred yet. */
function poolsOf(candidates: readonly QueuedCandidate[]): Map<string, PoolLimit> {
  return new Map(
    candidates.map(({ pool, poolSize, poolUsed, includeDeferred }) => [
      pool,
      { slots: poolSize, includeDeferred, occupiedSlots: poolUsed, deferredSlots: 0 },
    ]),
  );
}

async function take(
  context: EngineContext,
  tx: Transaction,
  candidates: readonly QueuedCandidate[],
  options: TakeOptions & { offset: number; isLast: boolean },
): Promise<Taken[]> {
  if (candidates.length === 0) return [];
  await context.versions.load(
    tx,
    candidates.map((candidate) => candidate.dagVersionId),
  );
  const planned = candidates.map((candidate, index): Taken => {
    const { bundleSha256 } = context.versions.get(candidate.dagVersionId);
    return { attemptId: context.newAttemptId(), candidate, bundleSha256, ...options.ownerOf(options.offset + index, candidate) };
  });
  const { leaseMs, taskQueuedTimeoutMs } = context.limits;
  const taking = takeFromQueue(tx, {
    leases: planned.map(({ candidate, ...lease }) => ({
      ...candidate,
      taskInstanceId: candidate.id,
      ...lease,
      expiresInMs: lease.hostId === null ? taskQueuedTimeoutMs : leaseMs,
    })),
    now: context.stampAt(),
  });
  options.onTaking?.(planned, options.isLast);
  const attemptIds = new Set(await taking);
  for (const { attemptId, candidate } of planned)
    context.attemptPlaces.note(attemptId, { ...candidate, taskInstanceId: candidate.id, isRepeated: isRepeated(candidate) });
  return planned.filter((one) => attemptIds.has(one.attemptId));
}

/**
 * Parks rows, and with them all others behind the same limit of a run or task. A row that goes from the sight of dispatch makes room for another one under its other limits: those are
 * brought back, so that under every limit that is not reached all rows are in sight.
 *
 * A limit that a transaction is just giving a slot back to is not reached any more; its rows stay in sight for the next round.
 */
async function park(tx: Transaction, rows: readonly { candidate: QueuedCandidate; key: string }[]): Promise<void> {
  if (rows.length === 0) return;
  const scopes = new Map(rows.map(({ candidate, key }) => [key, { ...scopeOf(candidate, key), capacity: capacityOf(candidate, key) }]));
  const live = await lockLiveAttempts(tx, [...scopes.values()]);
  const reached = [...scopes.values()].filter(({ key, capacity }) => (live.get(key) ?? 0) >= capacity);
  const parked = await parkBehindLimits(tx, reached);
  const others = new Map<string, number>();
  for (const group of parked) for (const other of otherKeys(group)) others.set(other, (others.get(other) ?? 0) + group.count);
  const isReached = new Set(reached.map(({ key }) => key));
  await unparkTaskQueue(
    tx,
    [...others].filter(([key]) => !isReached.has(key)).map(([key, count]) => ({ key, count })),
  );
}

function scopeOf({ dagRunId, dagId, taskId }: QueuedCandidate, key: string): LimitScope {
  const isOfRun = key === parkKeys.run(dagRunId);
  const isOfTask = key === parkKeys.task(dagId, taskId);
  const isOfDag = key === parkKeys.dag(dagId);
  return { key, dagId, dagRunId: isOfTask || isOfDag ? null : dagRunId, taskId: isOfRun || isOfDag ? null : taskId };
}

/** How many may be live under the key; of a paused DAG none. */
function capacityOf(candidate: QueuedCandidate, key: string): number {
  if (key === parkKeys.dag(candidate.dagId)) return 0;
  if (key === parkKeys.run(candidate.dagRunId)) return candidate.maxActiveTasks;
  return (
    (key === parkKeys.task(candidate.dagId, candidate.taskId) ? candidate.maxActiveTisPerDag : candidate.maxActiveTisPerDagrun) ??
    Number.POSITIVE_INFINITY
  );
}

function otherKeys({ key, dagRunId, dagId, taskId, maxActiveTisPerDag, maxActiveTisPerDagrun }: ParkedRows): string[] {
  const keys = [parkKeys.run(dagRunId)];
  if (maxActiveTisPerDag !== null) keys.push(parkKeys.task(dagId, taskId));
  if (maxActiveTisPerDagrun !== null) keys.push(parkKeys.runTask(dagRunId, taskId));
  return keys.filter((other) => other !== key);
}
