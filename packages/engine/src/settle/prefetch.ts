import { listTaskInstances, type TaskInstanceRecord, type Transaction } from "@tradewind/metadata";
import type { AttemptPlace } from "../attempts/attempt-places.ts";
import type { EngineContext } from "../context.ts";
import { addRecord } from "./run-work.ts";
import type { Settlement } from "./settlement.ts";

/** Tasks whose instances a settlement is nearly sure to ask for. */
export interface Prefetch {
  tasks: readonly { dagRunId: number; taskId: string }[];
  records: Promise<TaskInstanceRecord[]>;
}

/** More than this is asked for when it is known to be needed. */
const MOST_TASKS = 2_000;

/** What comes right after these attempts. Sent behind the statement that locks their runs: what it reads is sure to stay. */
export function prefetchBelow(context: EngineContext, tx: Transaction, attempts: readonly AttemptPlace[]): Prefetch {
  const tasks = new Map<string, { dagRunId: number; taskId: string }>();
  for (const { dagRunId, dagVersionId, taskId } of attempts) {
    const below = context.versions.peek(dagVersionId)?.graph.tasks.get(taskId)?.downstream ?? [];
    for (const id of below) tasks.set(JSON.stringify([dagRunId, id]), { dagRunId, taskId: id });
    if (tasks.size > MOST_TASKS) return { tasks: [], records: Promise.resolve([]) };
  }
  const wanted = [...tasks.values()];
  return { tasks: wanted, records: wanted.length === 0 ? Promise.resolve([]) : listTaskInstances(tx, { tasks: wanted }) };
}

/** Takes what was read into the runs, which are locked and in the settlement by now. */
export function takePrefetched({ runs }: Settlement, { tasks }: Prefetch, records: readonly TaskInstanceRecord[]): void {
  for (const { dagRunId, taskId } of tasks) {
    const work = runs.get(dagRunId);
    // A run that was moved to another version may not have the task any more.
    if (work?.graph.tasks.has(taskId) === true) work.complete.add(taskId);
  }
  for (const record of records) {
    const work = runs.get(record.dagRunId);
    if (work?.complete.has(record.taskId) === true) addRecord(work, record);
  }
}
