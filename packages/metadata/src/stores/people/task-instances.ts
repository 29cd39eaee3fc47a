import { type Queryable, run, runCount, type Transaction } from "../../database-handle.ts";
import { taskInstanceColumns, type TaskInstanceRecord, toTaskInstance } from "../task-instance.ts";

/** All instances of runs as they are, nothing locked: for dry runs. In order of their ids. */
export async function listTaskInstancesOfRuns(db: Queryable, params: { dagRunIds: readonly number[] }): Promise<TaskInstanceRecord[]> {
  const rows = await run<Parameters<typeof toTaskInstance>[0]>(db, {
    text: `select ${taskInstanceColumns} from task_instance ti where ti.dag_run_id = any($1::bigint[]) order by ti.id`,
    values: [params.dagRunIds],
  });
  return rows.map(toTaskInstance);
}

/**
 * Deletes an instance with its tries, XComs and everything that waits for it. The caller holds the run's lock, and has taken it out of the queue.
 * @param params.anchorId keeps the timer of its group's next try, if it has that
 */
export async function deleteTaskInstanceRow(
  tx: Transaction,
  params: { id: number; dagRunId: number; taskId: string; mapIndex: number; anchorId: number | null },
): Promise<void> {
  const { id, dagRunId, taskId, mapIndex, anchorId } = params;
  await runCount(tx, {
    text: `update task_timer set task_instance_id = $2::bigint where task_instance_id = $1 and kind = 'group_retry'
      and not exists (select 1 from task_timer other where other.task_instance_id = $2::bigint) and $2::bigint is not null`,
    values: [id, anchorId],
  });
  await runCount(tx, { text: "delete from xcom where dag_run_id = $1 and task_id = $2 and map_index = $3", values: [dagRunId, taskId, mapIndex] });
  await runCount(tx, { text: "delete from rendered_task_instance_fields where dag_run_id = $1 and task_instance_id = $2", values: [dagRunId, id] });
  await runCount(tx, { text: "delete from task_instance where id = $1", values: [id] });
}

/** What of an instance follows from its task in a version of the DAG. */
export interface TaskInstanceFacts {
  id: number;
  dagVersionId: number;
  operator: string;
  pool: string;
  poolSlots: number;
  queue: string;
  executor: string | null;
  priorityWeight: number;
}

/** Brings instances up to their task in the version that they will run with. The caller holds the runs' locks. */
export async function refreshTaskInstances(tx: Transaction, facts: readonly TaskInstanceFacts[]): Promise<void> {
  if (facts.length === 0) return;
  const column = <K extends keyof TaskInstanceFacts>(key: K): TaskInstanceFacts[K][] => facts.map((item) => item[key]);
  await runCount(tx, {
    text: `update task_instance ti set dag_version_id = v.dag_version_id, operator = v.operator, pool = v.pool, pool_slots = v.pool_slots, queue = v.queue,
        executor = v.executor, priority_weight = v.priority_weight
      from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::int[])
        as v (id, dag_version_id, operator, pool, pool_slots, queue, executor, priority_weight)
      where ti.id = v.id`,
    values: [
      column("id"),
      column("dagVersionId"),
      column("operator"),
      column("pool"),
      column("poolSlots"),
      column("queue"),
      column("executor"),
      column("priorityWeight"),
    ],
  });
}

export async function writeTaskInstanceNotes(tx: Transaction, params: { taskInstanceIds: readonly number[]; note: string | null }): Promise<void> {
  await runCount(tx, {
    text: "update task_instance set note = $2, updated_at = now() where id = any($1::bigint[])",
    values: [params.taskInstanceIds, params.note],
  });
}

export interface NotedTaskInstance {
  id: number;
  mapIndex: number;
  note: string | null;
}

/** Instances of a task in one run, their rows locked by id; `mapIndex` null: all of them. */
export async function lockTaskInstanceNotes(
  tx: Transaction,
  params: { dagRunId: number; taskId: string; mapIndex: number | null },
): Promise<NotedTaskInstance[]> {
  return run<NotedTaskInstance>(tx, {
    text: `select id, map_index as "mapIndex", note from task_instance where dag_run_id = $1 and task_id = $2 and ($3::int is null or map_index = $3)
      order by id for no key update`,
    values: [params.dagRunId, params.taskId, params.mapIndex],
  });
}
