import { run, type Transaction } from "../../database-handle.ts";

export interface NewEventLog {
  /** What was done, as a word: "post_variable". */
  event: string;
  /** Who did it. */
  owner: string;
  dagId?: string | null;
  runId?: string | null;
  taskId?: string | null;
  mapIndex?: number | null;
  tryNumber?: number | null;
  /** Plain JSON without secrets: what it was before and after. */
  extra?: unknown;
}

/** In the transaction of the change it tells of. */
export async function insertEventLog(
  tx: Transaction,
  { event, owner, dagId, runId, taskId, mapIndex, tryNumber, extra }: NewEventLog,
): Promise<void> {
  await run(tx, {
    name: "insert_event_log",
    text: `insert into event_log (event, owner, dag_id, run_id, task_id, map_index, try_number, extra) values ($1, $2, $3, $4, $5, $6, $7, $8::json)`,
    values: [
      event,
      owner,
      dagId ?? null,
      runId ?? null,
      taskId ?? null,
      mapIndex ?? null,
      tryNumber ?? null,
      extra === undefined ? null : JSON.stringify(extra),
    ],
  });
}
