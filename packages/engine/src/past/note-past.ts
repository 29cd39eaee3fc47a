import { isTerminal } from "@tradewind/core";
import { insertDagRunTimers, type NewDagRunTimer } from "@tradewind/metadata";
import type { RunWork } from "../settle/run-work.ts";
import type { Settlement } from "../settle/settlement.ts";

/**
 * Leaves behind what makes runs look at each other again, without ever holding the locks of two:
 *
 *     run N: an instance is held back by the past ──► past_wait of N ──► N's previous run R learns what is awaited of it; then N looks once more
 *     run R: an awaited task ends ──────────────────► past_ended of R ─► past of the runs after R ──► each looks once more
 *
 * Each arrow is a transaction that begins after the one before was committed. An end of R's task is seen by N's second look, or it comes after R learned that it is awaited: none is lost.
 */
export async function notePast(settlement: Settlement): Promise<void> {
  const timers: NewDagRunTimer[] = [];
  for (const work of settlement.pastWaits) timers.push({ dagRunId: work.run.id, kind: "past_wait" });
  for (const work of settlement.runs.values()) if (hasAwaitedEnd(work)) timers.push({ dagRunId: work.run.id, kind: "past_ended" });
  if (timers.length === 0) return;
  settlement.after.wakes.add("timers");
  await insertDagRunTimers(settlement.tx, { timers, now: settlement.context.stampAt() });
}

function hasAwaitedEnd({ run, instances }: RunWork): boolean {
  if (run.awaitedTasks === null) return false;
  const awaited = new Set(run.awaitedTasks);
  for (const { stateChanged, state, taskId } of instances.values()) if (stateChanged && isTerminal(state) && awaited.has(taskId)) return true;
  return false;
}
