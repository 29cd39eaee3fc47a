import { isTerminal } from "@tradewind/core";
import { insertRunCallbackRequests, type NewRunCallbackRequest } from "@tradewind/metadata";
import type { RunWork } from "../settle/run-work.ts";
import type { Settlement } from "../settle/settlement.ts";

/** A run that ended in this settlement. */
export interface FinishedRun {
  work: RunWork;
  state: "success" | "failed";
  reason: string | null;
  /** Somebody marked it: no callbacks. */
  byPerson: boolean;
  /** What the callback is to see in place of the last instance that ended as the run did. */
  taskInstanceId: number | null;
}

/** Callbacks of DAGs for runs that ended, as requests. To be sent after the states of the instances. "Not run for changes made by UI/CLI." */
export async function noteRunCallbacks(settlement: Settlement): Promise<void> {
  const requests = settlement.finishedRuns.flatMap((ended): NewRunCallbackRequest[] => {
    const callback = ended.state === "success" ? "success" : "failure";
    const { work, reason, byPerson, taskInstanceId } = ended;
    if (byPerson || !work.graph.spec.callbacks.includes(callback)) return [];
    const { id: dagRunId, dagId, dagVersionId } = work.run;
    return [{ dagRunId, dagId, dagVersionId, callback, reason: reason ?? "success", taskInstanceId }];
  });
  if (requests.length === 0) return;
  settlement.after.wakes.add("callbacks");
  await insertRunCallbackRequests(settlement.tx, requests, settlement.context.stampAt());
}

/** "Timeout: last unfinished; deadlock: a blocked one." To be asked while they still are. */
export function findUnfinished({ instances }: RunWork): number | null {
  let found: number | null = null;
  for (const { id, state } of instances.values()) if (!isTerminal(state)) found = id;
  return found;
}
