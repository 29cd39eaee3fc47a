import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import {
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
  selectOne,
  where,
} from "./list-query.ts";

export interface EventLogRow {
  id: number;
  when: Date;
  event: string;
  dagId: string | null;
  runId: string | null;
  taskId: string | null;
  mapIndex: number | null;
  tryNumber: number | null;
  owner: string | null;
  /** JSON text. */
  extra: string | null;
  logicalDate: Date | null;
  dagDisplayName: string | null;
}

const columns = `e.id, e."when", e.event, e.dag_id as "dagId", e.run_id as "runId", e.task_id as "taskId", e.map_index as "mapIndex", e.try_number as "tryNumber",
  e.owner, e.extra::text as extra, r.logical_date as "logicalDate", d.dag_display_name as "dagDisplayName"`;

const joins = sql`left join dag_run r on r.dag_id = e.dag_id and r.run_id = e.run_id left join dag d on d.dag_id = e.dag_id`;

export const EVENT_LOG_ORDER_COLUMNS = {
  id: { by: "e.id" },
  event_log_id: { by: "e.id" },
  dttm: { by: `e."when"` },
  when: { by: `e."when"` },
  dag_id: { by: "e.dag_id", nullable: true },
  task_id: { by: "e.task_id", nullable: true },
  run_id: { by: "e.run_id", nullable: true },
  event: { by: "e.event" },
  logical_date: { by: "r.logical_date", nullable: true },
  owner: { by: "e.owner", nullable: true },
  extra: { by: "e.extra::text", nullable: true },
} as const satisfies OrderColumns;

const PATTERN_COLUMNS = { dagId: "e.dag_id", taskId: "e.task_id", runId: "e.run_id", owner: "e.owner", event: "e.event" } as const;
type PatternKey = keyof typeof PATTERN_COLUMNS;

export interface EventLogFilter {
  dagId?: string | undefined;
  taskId?: string | undefined;
  runId?: string | undefined;
  mapIndex?: number | undefined;
  tryNumber?: number | undefined;
  owner?: string | undefined;
  event?: string | undefined;
  includedEvents?: readonly string[] | undefined;
  excludedEvents?: readonly string[] | undefined;
  when?: Range<Date> | undefined;
  patterns?: Partial<Record<PatternKey, string | undefined>>;
  prefixPatterns?: Partial<Record<PatternKey, string | undefined>>;
}

export async function listEventLogs(db: Queryable, params: { filter: EventLogFilter; page: Page }): Promise<Listed<EventLogRow>> {
  const { filter, page } = params;
  const excluded = filter.excludedEvents ?? [];
  const patternKeys = Object.keys(PATTERN_COLUMNS) as PatternKey[];
  const conditions = where([
    isEqual("e.dag_id", filter.dagId),
    isEqual("e.task_id", filter.taskId),
    isEqual("e.run_id", filter.runId),
    isEqual("e.map_index", filter.mapIndex),
    isEqual("e.try_number", filter.tryNumber),
    isEqual("e.owner", filter.owner),
    isEqual("e.event", filter.event),
    isOneOf("e.event", "text", filter.includedEvents),
    excluded.length === 0 ? undefined : sql`e.event <> all(${excluded}::text[])`,
    isWithin(`e."when"`, filter.when),
    ...patternKeys.map((key) => matchesPattern(PATTERN_COLUMNS[key], filter.patterns?.[key])),
    ...patternKeys.map((key) => matchesPrefix(PATTERN_COLUMNS[key], filter.prefixPatterns?.[key])),
  ]);
  return listWithTotal(db, page, {
    rows: sql`select ${sql.raw(columns)} from event_log e ${joins} ${conditions} ${orderBy(EVENT_LOG_ORDER_COLUMNS, page.orderBy, "e.id")} ${limitTo(page)}`,
    count: sql`select count(*) as total from event_log e ${conditions}`,
  });
}

export async function findEventLog(db: Queryable, params: { id: number }): Promise<EventLogRow | undefined> {
  return selectOne(db, sql`select ${sql.raw(columns)} from event_log e ${joins} where e.id = ${params.id}`);
}
