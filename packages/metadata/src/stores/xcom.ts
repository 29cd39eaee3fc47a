import { type Queryable, run, type Transaction } from "../database-handle.ts";

export interface NewXCom {
  dagRunId: number;
  taskId: string;
  key: string;
  mapIndex: number;
  taskInstanceId: number;
  /** JSON text, kept as it is. */
  value: string;
  length: number | null;
}

export async function putXComs(tx: Transaction, xcoms: readonly NewXCom[]): Promise<void> {
  if (xcoms.length === 0) return;
  const column = <K extends keyof NewXCom>(key: K): NewXCom[K][] => xcoms.map((item) => item[key]);
  await run(tx, {
    name: "put_xcoms",
    text: `insert into xcom (dag_run_id, task_id, key, map_index, task_instance_id, value, length)
      select * from unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::int[])
      on conflict (dag_run_id, task_id, key, map_index) do update set value = excluded.value, length = excluded.length, task_instance_id = excluded.task_instance_id,
        timestamp = now()`,
    values: [column("dagRunId"), column("taskId"), column("key"), column("mapIndex"), column("taskInstanceId"), column("value"), column("length")],
  });
}

/** What an earlier try left behind. */
export async function deleteXComs(tx: Transaction, instances: readonly { dagRunId: number; taskId: string; mapIndex: number }[]): Promise<void> {
  if (instances.length === 0) return;
  await run(tx, {
    name: "delete_xcoms",
    text: `delete from xcom x using unnest($1::bigint[], $2::text[], $3::int[]) as v (dag_run_id, task_id, map_index)
      where x.dag_run_id = v.dag_run_id and x.task_id = v.task_id and x.map_index = v.map_index`,
    values: [instances.map((item) => item.dagRunId), instances.map((item) => item.taskId), instances.map((item) => item.mapIndex)],
  });
}

export interface XComRow {
  dagRunId: number;
  taskId: string;
  key: string;
  mapIndex: number;
  /** null: together with the other indexes of its task it has more than `maxBytes`. */
  value: string | null;
}

/**
 * XComs of tasks in runs, by map index. Values of one task and key that come to more than `maxBytes` are left out; the size of a value is known without reading it. Uses the
 * primary key.
 */
export async function listXComs(
  db: Queryable,
  params: { refs: readonly { dagRunId: number; taskId: string; key: string }[]; maxBytes: number | null },
): Promise<XComRow[]> {
  if (params.refs.length === 0) return [];
  return run<XComRow>(db, {
    name: "list_xcoms",
    text: `select x.dag_run_id as "dagRunId", x.task_id as "taskId", x.key, x.map_index as "mapIndex",
        case when $4::int is null or sum(octet_length(x.value)) over (partition by x.dag_run_id, x.task_id, x.key) <= $4::int then x.value end as value
      from unnest($1::bigint[], $2::text[], $3::text[]) as v (dag_run_id, task_id, key)
      join xcom x on x.dag_run_id = v.dag_run_id and x.task_id = v.task_id and x.key = v.key
      order by x.dag_run_id, x.task_id, x.key, x.map_index`,
    values: [params.refs.map((item) => item.dagRunId), params.refs.map((item) => item.taskId), params.refs.map((item) => item.key), params.maxBytes],
  });
}
