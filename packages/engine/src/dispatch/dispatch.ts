import type { TaskCommand } from "@tradewind/contract";
import { countLeases, lockDispatch } from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import type { SchedulingUseCases } from "../engine.ts";
import { type Taken, takeWork } from "./take.ts";

/** The scheduler's own dispatch: waits its turn in the critical section. */
export function dispatchUseCase(context: EngineContext): SchedulingUseCases["dispatch"] {
  return async ({ schedulerId, parallelism, executors, limit }) => {
    const rooms = new Map(executors.map(({ name, free }) => [name, free ?? limit]));
    const away = executors.filter((executor) => executor.isAway === true).map(({ name }) => name);
    const look = context.readiness.beginLook();
    const { taken, isFull, sawNothing, hasRoom } = await commit(context, async (tx, after) => {
      const [, live] = await Promise.all([lockDispatch(tx), countLeases(tx, { schedulerId, exceptQueuedOf: away })]);
      const freeSlots = Math.min(limit, parallelism - live);
      const found = await takeWork(context, tx, {
        executors: rooms,
        queues: null,
        freeSlots,
        ownerOf: () => ({ schedulerId, hostId: null }),
        expiresInMs: context.limits.taskQueuedTimeoutMs,
      });
      if (found.taken.length > 0) after.wakes.add("state");
      for (const { candidate } of found.taken) after.changes.runs.add(candidate.dagRunId);
      return { ...found, isFull: found.isFull && freeSlots === limit, hasRoom: live + found.taken.length < parallelism };
    });
    context.fullSchedulers.note(schedulerId, !hasRoom);
    if (sawNothing) context.readiness.noteNothing(look);
    await context.pausePoint("dispatched, commands not returned");
    return { commands: taken.map(toCommand), more: isFull };
  };
}

function toCommand({ attemptId, candidate, bundleSha256 }: Taken): TaskCommand {
  const { id, dagId, runId, taskId, mapIndex, tryNumber, executor, queue, priorityWeight } = candidate;
  return { attemptId, taskInstanceId: id, dagId, runId, taskId, mapIndex, tryNumber, executor, queue, priorityWeight, bundleSha256 };
}
