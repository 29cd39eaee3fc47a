import { type Queryable, run, type Transaction } from "../database-handle.ts";

/** A scheduled task instance that dispatch may take. */
export interface QueuedCandidate {
  id: number;
  dagRunId: number;
  dagId: string;
  taskId: string;
  mapIndex: number;
  executor: string;
  pool: string;
  poolSlots: number;
  priorityWeight: number;
  logicalDate: Date;
  maxActiveTasks: number;
  maxActiveTisPerDag: number | null;
  maxActiveTisPerDagrun: number | null;
  dagVersionId: number;
}

export interface PoolUse {
  name: string;
  slots: number;
  includeDeferred: boolean;
  occupiedSlots: number;
}

/** Every pool with what leases hold of it. Counts live leases: bounded by what runs, never by what waits. */
export async function listPoolUse(tx: Queryable): Promise<PoolUse[]> {
  return run<PoolUse>(tx, {
    name: "list_pool_use",
    text: `select p.name, p.slots, p.include_deferred as "includeDeferred", coalesce(u.occupied, 0)::int as "occupiedSlots"
      from pool p left join (select pool, sum(pool_slots) as occupied from lease group by pool) u on u.pool = p.name`,
  });
}

/**
 * The best candidates of each executor with room and each pool with open slots. Pools that are full are not looked at, and parked rows are not in the index: neither costs anything per
 * row. Uses `task_queue_dispatch`.
 */
export async function listCandidates(
  tx: Queryable,
  params: { places: readonly { executor: string; pool: string; limit: number }[]; limit: number },
): Promise<QueuedCandidate[]> {
  if (params.places.length === 0) return [];
  return run<QueuedCandidate>(tx, {
    name: "list_candidates",
    text: `select q.task_instance_id as id, q.dag_run_id as "dagRunId", q.dag_id as "dagId", q.task_id as "taskId", q.map_index as "mapIndex", q.executor, q.pool, q.pool_slots as "poolSlots",
        q.priority_weight as "priorityWeight", q.logical_date as "logicalDate", q.max_active_tasks as "maxActiveTasks", q.max_active_tis_per_dag as "maxActiveTisPerDag",
        q.max_active_tis_per_dagrun as "maxActiveTisPerDagrun", r.dag_version_id as "dagVersionId"
      from unnest($1::text[], $2::text[], $3::int[]) as p (executor, pool, n),
        lateral (select * from task_queue t where t.executor = p.executor and t.pool = p.pool and t.parked_key is null
          order by t.priority_weight desc, t.logical_date, t.map_index, t.task_instance_id limit p.n) q
        join dag_run r on r.id = q.dag_run_id
      order by q.priority_weight desc, q.logical_date, q.map_index, q.task_instance_id limit $4`,
    values: [params.places.map((place) => place.executor), params.places.map((place) => place.pool), params.places.map((place) => place.limit), params.limit],
  });
}

/** Live attempts per run, per task of a DAG and per task of a run, for those that candidates belong to. */
export async function countLeases(
  tx: Queryable,
  params: { dagRunIds: readonly number[]; tasks: readonly { dagId: string; taskId: string }[] },
): Promise<{ dagRunId: number | null; dagId: string; taskId: string | null; count: number }[]> {
  return run(tx, {
    name: "count_leases",
    text: `select l.dag_run_id as "dagRunId", l.dag_id as "dagId", null as "taskId", count(*)::int as count
        from lease l where l.dag_run_id = any($1::bigint[]) group by l.dag_run_id, l.dag_id
      union all
      select l.dag_run_id, l.dag_id, l.task_id, count(*)::int
        from lease l join unnest($2::text[], $3::text[]) as t (dag_id, task_id) on t.dag_id = l.dag_id and t.task_id = l.task_id group by l.dag_run_id, l.dag_id, l.task_id`,
    values: [params.dagRunIds, params.tasks.map((task) => task.dagId), params.tasks.map((task) => task.taskId)],
  });
}

/** Live attempts that count against a scheduler's parallelism. Uses `lease_by_scheduler`. */
export async function countSchedulerLeases(tx: Queryable, params: { schedulerId: string }): Promise<number> {
  const [row] = await run<{ count: number }>(tx, {
    name: "count_scheduler_leases",
    text: "select count(*)::int as count from lease where scheduler_id = $1",
    values: [params.schedulerId],
  });
  return row!.count;
}

/** Takes single rows out of dispatch's index until their key frees a slot. */
export async function parkRows(tx: Transaction, rows: readonly { taskInstanceId: number; key: string }[]): Promise<void> {
  if (rows.length === 0) return;
  await run(tx, {
    name: "park_rows",
    text: `update task_queue q set parked_key = v.key from unnest($1::bigint[], $2::text[]) as v (id, key) where q.task_instance_id = v.id and q.parked_key is null`,
    values: [rows.map((row) => row.taskInstanceId), rows.map((row) => row.key)],
  });
}

/** Parks everything else that waits in a run which has all it may have: the next passes do not look at it again. Uses `task_queue_by_run`. */
export async function parkRuns(tx: Transaction, runs: readonly { dagRunId: number; key: string }[]): Promise<void> {
  if (runs.length === 0) return;
  await run(tx, {
    name: "park_runs",
    text: `update task_queue q set parked_key = v.key from unnest($1::bigint[], $2::text[]) as v (dag_run_id, key) where q.dag_run_id = v.dag_run_id and q.parked_key is null`,
    values: [runs.map((row) => row.dagRunId), runs.map((row) => row.key)],
  });
}

/** Whether anything could be dispatched at all. */
export async function hasDispatchableRows(db: Queryable): Promise<boolean> {
  const rows = await run(db, { name: "has_dispatchable_rows", text: "select 1 from task_queue where parked_key is null limit 1" });
  return rows.length > 0;
}

/** Brings back rows whose key has room, which should not be: a net under the wake-ups. Uses `task_queue_parked`. */
export async function unparkForgotten(tx: Transaction, params: { limit: number }): Promise<number> {
  const rows = await run(tx, {
    text: `with keys as (select distinct parked_key from task_queue where parked_key is not null and parked_key not like 'dag:%' limit $1),
      forgotten as (
        select q.task_instance_id from keys k, lateral (select * from task_queue t where t.parked_key = k.parked_key
          order by t.priority_weight desc, t.logical_date, t.map_index, t.task_instance_id limit 1) q
        where case
          when k.parked_key like 'run:%' then (select count(*) from lease l where l.dag_run_id = q.dag_run_id) < q.max_active_tasks
          when k.parked_key like 'task:%' then (select count(*) from lease l where l.dag_id = q.dag_id and l.task_id = q.task_id) < q.max_active_tis_per_dag
          when k.parked_key like 'runtask:%' then (select count(*) from lease l where l.dag_run_id = q.dag_run_id and l.task_id = q.task_id) < q.max_active_tis_per_dagrun
          when k.parked_key like 'pool:%' then exists (select 1 from pool p where p.name = q.pool
            and (p.slots < 0 or p.slots - (select coalesce(sum(l.pool_slots), 0) from lease l where l.pool = q.pool) >= q.pool_slots))
          else true end
      )
      update task_queue q set parked_key = null from forgotten f where q.task_instance_id = f.task_instance_id returning 1`,
    values: [params.limit],
  });
  return rows.length;
}
