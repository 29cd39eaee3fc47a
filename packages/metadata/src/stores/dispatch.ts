import { type Queryable, run, type Transaction } from "../database-handle.ts";

/** Any number no other advisory lock of ours uses. */
const dispatchLock = 7_236_001;

/** The critical section of dispatch: limits are exact because one transaction at a time counts and takes. Held to the end of the transaction. */
export async function lockDispatch(tx: Transaction): Promise<void> {
  await run(tx, { name: "lock_dispatch", text: "select pg_advisory_xact_lock($1)", values: [dispatchLock] });
}

/** As `lockDispatch`, but does not wait: false when another transaction is dispatching. */
export async function tryLockDispatch(tx: Transaction): Promise<boolean> {
  const [row] = await run<{ locked: boolean }>(tx, { name: "try_lock_dispatch", text: "select pg_try_advisory_xact_lock($1) as locked", values: [dispatchLock] });
  return row!.locked;
}

export interface QueuedCandidate {
  id: number;
  dagRunId: number;
  dagId: string;
  runId: string;
  dagVersionId: number;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
  maxTries: number;
  executor: string;
  queue: string;
  pool: string;
  poolSlots: number;
  priorityWeight: number;
  logicalDate: Date | null;
  maxActiveTasks: number;
  maxActiveTisPerDag: number | null;
  maxActiveTisPerDagrun: number | null;
  isPaused: boolean;
  /** Live attempts of its run; of its task over all runs, and in its run, where these are limited. */
  usedByRun: number;
  usedByTask: number;
  usedByRunTask: number;
  poolSize: number;
  poolUsed: number;
  includeDeferred: boolean;
  scheduledMs: number;
}

/**
 * The best waiting task instances of each pool with open slots, for the given executors. A full pool gives none and costs one look at its leases; parked rows are not in
 * the index. To be called in a statement after the lock was taken, so that it sees what the holder before it did. Uses `task_queue_dispatch`.
 */
export async function listDispatchCandidates(
  tx: Queryable,
  params: { executors: readonly string[]; queues: readonly string[] | null; limit: number; now: Date | null },
): Promise<QueuedCandidate[]> {
  return run<QueuedCandidate>(tx, {
    name: "list_dispatch_candidates",
    text: `with used as materialized (select l.pool, sum(l.pool_slots) as slots from lease l group by l.pool),
      open as materialized (
        select p.name, p.slots, p.include_deferred, coalesce(u.slots, 0) as used, case when p.slots < 0 then 2147483647 else p.slots - coalesce(u.slots, 0) end as room
        from pool p left join used u on u.pool = p.name
      )
      select q.task_instance_id as id, q.dag_run_id as "dagRunId", q.dag_id as "dagId", r.run_id as "runId", r.dag_version_id as "dagVersionId", q.task_id as "taskId",
        q.map_index as "mapIndex", ti.try_number as "tryNumber", ti.max_tries as "maxTries", q.executor, q.queue, q.pool, q.pool_slots as "poolSlots",
        q.priority_weight as "priorityWeight", q.logical_date as "logicalDate", q.max_active_tasks as "maxActiveTasks", q.max_active_tis_per_dag as "maxActiveTisPerDag",
        q.max_active_tis_per_dagrun as "maxActiveTisPerDagrun", d.is_paused as "isPaused",
        (select count(*) from lease l where l.dag_run_id = q.dag_run_id) as "usedByRun",
        case when q.max_active_tis_per_dag is null then 0 else (select count(*) from lease l where l.dag_id = q.dag_id and l.task_id = q.task_id) end as "usedByTask",
        case when q.max_active_tis_per_dagrun is null then 0
          else (select count(*) from lease l where l.dag_run_id = q.dag_run_id and l.task_id = q.task_id) end as "usedByRunTask",
        open.slots as "poolSize", open.used as "poolUsed", open.include_deferred as "includeDeferred",
        extract(epoch from coalesce($4::timestamptz, now()) - ti.scheduled_when)::double precision * 1000 as "scheduledMs"
      from open, unnest($1::text[]) as e (name),
        lateral (select * from task_queue w where w.executor = e.name and w.pool = open.name and w.parked_key is null and w.pool_slots <= open.room
          and ($2::text[] is null or w.queue = any($2::text[]))
          order by w.priority_weight desc, w.logical_date, w.map_index, w.task_instance_id limit $3) q
        join dag_run r on r.id = q.dag_run_id join dag d on d.dag_id = q.dag_id join task_instance ti on ti.id = q.task_instance_id
      where open.room > 0`,
    values: [params.executors, params.queues, params.limit, params.now],
  });
}

