import type { TaskInstanceState } from "@tradewind/core";
import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import {
  type Fragment,
  hasStateIn,
  isEqual,
  isOneOf,
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

const durationSql = "coalesce(ti.duration, case when ti.state = 'running' then extract(epoch from now() - ti.start_date)::float8 end)";

/** `of` is the alias of the row that has the try: `ti`, or `h` for one before. */
const tryColumns = (of: "ti" | "h"): string => `ti.id, ti.dag_run_id as "dagRunId", ti.dag_id as "dagId", r.run_id as "runId", ti.task_id as "taskId",
  ti.map_index as "mapIndex", d.dag_display_name as "dagDisplayName", ${of}.dag_version_id as "dagVersionId", ${of}.state, ${of}.state_reason as "stateReason",
  ${of}.try_number as "tryNumber", ${of}.max_tries as "maxTries", ${of}.attempt_id as "attemptId", ${of}.operator, ${of}.pool, ${of}.pool_slots as "poolSlots",
  ${of}.queue, ${of}.executor, ${of}.priority_weight as "priorityWeight", ${of}.scheduled_when as "scheduledWhen", ${of}.queued_when as "queuedWhen",
  ${of}.start_date as "startDate", ${of}.end_date as "endDate", ${of === "h" ? "h.duration" : `${durationSql} as duration`}, ${of}.hostname, ${of}.pid`;

const instanceColumns = `${tryColumns("ti")}, r.logical_date as "logicalDate", r.run_after as "runAfter", ti.note, ti.rendered_map_index as "renderedMapIndex"`;

const joins = sql`join dag_run r on r.id = ti.dag_run_id join dag d on d.dag_id = ti.dag_id`;

export const TASK_INSTANCE_ORDER_COLUMNS = {
  id: { by: "ti.id" },
  state: { by: "ti.state", nullable: true },
  duration: { by: durationSql, nullable: true },
  start_date: { by: "ti.start_date", nullable: true },
  end_date: { by: "ti.end_date", nullable: true },
  map_index: { by: "ti.map_index" },
  try_number: { by: "ti.try_number" },
  logical_date: { by: "r.logical_date", nullable: true },
  run_after: { by: "r.run_after" },
  data_interval_start: { by: "r.data_interval_start", nullable: true },
  data_interval_end: { by: "r.data_interval_end", nullable: true },
  rendered_map_index: { by: "ti.rendered_map_index", nullable: true },
  operator: { by: "ti.operator" },
} as const satisfies OrderColumns;

export interface TaskInstanceFilter {
  dagId?: string | undefined;
  runId?: string | undefined;
  taskId?: string | undefined;
  dagIds?: readonly string[] | undefined;
  runIds?: readonly string[] | undefined;
  taskIds?: readonly string[] | undefined;
  states?: readonly (string | null)[] | undefined;
  pools?: readonly string[] | undefined;
  queues?: readonly string[] | undefined;
  executors?: readonly string[] | undefined;
  operators?: readonly string[] | undefined;
  mapIndexes?: readonly number[] | undefined;
  /** Only instances of mapped tasks that were expanded. */
  expanded?: boolean | undefined;
  tryNumbers?: readonly number[] | undefined;
  versionNumbers?: readonly number[] | undefined;
  runAfter?: Range<Date> | undefined;
  logicalDate?: Range<Date> | undefined;
  startDate?: Range<Date> | undefined;
  endDate?: Range<Date> | undefined;
  updatedAt?: Range<Date> | undefined;
  /** Seconds. */
  duration?: Range<number> | undefined;
  dagIdPattern?: string | undefined;
  dagIdPrefixPattern?: string | undefined;
  runIdPattern?: string | undefined;
  runIdPrefixPattern?: string | undefined;
  taskIdPattern?: string | undefined;
  taskIdPrefixPattern?: string | undefined;
  poolPattern?: string | undefined;
  poolPrefixPattern?: string | undefined;
  queuePattern?: string | undefined;
  queuePrefixPattern?: string | undefined;
  operatorPattern?: string | undefined;
  operatorPrefixPattern?: string | undefined;
  renderedMapIndexPattern?: string | undefined;
  renderedMapIndexPrefixPattern?: string | undefined;
}

/**
 * Instances of one run by the unique index on (dag_run_id, task_id, map_index); of one task by `task_instance_by_task`. Runs are joined to the rows of the page only, unless filter or
 * order ask for what stands in them.
 */
export async function listTaskInstanceRows(db: Queryable, params: { filter: TaskInstanceFilter; page: Page }): Promise<Listed<TaskInstanceRow>> {
  const { filter, page } = params;
  const ofRun = runConditions(filter).filter((condition) => condition !== undefined);
  const conditions = where([...ownConditions(filter), ...ofRun]);
  const order = orderBy(TASK_INSTANCE_ORDER_COLUMNS, page.orderBy, "ti.id");
  const needsRun = ofRun.length > 0 || page.orderBy.some((name) => ORDERS_BY_RUN.has(name.replace(/^-/, "")));
  const source = needsRun
    ? sql`from task_instance ti ${joins} ${conditions} ${order} ${limitTo(page)}`
    : sql`from (select ti.* from task_instance ti ${conditions} ${order} ${limitTo(page)}) ti ${joins} ${order}`;
  return listWithTotal(db, page, {
    rows: sql`select ${sql.raw(instanceColumns)} ${source}`,
    count: sql`select count(*) as total from task_instance ti ${ofRun.length > 0 ? sql`join dag_run r on r.id = ti.dag_run_id` : sql``} ${conditions}`,
  });
}

const ORDERS_BY_RUN: ReadonlySet<string> = new Set(
  Object.entries(TASK_INSTANCE_ORDER_COLUMNS).flatMap(([name, { by }]) => (by.startsWith("r.") ? [name] : [])),
);

/** With `dagId` and `runId` the run is looked up first, by its unique index. */
function isOfOneRun({ dagId, runId }: TaskInstanceFilter): Fragment | undefined {
  if (dagId === undefined || runId === undefined) return undefined;
  return sql`ti.dag_run_id = (select one.id from dag_run one where one.dag_id = ${dagId} and one.run_id = ${runId})`;
}

function ownConditions(filter: TaskInstanceFilter): (Fragment | undefined)[] {
  return [
    isOfOneRun(filter),
    isEqual("ti.dag_id", filter.dagId),
    isEqual("ti.task_id", filter.taskId),
    isOneOf("ti.dag_id", "text", filter.dagIds),
    isOneOf("ti.task_id", "text", filter.taskIds),
    hasStateIn("ti.state", filter.states),
    isOneOf("ti.pool", "text", filter.pools),
    isOneOf("ti.queue", "text", filter.queues),
    isOneOf("ti.executor", "text", filter.executors),
    isOneOf("ti.operator", "text", filter.operators),
    isOneOf("ti.map_index", "int", filter.mapIndexes),
    filter.expanded === true ? sql`ti.map_index >= 0` : undefined,
    isOneOf("ti.try_number", "int", filter.tryNumbers),
    versionCondition(filter.versionNumbers),
    isWithin("ti.start_date", filter.startDate),
    isWithin("ti.end_date", filter.endDate),
    isWithin("ti.updated_at", filter.updatedAt),
    isWithin(durationSql, filter.duration),
    matchesPattern("ti.dag_id", filter.dagIdPattern),
    matchesPrefix("ti.dag_id", filter.dagIdPrefixPattern),
    matchesPattern("ti.task_id", filter.taskIdPattern),
    matchesPrefix("ti.task_id", filter.taskIdPrefixPattern),
    matchesPattern("ti.pool", filter.poolPattern),
    matchesPrefix("ti.pool", filter.poolPrefixPattern),
    matchesPattern("ti.queue", filter.queuePattern),
    matchesPrefix("ti.queue", filter.queuePrefixPattern),
    matchesPattern("ti.operator", filter.operatorPattern),
    matchesPrefix("ti.operator", filter.operatorPrefixPattern),
    matchesPattern("ti.rendered_map_index", filter.renderedMapIndexPattern),
    matchesPrefix("ti.rendered_map_index", filter.renderedMapIndexPrefixPattern),
  ];
}

/** What only the run's row tells. */
function runConditions(filter: TaskInstanceFilter): (Fragment | undefined)[] {
  return [
    filter.dagId === undefined ? isEqual("r.run_id", filter.runId) : undefined,
    isOneOf("r.run_id", "text", filter.runIds),
    isWithin("r.run_after", filter.runAfter),
    isWithin("r.logical_date", filter.logicalDate),
    matchesPattern("r.run_id", filter.runIdPattern),
    matchesPrefix("r.run_id", filter.runIdPrefixPattern),
  ];
}

function versionCondition(versionNumbers: readonly number[] | undefined): Fragment | undefined {
  const asked = isOneOf("v.version_number", "int", versionNumbers);
  return asked && sql`exists (select 1 from dag_version v where v.id = ti.dag_version_id and ${asked})`;
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
