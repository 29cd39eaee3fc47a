import { type Queryable, run, type Transaction } from "../database-handle.ts";

export interface NewXCom {
  dagRunId: number;
  taskId: string;
  key: string;
  mapIndex: number;
  taskInstanceId: number;
  /** JSON text. */
  value: string;
  length: number | null;
}

/** Writes XComs, over what was there. */
export async function putXComs(tx: Transaction, xcoms: readonly NewXCom[]): Promise<void> {
  if (xcoms.length === 0) return;
  const column = <K extends keyof NewXCom>(key: K): NewXCom[K][] => xcoms.map((item) => item[key]);
  await run(tx, {
    name: "put_xcoms",
    text: `insert into xcom (dag_run_id, task_id, key, map_index, task_instance_id, value, length)
      select * from unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::int[])
      on conflict (dag_run_id, task_id, key, map_index) do update set value = excluded.value, length = excluded.length, task_instance_id = excluded.task_instance_id, timestamp = now()`,
    values: [column("dagRunId"), column("taskId"), column("key"), column("mapIndex"), column("taskInstanceId"), column("value"), column("length")],
  });
}

/** The XComs of tasks, by map index. Uses the primary key. */
export async function listXComs(
  db: Queryable,
  params: { refs: readonly { dagRunId: number; taskId: string; key: string }[] },
): Promise<{ dagRunId: number; taskId: string; key: string; mapIndex: number; value: string }[]> {
  if (params.refs.length === 0) return [];
  return run(db, {
    name: "list_xcoms",
    text: `select x.dag_run_id as "dagRunId", x.task_id as "taskId", x.key, x.map_index as "mapIndex", x.value
      from unnest($1::bigint[], $2::text[], $3::text[]) as v (dag_run_id, task_id, key)
      join xcom x on x.dag_run_id = v.dag_run_id and x.task_id = v.task_id and x.key = v.key
      order by x.dag_run_id, x.task_id, x.key, x.map_index`,
    values: [params.refs.map((ref) => ref.dagRunId), params.refs.map((ref) => ref.taskId), params.refs.map((ref) => ref.key)],
  });
}

/** A new try starts with no XComs of the one before ("cleared at the start of each try"). */
export async function deleteXComsOf(tx: Transaction, params: { taskInstances: readonly { dagRunId: number; taskId: string; mapIndex: number }[] }): Promise<void> {
  if (params.taskInstances.length === 0) return;
  await run(tx, {
    name: "delete_xcoms_of",
    text: `delete from xcom x using unnest($1::bigint[], $2::text[], $3::int[]) as v (dag_run_id, task_id, map_index)
      where x.dag_run_id = v.dag_run_id and x.task_id = v.task_id and x.map_index = v.map_index`,
    values: [params.taskInstances.map((item) => item.dagRunId), params.taskInstances.map((item) => item.taskId), params.taskInstances.map((item) => item.mapIndex)],
  });
}
