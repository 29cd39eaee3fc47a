import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import {
  type Fragment,
  isEqual,
  isVisible,
  isWithin,
  limitTo,
  type Listed,
  listWithTotal,
  matchesPattern,
  matchesPrefix,
  orderBy,
  type OrderColumns,
  type Page,
  type Range,
  select,
  selectOne,
  where,
} from "./list-query.ts";
import type { TaskInstanceKey } from "./task-instances.ts";

export interface XComRow extends TaskInstanceKey {
  key: string;
  timestamp: Date;
  dagDisplayName: string;
  dagVersionId: number;
  logicalDate: Date | null;
  runAfter: Date;
}

const xcomColumns = `x.key, x.timestamp, r.dag_id as "dagId", r.run_id as "runId", x.task_id as "taskId", x.map_index as "mapIndex", d.dag_display_name as "dagDisplayName",
  r.dag_version_id as "dagVersionId", r.logical_date as "logicalDate", r.run_after as "runAfter"`;

const source = sql`from xcom x join dag_run r on r.id = x.dag_run_id join dag d on d.dag_id = r.dag_id`;

export const XCOM_ORDER_COLUMNS = {
  key: { by: "x.key" },
  dag_id: { by: "r.dag_id" },
  run_id: { by: "r.run_id" },
  task_id: { by: "x.task_id" },
  map_index: { by: "x.map_index" },
  timestamp: { by: "x.timestamp" },
  run_after: { by: "r.run_after" },
} as const satisfies OrderColumns;

export interface XComFilter {
  /** The only DAGs that who asks may see. */
  visibleDagIds?: readonly string[] | undefined;
  dagId?: string | undefined;
  runId?: string | undefined;
  taskId?: string | undefined;
  key?: string | undefined;
  mapIndex?: number | undefined;
  keyPattern?: string | undefined;
  keyPrefixPattern?: string | undefined;
  dagDisplayNamePattern?: string | undefined;
  dagDisplayNamePrefixPattern?: string | undefined;
  runIdPattern?: string | undefined;
  runIdPrefixPattern?: string | undefined;
  taskIdPattern?: string | undefined;
  taskIdPrefixPattern?: string | undefined;
  logicalDate?: Range<Date> | undefined;
  runAfter?: Range<Date> | undefined;
}

/** Without the values, which may be large. */
export async function listXComs(db: Queryable, params: { filter: XComFilter; page: Page }): Promise<Listed<XComRow>> {
  const { filter, page } = params;
  const conditions = where([
    isVisible("r.dag_id", filter.visibleDagIds),
    isEqual("r.dag_id", filter.dagId),
    isEqual("r.run_id", filter.runId),
    isEqual("x.task_id", filter.taskId),
    isEqual("x.key", filter.key),
    isEqual("x.map_index", filter.mapIndex),
    matchesPattern("x.key", filter.keyPattern),
    matchesPrefix("x.key", filter.keyPrefixPattern),
    matchesPattern("d.dag_display_name", filter.dagDisplayNamePattern),
    matchesPrefix("d.dag_display_name", filter.dagDisplayNamePrefixPattern),
    matchesPattern("r.run_id", filter.runIdPattern),
    matchesPrefix("r.run_id", filter.runIdPrefixPattern),
    matchesPattern("x.task_id", filter.taskIdPattern),
    matchesPrefix("x.task_id", filter.taskIdPrefixPattern),
    isWithin("r.logical_date", filter.logicalDate),
    isWithin("r.run_after", filter.runAfter),
  ]);
  return listWithTotal(db, page, {
    rows: sql`select ${sql.raw(xcomColumns)} ${source} ${conditions} ${orderBy(XCOM_ORDER_COLUMNS, page.orderBy, "x.dag_run_id, x.task_id, x.key, x.map_index")}
      ${limitTo(page)}`,
    count: sql`select count(*) as total ${source} ${conditions}`,
  });
}

const isXCom = ({ dagId, runId, taskId, mapIndex, key }: TaskInstanceKey & { key: string }): Fragment =>
  sql`r.dag_id = ${dagId} and r.run_id = ${runId} and x.task_id = ${taskId} and x.key = ${key} and x.map_index = ${mapIndex}`;

/** With the value, as JSON text. */
export async function findXComRow(db: Queryable, params: TaskInstanceKey & { key: string }): Promise<(XComRow & { value: string }) | undefined> {
  return selectOne(db, sql`select ${sql.raw(xcomColumns)}, x.value ${source} where ${isXCom(params)}`);
}

/** Values of several tasks of a run under one key, as JSON text, in the order of the map indexes. */
export async function listXComValues(
  db: Queryable,
  params: { dagRunId: number; taskIds: readonly string[]; key: string },
): Promise<{ taskId: string; mapIndex: number; value: string }[]> {
  return select(
    db,
    sql`select task_id as "taskId", map_index as "mapIndex", value from xcom
      where dag_run_id = ${params.dagRunId} and task_id = any(${params.taskIds}::text[]) and key = ${params.key} order by map_index`,
  );
}
