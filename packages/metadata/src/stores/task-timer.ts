import { type Queryable, run, type Transaction } from "../database-handle.ts";

export interface NewTimer {
  taskInstanceId: number;
  dagRunId: number;
  kind: "retry" | "reschedule" | "group_retry";
  delayMs: number;
}

export async function insertTaskTimers(tx: Transaction, params: { timers: readonly NewTimer[]; now: Date | null }): Promise<void> {
  const { timers } = params;
  if (timers.length === 0) return;
  await run(tx, {
    name: "insert_task_timers",
    text: `insert into task_timer (task_instance_id, dag_run_id, kind, due_at)
      select v.task_instance_id, v.dag_run_id, v.kind, coalesce($5::timestamptz, now()) + v.delay_ms * interval '1 millisecond'
      from unnest($1::bigint[], $2::bigint[], $3::text[], $4::double precision[]) as v (task_instance_id, dag_run_id, kind, delay_ms)
      on conflict (task_instance_id) do update set kind = excluded.kind, due_at = excluded.due_at`,
    values: [
      timers.map((item) => item.taskInstanceId),
      timers.map((item) => item.dagRunId),
      timers.map((item) => item.kind),
      timers.map((item) => item.delayMs),
      params.now,
    ],
  });
}

/** Timers whose time has come, earliest first. Uses `task_timer_due`. */
export async function listDueTimers(
  db: Queryable,
  params: { limit: number; now: Date | null },
): Promise<{ taskInstanceId: number; dagRunId: number }[]> {
  return run(db, {
    name: "list_due_timers",
    text: `select task_instance_id as "taskInstanceId", dag_run_id as "dagRunId" from task_timer where due_at <= coalesce($2::timestamptz, now()) order by due_at limit $1`,
    values: [params.limit, params.now],
  });
}

/** Takes due timers away; gives those that were there. A timer that was set anew meanwhile stays. */
export async function takeDueTimers(tx: Transaction, params: { taskInstanceIds: readonly number[]; now: Date | null }): Promise<number[]> {
  const rows = await run<{ id: number }>(tx, {
    name: "take_due_timers",
    text: "delete from task_timer where task_instance_id = any($1::bigint[]) and due_at <= coalesce($2::timestamptz, now()) returning task_instance_id as id",
    values: [params.taskInstanceIds, params.now],
  });
  return rows.map((row) => row.id);
}

export async function deleteTaskTimers(tx: Transaction, params: { taskInstanceIds: readonly number[] }): Promise<void> {
  if (params.taskInstanceIds.length === 0) return;
  await run(tx, {
    name: "delete_task_timers",
    text: "delete from task_timer where task_instance_id = any($1::bigint[])",
    values: [params.taskInstanceIds],
  });
}
