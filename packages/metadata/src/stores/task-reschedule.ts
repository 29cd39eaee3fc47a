import { type Queryable, run, type Transaction } from "../database-handle.ts";

/** Notes attempts that ended with a reschedule; to be called while they hold their leases. */
export async function insertTaskReschedules(tx: Transaction, params: { attemptIds: readonly string[]; now: Date | null }): Promise<void> {
  if (params.attemptIds.length === 0) return;
  await run(tx, {
    name: "insert_task_reschedules",
    text: `insert into task_reschedule (task_instance_id, try_number, attempt_id, start_date, end_date)
      select l.task_instance_id, l.try_number, l.attempt_id, coalesce(l.started_at, t.now), t.now
      from lease l, (select coalesce($2::timestamptz, now()) as now) t where l.attempt_id = any($1::uuid[]) on conflict do nothing`,
    values: [params.attemptIds, params.now],
  });
}

/** The earlier attempts of a try that was rescheduled, in order. Uses the primary key: attempt ids carry their time. */
export async function listRescheduledAttempts(db: Queryable, params: { taskInstanceId: number; tryNumber: number }): Promise<string[]> {
  const rows = await run<{ attemptId: string }>(db, {
    text: `select attempt_id as "attemptId" from task_reschedule where task_instance_id = $1 and try_number = $2 order by attempt_id`,
    values: [params.taskInstanceId, params.tryNumber],
  });
  return rows.map((row) => row.attemptId);
}
