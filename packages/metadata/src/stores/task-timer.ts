import { type Queryable, run, type Transaction } from "../database-handle.ts";

export interface TaskTimer {
  taskInstanceId: number;
  dagRunId: number;
  kind: "retry" | "reschedule";
  dueAt: Date;
}

/** Sets timers; one per task instance, the last one counts. */
export async function setTaskTimers(tx: Transaction, timers: readonly { taskInstanceId: number; dagRunId: number; kind: "retry" | "reschedule"; delayMs: number }[], now: Date | null): Promise<void> {
  if (timers.length === 0) return;
  await run(tx, {
    name: "set_task_timers",
    text: `insert into task_timer (task_instance_id, dag_run_id, kind, due_at)
      select v.task_instance_id, v.dag_run_id, v.kind, coalesce($5::timestamptz, now()) + make_interval(secs => v.delay_ms / 1000)
      from unnest($1::bigint[], $2::bigint[], $3::text[], $4::float8[]) as v (task_instance_id, dag_run_id, kind, delay_ms)
      on conflict (task_instance_id) do update set kind = excluded.kind, due_at = excluded.due_at`,
    values: [timers.map((timer) => timer.taskInstanceId), timers.map((timer) => timer.dagRunId), timers.map((timer) => timer.kind), timers.map((timer) => timer.delayMs), now],
  });
}

/** Timers whose moment has come, earliest first. Uses `task_timer_due`. */
export async function listDueTimers(db: Queryable, params: { limit: number; now: Date | null }): Promise<TaskTimer[]> {
  return run<TaskTimer>(db, {
    name: "list_due_timers",
    text: `select task_instance_id as "taskInstanceId", dag_run_id as "dagRunId", kind, due_at as "dueAt" from task_timer
      where due_at <= coalesce($2::timestamptz, now()) order by due_at limit $1`,
    values: [params.limit, params.now],
  });
}

/** Takes timers away; gives those that were still there. The caller holds the locks of their runs. */
export async function deleteTaskTimers(tx: Transaction, params: { taskInstanceIds: readonly number[] }): Promise<number[]> {
  if (params.taskInstanceIds.length === 0) return [];
  const rows = await run<{ id: number }>(tx, {
    name: "delete_task_timers",
    text: "delete from task_timer where task_instance_id = any($1::bigint[]) returning task_instance_id as id",
    values: [params.taskInstanceIds],
  });
  return rows.map((row) => row.id);
}

/** The earliest moment at which something is due: a DAG's next run, a queued run's time, a run's timeout, a timer, the end of a lease. Each by the first entry of an index. */
export async function findNextDue(db: Queryable): Promise<Date | null> {
  const [row] = await run<{ dueAt: Date | null }>(db, {
    name: "find_next_due",
    text: `select least(
        (select next_run_at from dag where next_run_at is not null and not is_paused and not is_stale and not has_import_errors and not creation_blocked order by next_run_at limit 1),
        (select r.run_after from dag_run r where r.state = 'queued' and r.run_after > now() order by r.run_after limit 1),
        (select timeout_at from dag_run where timeout_at is not null order by timeout_at limit 1),
        (select due_at from task_timer order by due_at limit 1),
        (select expires_at from lease order by expires_at limit 1)) as "dueAt"`,
  });
  return row?.dueAt ?? null;
}
