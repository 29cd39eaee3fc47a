import { type Queryable, run, runCount } from "../database-handle.ts";

/**
 * Keeps what options of a running attempt came out as, beside those of the same try that are kept already; those of a try before go. In a table of its own: it has nothing to do with what
 * moves a task.
 * @param params.fields JSON text of an object
 * @returns false: the attempt is not running any more
 */
export async function putRenderedFields(db: Queryable, params: { attemptId: string; fields: string }): Promise<boolean> {
  const written = await runCount(db, {
    name: "put_rendered_fields",
    text: `insert into rendered_task_instance_fields as kept (dag_run_id, task_instance_id, try_number, fields)
      select l.dag_run_id, l.task_instance_id, l.try_number, $2 from lease l where l.attempt_id = $1::uuid and l.state = 'running' and l.stop_reason is null for share of l
      on conflict (dag_run_id, task_instance_id) do update set try_number = excluded.try_number,
        fields = case when kept.try_number = excluded.try_number then (kept.fields::jsonb || excluded.fields::jsonb)::text else excluded.fields end`,
    values: [params.attemptId, params.fields],
  });
  return written > 0;
}

/** What is kept of these instances, by id. Uses the primary key. */
export async function listRenderedFields(
  db: Queryable,
  params: { instances: readonly { id: number; dagRunId: number }[] },
): Promise<Map<number, Record<string, unknown>>> {
  if (params.instances.length === 0) return new Map();
  const rows = await run<{ id: number; fields: string }>(db, {
    text: `select f.task_instance_id as id, f.fields from unnest($1::bigint[], $2::bigint[]) as asked (run_id, id)
      join rendered_task_instance_fields f on f.dag_run_id = asked.run_id and f.task_instance_id = asked.id`,
    values: [params.instances.map(({ dagRunId }) => dagRunId), params.instances.map(({ id }) => id)],
  });
  return new Map(rows.map(({ id, fields }) => [id, JSON.parse(fields) as Record<string, unknown>]));
}
