import { sql } from "kysely";
import type { Transaction } from "../../database-handle.ts";
import { type Fragment, select } from "../read/list-query.ts";
import type { TaskInstanceKey } from "../read/task-instances.ts";

export interface XComValue {
  /** JSON text. */
  value: string;
  /** Members of a list or an object, null for anything else: what a mapped downstream expands over. */
  length: number | null;
}

const instance = ({ dagId, runId, taskId, mapIndex }: TaskInstanceKey): Fragment => sql`select ti.dag_run_id, ti.task_id, ti.map_index, ti.id
  from task_instance ti join dag_run r on r.id = ti.dag_run_id
  where r.dag_id = ${dagId} and r.run_id = ${runId} and ti.task_id = ${taskId} and ti.map_index = ${mapIndex}`;

/** @returns false when the task instance has one under this key already, or does not exist. */
export async function insertXCom(tx: Transaction, params: TaskInstanceKey & XComValue & { key: string }): Promise<boolean> {
  const rows = await select(
    tx,
    sql`insert into xcom (dag_run_id, task_id, map_index, task_instance_id, key, value, length)
      select i.dag_run_id, i.task_id, i.map_index, i.id, ${params.key}, ${params.value}, ${params.length}::int from (${instance(params)}) i
      on conflict do nothing returning key`,
  );
  return rows.length === 1;
}

/** @returns false when there was none. */
export async function updateXCom(tx: Transaction, params: TaskInstanceKey & XComValue & { key: string }): Promise<boolean> {
  const rows = await select(
    tx,
    sql`update xcom x set value = ${params.value}, length = ${params.length}::int, timestamp = now() from (${instance(params)}) i
      where x.dag_run_id = i.dag_run_id and x.task_id = i.task_id and x.map_index = i.map_index and x.key = ${params.key} returning x.key`,
  );
  return rows.length === 1;
}

/** @returns false when there was none. */
export async function deleteXCom(tx: Transaction, params: TaskInstanceKey & { key: string }): Promise<boolean> {
  const rows = await select(
    tx,
    sql`delete from xcom x using (${instance(params)}) i
      where x.dag_run_id = i.dag_run_id and x.task_id = i.task_id and x.map_index = i.map_index and x.key = ${params.key} returning x.key`,
  );
  return rows.length === 1;
}
