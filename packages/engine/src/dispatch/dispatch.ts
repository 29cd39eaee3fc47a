import type { TaskCommand } from "@tradewind/contract";
import { countLeases, lockDispatch, type QueuedCandidate, type Transaction } from "@tradewind/metadata";
import { failGranted } from "../attempts/give-grants.ts";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import type { SchedulingUseCases } from "../scheduling-use-cases.ts";
import { BeginsOfDispatch, groupByHost } from "./begin-on-hosts.ts";
import { type FirstLook, lookAtQueue, type Taken, takeWork } from "./take.ts";

/** The scheduler's own dispatch: waits its turn in the critical section. */
export function dispatchUseCase(context: EngineContext): SchedulingUseCases["dispatch"] {
  const look = (tx: Transaction, rooms: ReadonlyMap<string, number>, most: number): FirstLook => {
    const executors = [...rooms].filter(([, free]) => free > 0).map(([name]) => name);
    return lookAtQueue(context, tx, { executors, queues: null, limit: Math.min(most, context.limits.dispatchCandidates) });
  };

  return async ({ schedulerId, parallelism, executors, limit, monotonicNow }) => {
    const rooms = new Map(executors.map(({ name, free }) => [name, free ?? limit]));
    const away = executors.filter((executor) => executor.isAway === true).map(({ name }) => name);
    const begin = new BeginsOfDispatch(context, { executors, monotonicNow });
    if (!context.readiness.mayHaveWork() || context.fullSchedulers.isFull(schedulerId, { parallelism, away }))
      return { commands: [], begun: [], leasedAtMs: 0, isUnsure: false, more: false };
    const beganAt = context.readiness.beginLook();
    const fullBeganAt = context.fullSchedulers.beginLook();
    const { taken, built, leasedAtMs, more, sawNothing, hasRoom } = await commit(context, (tx, after) =>
      begin.inTry(tx, async (places) => {
        const locking = lockDispatch(tx);
        const counting = countLeases(tx, { schedulerId, exceptQueuedOf: away });
        // Behind the lock; what there turns out to be no room for is left.
        const firstLook = look(tx, rooms, Math.min(limit, parallelism));
        const [, live] = await Promise.all([locking, counting, firstLook.candidates]);
        const freeSlots = Math.min(limit, parallelism - live);
        const ownerOf = (_: number, candidate: QueuedCandidate) => ({ schedulerId, hostId: places.take(candidate) });
        const onTaking = (planned: readonly Taken[], isLast: boolean): void => places.onTaking(planned, isLast);
        const found = await takeWork(context, tx, { executors: rooms, queues: null, freeSlots, ownerOf, onTaking }, firstLook);
        if (found.taken.length > 0) after.wakes.add("state");
        for (const { candidate } of found.taken) after.changes.runs.add(candidate.dagRunId);
        const built = await places.build(after, found.taken);
        const isMore = found.isShort || (found.isFull && freeSlots === limit);
        return { ...found, built, leasedAtMs: places.leasedAtMs, more: isMore, hasRoom: live + found.taken.length < parallelism };
      }),
    );
    context.fullSchedulers.note(schedulerId, { parallelism, away }, { isFull: !hasRoom, beganAt: fullBeganAt });
    // What waits for an executor without room was not looked for.
    if (sawNothing && [...rooms.values()].every((free) => free > 0)) context.readiness.noteNothing(beganAt);
    await failGranted(
      context,
      built.filter((one) => "problem" in one),
    );
    await context.pausePoint("dispatched, commands not returned");
    const commands = taken.filter(({ hostId }) => hostId === null).map(toCommand);
    return { commands, begun: groupByHost(taken, built), leasedAtMs, isUnsure: begin.isUnsure, more };
  };
}

function toCommand({ attemptId, candidate, bundleSha256 }: Taken): TaskCommand {
  const { id, dagId, runId, taskId, mapIndex, tryNumber, executor, queue, priorityWeight } = candidate;
  return { attemptId, taskInstanceId: id, dagId, runId, taskId, mapIndex, tryNumber, executor, queue, priorityWeight, bundleSha256 };
}
