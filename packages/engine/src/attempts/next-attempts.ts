import { findRunnerHostExecutor, type Transaction, tryLockDispatch } from "@tradewind/metadata";
import type { AfterCommit, EngineContext } from "../context.ts";
import { type FirstLook, lookAtQueue, type Taken, takeWork, toGranted } from "../dispatch/take.ts";
import type { Exchange, FreedSlot, HostGrant } from "./exchange-batch.ts";

/** Freed slots of hosts that want more and can take the same. */
export interface WantedSlots {
  executor: string;
  queues: readonly string[] | null;
  slots: FreedSlot[];
}

/** Which executor a host belongs to, which never changes. */
export interface ExecutorLookup {
  find(tx: Transaction, hostId: string): Promise<string | null>;
  /** If it is known. */
  peek(hostId: string): string | undefined;
}

export function createExecutorLookup(): ExecutorLookup {
  const known = new Map<string, string>();
  return {
    async find(tx, hostId) {
      const executor = known.get(hostId) ?? (await findRunnerHostExecutor(tx, { hostId }));
      if (executor !== null) known.set(hostId, executor);
      return executor;
    },
    peek: (hostId) => known.get(hostId),
  };
}

export async function groupWants(
  tx: Transaction,
  { batch, freed, executorOf }: { batch: readonly Exchange[]; freed: readonly FreedSlot[]; executorOf: ExecutorLookup },
): Promise<WantedSlots[]> {
  const groups = new Map<string, WantedSlots>();
  for (const entry of batch) {
    const { hostId, want, queues } = entry.request;
    const slots = freed.filter((slot) => slot.entry === entry).slice(0, want);
    const executor = slots.length === 0 ? null : await executorOf.find(tx, hostId);
    if (executor === null) continue;
    const key = JSON.stringify([executor, queues]);
    const group = groups.get(key) ?? { executor, queues, slots: [] };
    group.slots.push(...slots);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Dispatch into freed slots, begun: the questions have been sent, behind what was sent before. */
export interface BegunDispatch {
  groups: readonly WantedSlots[];
  /** false: another transaction is dispatching, and sees to it. */
  isLocked: Promise<boolean>;
  /** For the first group; it counts only under the lock, which was asked for before. */
  firstLook: FirstLook;
}

export function beginDispatch(context: EngineContext, tx: Transaction, groups: readonly WantedSlots[]): BegunDispatch | null {
  const [first] = groups;
  if (first === undefined) return null;
  const isLocked = tryLockDispatch(tx);
  // One more than there is room for tells whether anything is left.
  const limit = Math.min(first.slots.length + 1, context.limits.dispatchCandidates);
  return { groups, isLocked, firstLook: lookAtQueue(context, tx, { executors: [first.executor], queues: first.queues, limit }) };
}

export interface NextAttempts {
  given: HostGrant[];
  /** Slots that were filled. */
  filled: readonly FreedSlot[];
  /** Nothing of what these hosts can take waits in sight of dispatch any more, as far as was looked. */
  leftNothing: boolean;
  /** Nothing at all waits in sight of dispatch any more. */
  isDrained: boolean;
  /** They were never in the queue. */
  isHandedOver: boolean;
}

export const NOTHING_NEXT: NextAttempts = { given: [], filled: [], leftNothing: true, isDrained: false, isHandedOver: false };

/** @param onTaking hears of what is taken when the statement for it has just been sent */
export async function takeNext(
  context: EngineContext,
  tx: Transaction,
  dispatch: BegunDispatch | null,
  onTaking: (planned: readonly Taken[], isLast: boolean) => void,
): Promise<NextAttempts> {
  if (dispatch === null) return NOTHING_NEXT;
  const next: NextAttempts = { ...NOTHING_NEXT, given: [] };
  if (!(await dispatch.isLocked)) return { ...next, leftNothing: false };
  const filled: FreedSlot[] = [];
  for (const [place, { executor, queues, slots }] of dispatch.groups.entries()) {
    const found = await takeWork(
      context,
      tx,
      {
        executors: new Map([[executor, slots.length]]),
        queues,
        freeSlots: slots.length,
        ownerOf: (index) => ({ schedulerId: slots[index]!.schedulerId, hostId: slots[index]!.entry.request.hostId }),
        onTaking: (planned, isLast) => onTaking(planned, isLast && place === dispatch.groups.length - 1),
      },
      place === 0 ? dispatch.firstLook : undefined,
    );
    for (const [index, taken] of found.taken.entries()) {
      next.given.push({ entry: slots[index]!.entry, kind: "next", attempt: toGranted(taken) });
      filled.push(slots[index]!);
    }
    next.leftNothing &&= found.tookAll;
    next.isDrained = found.tookAll && queues === null && dispatch.groups.length === 1 && isOnlyExecutor(context, executor);
  }
  return { ...next, filled };
}

export function isOnlyExecutor({ routes }: EngineContext, executor: string): boolean {
  return routes.known !== null && routes.known.every((name) => name === executor);
}

/**
 * Who has to look for work because of this exchange. Usually everybody; but when nothing is left to be found nobody, and when each slot that became free was filled again, and no scheduler of
 * this process has another one, only the other processes.
 */
export function narrowWakes(context: EngineContext, after: AfterCommit, freed: readonly FreedSlot[], { filled, isDrained }: NextAttempts): void {
  const open = new Map<string, number>();
  for (const { schedulerId } of freed) open.set(schedulerId, (open.get(schedulerId) ?? 0) + 1);
  for (const { schedulerId } of filled) open.set(schedulerId, open.get(schedulerId)! - 1);
  const withRoom = [...open].filter(([, count]) => count > 0).map(([schedulerId]) => schedulerId);
  after.placesFreed = withRoom;
  if (!after.wakes.has("ready")) return;
  if (isDrained) after.wakes.delete("ready");
  else if (withRoom.length === 0 && context.fullSchedulers.areAllFull()) {
    after.wakes.delete("ready");
    after.wakesElsewhere.add("ready");
  }
}
