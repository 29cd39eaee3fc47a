import type { TaskInstanceState } from "@tradewind/core";
import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { countUpToLimit, cutToPage, type KeysetListed } from "./keyset.ts";
import { COUNT_LIMIT, type Fragment, listWithBoundedTotal, type Page, select, selectOne, where } from "./list-query.ts";
import { durationSql, taskInstanceConditions, type TaskInstanceFilter } from "./task-instance-filter.ts";
import { findPage } from "./task-instance-pages.ts";

/** What one try of a task instance looks like, whether it is the present one or one before. */
export interface TryRow {
  id: number;
  dagRunId: number;
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  dagDisplayName: string;
  dagVersionId: number;
  state: TaskInstanceState | null;
  stateReason: string | null;
  tryNumber: number;
  maxTries: number;
  attemptId: string | null;
  operator: string;
  pool: string;
  poolSlots: number;
  queue: string;
  executor: string | null;
  priorityWeight: number;
  scheduledWhen: Date | null;
  queuedWhen: Date | null;
  startDate: Date | null;
  endDate: Date | null;
  /** Seconds; until now while it runs. */
  duration: number | null;
  hostname: string | null;
  pid: number | null;
}

export interface TaskInstanceRow extends TryRow {
  logicalDate: Date | null;
  runAfter: Date;
  note: string | null;
  renderedMapIndex: string | null;
}

/** `of` is the alias of the row that has the try: `ti`, or `h` for one before. */
const tryColumns = (of: "ti" | "h"): string => `ti.id, ti.dag_run_id as "dagRunId", ti.dag_id as "dagId", r.run_id as "runId", ti.task_id as "taskId",
  ti.map_index as "mapIndex", d.dag_display_name as "dagDisplayName", ${of}.dag_version_id as "dagVersionId", ${of}.state, ${of}.state_reason as "stateReason",
  ${of}.try_number as "tryNumber", ${of}.max_tries as "maxTries", ${of}.attempt_id as "attemptId", ${of}.operator, ${of}.pool, ${of}.pool_slots as "poolSlots",
  ${of}.queue, ${of}.executor, ${of}.priority_weight as "priorityWeight", ${of}.scheduled_when as "scheduledWhen", ${of}.queued_when as "queuedWhen",
  ${of}.start_date as "startDate", ${of}.end_date as "endDate", ${of === "h" ? "h.duration" : `${durationSql} as duration`}, ${of}.hostname, ${of}.pid`;

const instanceColumns = `${tryColumns("ti")}, r.logical_date as "logicalDate", r.run_after as "runAfter", ti.note, ti.rendered_map_index as "renderedMapIndex"`;

const joins = sql`join dag_run r on r.id = ti.dag_run_id join dag d on d.dag_id = ti.dag_id`;

/**
 * Instances of one run by the unique index on (dag_run_id, task_id, map_index); of one task by `task_instance_by_task`; of many runs as `findPage` says. What rows refer to is joined to
 * those of the page only, unless filter or order ask for what stands there.
 */
export async function listTaskInstanceRows(
  db: Queryable,
  params: { filter: TaskInstanceFilter; page: Page },
): Promise<KeysetListed<TaskInstanceRow>> {
  const { filter, page } = params;
  const conditions = await taskInstanceConditions(db, filter);
  const isByKeyset = page.keyset !== undefined;
  if (conditions === undefined) return { items: [], total: 0, totalLimit: isByKeyset ? COUNT_LIMIT : null, previous: null, next: null };
  const matches = sql`from task_instance ti ${where(conditions.all)}`;
  const idsOf = (rows: readonly { id: number }[]): { ids: number[] } => ({ ids: rows.map(({ id }) => id) });
  if (isByKeyset) {
    const { shown, ...around } = cutToPage(await findPage(db, { filter, conditions, page }), page);
    return { items: await listTaskInstanceRowsById(db, idsOf(shown)), ...(await countUpToLimit(db, matches)), ...around };
  }
  const listed = await listWithBoundedTotal<TaskInstanceRow>(db, page, {
    rows: async () => listTaskInstanceRowsById(db, idsOf(await findPage(db, { filter, conditions, page }))),
    matches,
  });
  return { ...listed, previous: null, next: null };
}

export interface TaskInstanceKey {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

const isInstance = ({ dagId, runId, taskId, mapIndex }: TaskInstanceKey): Fragment =>
  sql`r.dag_id = ${dagId} and r.run_id = ${runId} and ti.task_id = ${taskId} and ti.map_index = ${mapIndex}`;

export async function findTaskInstanceRow(db: Queryable, params: TaskInstanceKey): Promise<TaskInstanceRow | undefined> {
  return selectOne(db, sql`select ${sql.raw(instanceColumns)} from task_instance ti ${joins} where ${isInstance(params)}`);
}

/** Instances by id, in the order of the ids. */
export async function listTaskInstanceRowsById(db: Queryable, params: { ids: readonly number[] }): Promise<TaskInstanceRow[]> {
  if (params.ids.length === 0) return [];
  return select(
    db,
    sql`select ${sql.raw(instanceColumns)} from unnest(${params.ids}::bigint[]) with ordinality as asked (id, place) join task_instance ti on ti.id = asked.id ${joins}
      order by asked.place`,
  );
}

/** Every try, the first one first; the last is the one in the task instance itself. A task instance that was never tried has none. */
export async function listTries(db: Queryable, params: TaskInstanceKey & { tryNumber?: number | undefined }): Promise<TryRow[]> {
  const only = (of: string): Fragment => (params.tryNumber === undefined ? sql`` : sql`and ${sql.raw(of)}.try_number = ${params.tryNumber}`);
  return select(
    db,
    sql`select ${sql.raw(tryColumns("h"))} from task_instance ti ${joins} join task_instance_history h on h.task_instance_id = ti.id
        where ${isInstance(params)} ${only("h")}
      union all select ${sql.raw(tryColumns("ti"))} from task_instance ti ${joins} where ${isInstance(params)} ${only("ti")}
        and not exists (select 1 from task_instance_history h where h.task_instance_id = ti.id and h.try_number = ti.try_number)
      order by "tryNumber"`,
  );
}
