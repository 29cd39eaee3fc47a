import {
  insertCallbackRequests,
  insertTaskReschedules,
  type NewCallbackRequest,
  type NewXCom,
  putXComs,
  type Transaction,
  writeMapIndexLabels,
} from "@tradewind/metadata";
import type { AfterCommit, EngineContext } from "../context.ts";

/** What ended attempts leave behind beside the states of their task instances. */
export interface Leavings {
  xcoms: NewXCom[];
  labels: { taskInstanceId: number; label: string }[];
  /** Attempts that ended with a reschedule. */
  rescheduled: string[];
  /** Callbacks that are due and that their processes did not run. */
  callbacks: NewCallbackRequest[];
}

export function createLeavings(): Leavings {
  return { xcoms: [], labels: [], rescheduled: [], callbacks: [] };
}

/** Before the settlement is flushed: it ends the leases, and a task that is mapped over an XCom may be expanded in it. */
export async function writeLeavings(context: EngineContext, tx: Transaction, after: AfterCommit, leavings: Leavings): Promise<void> {
  const now = context.stampAt();
  if (leavings.callbacks.length > 0) after.wakes.add("callbacks");
  await Promise.all([
    putXComs(tx, leavings.xcoms),
    writeMapIndexLabels(tx, leavings.labels),
    insertTaskReschedules(tx, { attemptIds: leavings.rescheduled, now }),
    insertCallbackRequests(tx, leavings.callbacks, now),
  ]);
}
