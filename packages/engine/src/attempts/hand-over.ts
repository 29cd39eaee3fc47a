import { planDispatch, type PoolLimit, runLimitKey } from "@tradewind/core";
import {
  type DispatchFacts,
  insertBegunLeases,
  type GrantedAttempt,
  listDispatchFacts,
  type LeasedAttempt,
  type Transaction,
  tryLockDispatch,
} from "@tradewind/metadata";
import type { EngineContext } from "../context.ts";
import { type Instance, nodeOf, type RunWork } from "../settle/run-work.ts";
import { limitKeys } from "../settle/flush.ts";
import type { Settlement } from "../settle/settlement.ts";
import type { AttemptPlace } from "./attempt-places.ts";
import type { FreedSlot, HostGrant } from "./exchange-batch.ts";
import { isOnlyExecutor, type NextAttempts, type WantedSlots } from "./next-attempts.ts";

/**
 * Handing over: where nothing waits in the queue, what becomes ready in a transaction takes the slots that became free in it without ever being queued. That is each step of a chain in a system that
 * is not full: it saves a row of the queue, looking for it, and a round trip.
 *
 * It is dispatch all the same: under the dispatch lock, within all limits, and in nobody's place. Whatever is not plain goes through the queue: anything that waits, is paused, is tried again, has a
 * limit of its own, or does not fit.
 */
export interface AskedAhead {
  /** false: another transaction is dispatching. */
  isLocked: boolean;
  facts: DispatchFacts;
  /** What was asked about. */
  executors: readonly string[];
  versions: ReadonlyMap<number, number>;
}

/** Asks what has to be known, behind the locks of the runs. Null: it is not worth it, or not known of what. */
export function askAhead(
  context: EngineContext,
  tx: Transaction,
  { places, finishes, executors }: { places: readonly AttemptPlace[]; finishes: number; executors: readonly string[] },
): Promise<AskedAhead> | null {
  if (places.length < finishes || executors.length === 0) return null;
  const pools = new Set<string>();
  const parkedKeys = new Set<string>();
  const versions = new Map<number, number>();
  let below = 0;
  for (const { dagRunId, dagVersionId, taskId } of places) {
    const version = context.versions.peek(dagVersionId);
    const node = version?.graph.tasks.get(taskId);
    if (version === undefined || node === undefined) return null;
    // A run that was moved to another version between two of its attempts: the limits of the earlier one are not what its end gives back.
    if ((versions.get(dagRunId) ?? dagVersionId) !== dagVersionId) return null;
    versions.set(dagRunId, dagVersionId);
    for (const key of limitKeys(dagRunId, version.dagId, node.spec)) parkedKeys.add(key);
    for (const id of node.downstream) pools.add(version.graph.tasks.get(id)!.spec.pool);
    below = Math.max(below, node.downstream.length);
  }
  // More than there will be slots: it has to be queued.
  if (pools.size === 0 || below > finishes) return null;
  const locking = tryLockDispatch(tx);
  const reading = listDispatchFacts(tx, { executors, parkedKeys: [...parkedKeys], pools: [...pools], dagRunIds: [...versions.keys()] });
  return Promise.all([locking, reading]).then(([isLocked, facts]) => ({ isLocked, facts, executors, versions }));
}

/** What is handed over, in memory; it is in the settlement's `handedOver`, by which it is written as begun and never queued. */
export interface HandOver {
  group: WantedSlots;
  slots: readonly FreedSlot[];
  ready: readonly { work: RunWork; instance: Instance; attemptId: string; bundleSha256: string }[];
}

export function planHandOver(
  settlement: Settlement,
  groups: readonly WantedSlots[],
  asked: AskedAhead | null,
  ended: readonly LeasedAttempt[],
): HandOver | null {
  const [group] = groups;
  if (asked === null || !asked.isLocked || asked.facts.waits || group === undefined || groups.length > 1) return null;
  if (!asked.executors.includes(group.executor) || !isAsAsked(settlement, asked, ended)) return null;
  const ready = [...settlement.runs.values()].flatMap((work) =>
    [...work.instances.values()]
      .filter((one) => one.stateChanged && one.state === "scheduled")
      .map((instance) => ({
        work,
        instance,
        // Now, since others may push it out of memory.
        bundleSha256: settlement.context.versions.get(work.run.dagVersionId).bundleSha256,
      })),
  );
  if (ready.length === 0 || ready.length > group.slots.length) return null;
  if (!ready.every(({ work, instance }) => isPlain(settlement, work, instance, group)) || !fits(ready, asked, ended, group)) return null;
  const begun = ready.map((one) => ({ ...one, attemptId: settlement.context.newAttemptId() }));
  const slots = group.slots.slice(0, begun.length);
  for (const [index, { instance, attemptId }] of begun.entries())
    settlement.handedOver.set(instance, { attemptId, hostId: slots[index]!.entry.request.hostId });
  return { group, slots, ready: begun };
}

