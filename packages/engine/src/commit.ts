import { type Transaction, transaction } from "@tradewind/metadata";
import { isEmpty } from "./changes/change-set.ts";
import type { AfterCommit, EngineContext } from "./context.ts";
import { createAfterCommit } from "./settle/settlement.ts";

/**
 * One transaction on the hot connections, and what others are told of it once it is committed. `work` is done again as a whole after a conflict or a lost connection, so it keeps
 * nothing outside the database but in `after`, which is new each time.
 */
export async function commit<T>(context: EngineContext, work: (tx: Transaction, after: AfterCommit) => Promise<T>): Promise<T> {
  let after = createAfterCommit();
  const result = await transaction(context.hot, (tx) => work(tx, (after = createAfterCommit())));
  publish(context, after);
  return result;
}

export function publish(context: EngineContext, after: AfterCommit): void {
  // Before the wake-ups, which have schedulers look.
  context.fullSchedulers.noteRoom(after.placesFreed);
  if (after.wakes.size > 0) context.wake(...after.wakes);
  if (after.wakesElsewhere.size > 0) context.wakeElsewhere(...after.wakesElsewhere);
  if (!isEmpty(after.changes)) context.noteChanges(after.changes);
  for (const tell of after.events) {
    try {
      tell();
    } catch (error) {
      context.onError(error, { what: "event listener", id: "" });
    }
  }
  if (after.dagsWithEndedRuns.size > 0) context.runsEnded(after.dagsWithEndedRuns);
}
