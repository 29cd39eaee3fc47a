import { type Queryable, run, type Transaction } from "../database-handle.ts";

/** A scheduled task instance as dispatch sees it. */
export interface NewQueueRow {
  taskInstanceId: number;
  dagRunId: number;
  dagId: string;
  taskId: string;
  mapIndex: number;
  executor: string;
  queue: string;
  pool: string;
  poolSlots: number;
  priorityWeight: number;
  logicalDate: Date;
  maxActiveTasks: number;
  maxActiveTisPerDag: number | null;
  maxActiveTisPerDagrun: number | null;
  parkedKey: string | null;
}

/** The keys under which rows wait outside dispatch's index. */
export const parkKeys = {
  run: (dagRunId: number): string => `run:${dagRunId}`,
  task: (dagId: string, taskId: string): string => `task:${dagId}/${taskId}`,
  runTask: (dagRunId: number, taskId: string): string => `runtask:${dagRunId}/${taskId}`,
  dag: (dagId: string): string => `dag:${dagId}`,
};

export async function insertTaskQueue(tx: Transaction, rows: readonly NewQueueRow[]): Promise<void> {
  if (rows.length === 0) return;
  const column = <K extends keyof NewQueueRow>(key: K): NewQueueRow[K][] => rows.map((item) => item[key]);
  await run(tx, {
    name: "insert_task_queue",
    text: `insert into task_queue (task_instance_id, dag_run_id, dag_id, task_id, map_index, executor, queue, pool, pool_slots, priority_weight, logical_date, max_active_tasks,
        max_active_tis_per_dag, max_active_tis_per_dagrun, parked_key)
      select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::int[], $10::int[], $11::timestamptz[],
        $12::int[], $13::int[], $14::int[], $15::text[])
      on conflict (task_instance_id) do nothing`,
    values: [
      column("taskInstanceId"),
      column("dagRunId"),
      column("dagId"),
      column("taskId"),
      column("mapIndex"),
      column("executor"),
      column("queue"),
      column("pool"),
      column("poolSlots"),
      column("priorityWeight"),
      column("logicalDate"),
      column("maxActiveTasks"),
      column("maxActiveTisPerDag"),
      column("maxActiveTisPerDagrun"),
      column("parkedKey"),
    ],
  });
}

/** Takes task instances out of the queue; gives back what their going may let in. */
export async function deleteTaskQueue(tx: Transaction, params: { taskInstanceIds: readonly number[] }): Promise<void> {
  if (params.taskInstanceIds.length === 0) return;
  await run(tx, {
    name: "delete_task_queue",
    text: "delete from task_queue where task_instance_id = any($1::bigint[])",
    values: [params.taskInstanceIds],
  });
}

/**
 * Brings back the best `count` rows that wait under each key, of each executor, pool and number of slots among them: which of these have room is for dispatch to see, and one that has none must
 * not hold back the others. Rows that another transaction is just bringing back are passed over, so that two slots that became free at once bring back two rows. Uses
 * `task_queue_parked`: costs nothing per row that stays.
 */
export async function unparkTaskQueue(tx: Transaction, keys: readonly { key: string; count: number }[]): Promise<void> {
  if (keys.length === 0) return;
  await run(tx, {
    name: "unpark_task_queue",
    text: `with recursive g as (
        select k.key, k.count, f.* from unnest($1::text[], $2::int[]) as k (key, count),
          lateral (select executor, pool, pool_slots from task_queue where parked_key = k.key order by executor, pool, pool_slots limit 1) f
        union all
        select g.key, g.count, n.* from g,
          lateral (select executor, pool, pool_slots from task_queue where parked_key = g.key and (executor, pool, pool_slots) > (g.executor, g.pool, g.pool_slots)
            order by executor, pool, pool_slots limit 1) n
      ),
      back as materialized (
        select q.task_instance_id from g,
          lateral (select task_instance_id from task_queue
            where parked_key = g.key and executor = g.executor and pool = g.pool and pool_slots = g.pool_slots
            order by priority_weight desc, logical_date, map_index, task_instance_id limit g.count for no key update skip locked) q
      )
      update task_queue q set parked_key = null from back where q.task_instance_id = back.task_instance_id`,
    values: [keys.map((item) => item.key), keys.map((item) => item.count)],
  });
}

/** Brings back everything that waits under these keys; dispatch parks again what still cannot run. */
export async function unparkAllTaskQueue(db: Queryable, params: { keys: readonly string[] }): Promise<number> {
  const rows = await run(db, {
    text: "update task_queue set parked_key = null where parked_key = any($1::text[]) returning 1",
    values: [params.keys],
  });
  return rows.length;
}