/** Puts rows out of dispatch's sight until their key has room. */
export async function parkTaskQueue(tx: Transaction, rows: readonly { taskInstanceId: number; key: string }[]): Promise<void> {
  if (rows.length === 0) return;
  await run(tx, {
    name: "park_task_queue",
    text: `update task_queue q set parked_key = v.key from unnest($1::bigint[], $2::text[]) as v (id, key) where q.task_instance_id = v.id and q.parked_key is null`,
    values: [rows.map((row) => row.taskInstanceId), rows.map((row) => row.key)],
  });
}

/** Parks what else waits behind a limit that is reached: all rows of these runs (`taskId` null), of these tasks over all runs (`dagRunId` null), or of these tasks in these runs. */
export async function parkBehindLimits(tx: Transaction, limits: readonly { key: string; dagRunId: number | null; dagId: string; taskId: string | null }[]): Promise<void> {
  if (limits.length === 0) return;
  await run(tx, {
    name: "park_behind_limits",
    text: `update task_queue q set parked_key = v.key
      from unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) as v (key, dag_run_id, dag_id, task_id)
      where q.dag_id = v.dag_id and q.parked_key is null and (v.dag_run_id is null or q.dag_run_id = v.dag_run_id) and (v.task_id is null or q.task_id = v.task_id)`,
    values: [limits.map((item) => item.key), limits.map((item) => item.dagRunId), limits.map((item) => item.dagId), limits.map((item) => item.taskId)],
  });
}

/**
 * Keys under which rows wait although fewer are live or in dispatch's sight than the limit allows: a wake-up was lost. One look at an index per key, none per waiting row. Uses
 * `task_queue_parked`.
 */
export async function listParkedKeysWithRoom(db: Queryable, params: { limit: number }): Promise<string[]> {
  const rows = await run<{ key: string }>(db, {
    name: "list_parked_keys_with_room",
    text: `with recursive k as (
        (select parked_key as key from task_queue where parked_key is not null order by parked_key limit 1)
        union all
        select (select q.parked_key from task_queue q where q.parked_key > k.key order by q.parked_key limit 1) from k where k.key is not null
      )
      select k.key from k, lateral (select * from task_queue q where q.parked_key = k.key limit 1) q
      where case split_part(k.key, ':', 1)
        when 'run' then q.max_active_tasks > (select count(*) from lease l where l.dag_run_id = q.dag_run_id)
          + (select count(*) from task_queue w where w.dag_run_id = q.dag_run_id and w.parked_key is null)
        when 'task' then coalesce(q.max_active_tis_per_dag, 2147483647) > (select count(*) from lease l where l.dag_id = q.dag_id and l.task_id = q.task_id)
          + (select count(*) from task_queue w where w.dag_id = q.dag_id and w.task_id = q.task_id and w.parked_key is null)
        when 'runtask' then coalesce(q.max_active_tis_per_dagrun, 2147483647) > (select count(*) from lease l where l.dag_run_id = q.dag_run_id and l.task_id = q.task_id)
          + (select count(*) from task_queue w where w.dag_run_id = q.dag_run_id and w.task_id = q.task_id and w.parked_key is null)
        else not (select d.is_paused from dag d where d.dag_id = q.dag_id) end
      limit $1`,
    values: [params.limit],
  });
  return rows.map((row) => row.key);
}