/** Only the attempts end that were asked about, and of the versions that were: what else lets somebody in (a task that is withdrawn with them) was not looked at. */
function isAsAsked({ runs, unqueued, endedLeases }: Settlement, { versions }: AskedAhead, ended: readonly LeasedAttempt[]): boolean {
  if (unqueued.size > 0 || endedLeases.length !== ended.length) return false;
  return [...runs.values()].every(({ run }) => versions.get(run.id) === run.dagVersionId);
}

function isPlain({ context }: Settlement, work: RunWork, instance: Instance, { executor, queues }: WantedSlots): boolean {
  const { maxActiveTisPerDag, maxActiveTisPerDagrun } = nodeOf(work, instance).spec;
  const isFirst = instance.tryNumber === 1 && instance.attemptId === null && instance.stored?.state === null;
  const isFor = context.executorOf(instance) === executor && (queues === null || queues.includes(instance.queue));
  return isFirst && isFor && maxActiveTisPerDag === null && maxActiveTisPerDagrun === null;
}

/** By the rule by which dispatch chooses, as things are when the ended attempts are gone. */
function fits(
  ready: readonly Pick<HandOver["ready"][number], "work" | "instance">[],
  { facts }: AskedAhead,
  ended: readonly LeasedAttempt[],
  { executor }: WantedSlots,
): boolean {
  // As they are after the runs were locked: a pause that comes later waits for the runs.
  const isPaused = new Map(facts.runs.map((run) => [run.id, run.isPaused]));
  if (ready.some(({ work }) => isPaused.get(work.run.id) !== false)) return false;
  const used = new Map(facts.runs.map(({ id, live }) => [runLimitKey(id), live]));
  const freed = new Map<string, number>();
  for (const { instance, leasePool, leasePoolSlots } of ended) {
    const key = runLimitKey(instance.dagRunId);
    used.set(key, (used.get(key) ?? 0) - 1);
    freed.set(leasePool, (freed.get(leasePool) ?? 0) + leasePoolSlots);
  }
  const pools = new Map(
    facts.pools.map(({ name, slots, used, includeDeferred }): [string, PoolLimit] => [
      name,
      { slots, includeDeferred, occupiedSlots: used - (freed.get(name) ?? 0), deferredSlots: 0 },
    ]),
  );
  const candidates = ready.map(({ work, instance }) => ({
    ...instance,
    dagId: work.run.dagId,
    executor,
    maxActiveTasks: work.graph.spec.maxActiveTasks,
    maxActiveTisPerDag: null,
    maxActiveTisPerDagrun: null,
  }));
  const plan = planDispatch({ candidates, used, pools, executors: new Map([[executor, ready.length]]), freeSlots: ready.length });
  return plan.take.length === ready.length;
}

/** Sends the statement that gives what is handed over its leases, behind those that made it ready and began it. */
export function takeHandedOver(
  context: EngineContext,
  tx: Transaction,
  { group, slots, ready }: HandOver,
): { next: NextAttempts; taking: Promise<unknown> } {
  const given = ready.map(({ work, instance, attemptId, bundleSha256 }, index): HostGrant => {
    const { dagVersionId } = work.run;
    const attempt: GrantedAttempt = {
      attemptId,
      taskInstanceId: instance.id,
      dagRunId: work.run.id,
      dagVersionId,
      taskId: instance.taskId,
      mapIndex: instance.mapIndex,
      tryNumber: instance.tryNumber,
      maxTries: instance.maxTries,
      bundleSha256,
      queue: instance.queue,
      queuedMs: 0,
      scheduledMs: 0,
      firstStartedAt: null,
      rescheduleCount: null,
    };
    return { entry: slots[index]!.entry, kind: "next", attempt };
  });
  const leases = given.map(({ entry, attempt }, index) => {
    const { work, instance } = ready[index]!;
    const { pool, poolSlots, priorityWeight } = instance;
    const { schedulerId } = slots[index]!;
    return {
      ...attempt,
      ...{ dagId: work.run.dagId, pool, poolSlots, priorityWeight, schedulerId },
      executor: context.executorOf(instance),
      hostId: entry.request.hostId,
      expiresInMs: context.limits.leaseMs,
    };
  });
  const taking = insertBegunLeases(tx, { leases, now: context.stampAt() });
  for (const { attempt } of given) context.attemptPlaces.note(attempt.attemptId, { ...attempt, isRepeated: false });
  // Nothing else was waiting.
  const isDrained = group.queues === null && isOnlyExecutor(context, group.executor);
  return { next: { given, filled: slots, leftNothing: true, isDrained, isHandedOver: true }, taking };
}
