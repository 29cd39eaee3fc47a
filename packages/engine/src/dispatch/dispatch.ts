import type { TaskCommand } from "@tradewind/contract";
import { commitAlong, countLeases, lockDispatch, type Transaction } from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import type { SchedulingUseCases } from "../engine.ts";
import { type FirstLook, lookAtQueue, type Taken, takeWork } from "./take.ts";

/** The scheduler's own dispatch: waits its turn in the critical section. */
export function dispatchUseCase(context: EngineContext): SchedulingUseCases["dispatch"] {
  const look = (tx: Transaction, rooms: ReadonlyMap<string, number>, most: number): FirstLook => {
    const executors = [...rooms].filter(([, free]) => free > 0).map(([name]) => name);
    return lookAtQueue(context, tx, { executors, queues: null, limit: Math.min(most, context.limits.dispatchCandidates) });
  };
  return async ({ schedulerId, parallelism, executors, limit }) => {
    const rooms = new Map(executors.map(({ name, free }) => [name, free ?? limit]));
    const away = executors.filter((executor) => executor.isAway === true).map(({ name }) => name);
    if (!context.readiness.mayHaveWork() || context.fullSchedulers.isFull(schedulerId, { parallelism, away })) return { commands: [], more: false };
    const beganAt = context.readiness.beginLook();
    const fullBeganAt = context.fullSchedulers.beginLook();
    const { taken, more, sawNothing, hasRoom } = await commit(context, async (tx, after) => {
      const locking = lockDispatch(tx);
      const counting = countLeases(tx, { schedulerId, exceptQueuedOf: away });
      // Behind the lock; what there turns out to be no room for is left.
      const firstLook = look(tx, rooms, Math.min(limit, parallelism));
      const [, live] = await Promise.all([locking, counting, firstLook.candidates]);
      const freeSlots = Math.min(limit, parallelism - live);
      const options = { executors: rooms, queues: null, freeSlots, expiresInMs: context.limits.taskQueuedTimeoutMs };
      const onTaking = (_: unknown, isLast: boolean): void => (isLast ? commitAlong(tx) : undefined);
      const found = await takeWork(context, tx, { ...options, ownerOf: () => ({ schedulerId, hostId: null }), onTaking }, firstLook);
      if (found.taken.length > 0) after.wakes.add("state");
      for (const { candidate } of found.taken) after.changes.runs.add(candidate.dagRunId);
      return { ...found, more: found.isShort || (found.isFull && freeSlots === limit), hasRoom: live + found.taken.length < parallelism };
    });
    context.fullSchedulers.note(schedulerId, { parallelism, away }, { isFull: !hasRoom, beganAt: fullBeganAt });
    // What waits for an executor without room was not looked for.
    if (sawNothing && [...rooms.values()].every((free) => free > 0)) context.readiness.noteNothing(beganAt);
    await context.pausePoint("dispatched, commands not returned");
    return { commands: taken.map(toCommand), more };
  };
}

function toCommand({ attemptId, candidate, bundleSha256 }: Taken): TaskCommand {
  const { id, dagId, runId, taskId, mapIndex, tryNumber, executor, queue, priorityWeight } = candidate;
  return { attemptId, taskInstanceId: id, dagId, runId, taskId, mapIndex, tryNumber, executor, queue, priorityWeight, bundleSha256 };
}
