import type { DagRunState, DagRunType } from "@tradewind/core";
import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { countUpToLimit, cutToPage, isBehind, type KeysetListed, limitOf, orderByPlace, placeColumn, type PlacedRow } from "./keyset.ts";
import {
  type Fragment,
  hasStateIn,
  isEqual,
  isOneOf,
  isWithin,
  limitTo,
  listWithBoundedTotal,
  matchesPattern,
  matchesPrefix,
  type OrderColumns,
  type Page,
  type Range,
  select,
  selectOne,
  where,
} from "./list-query.ts";

export interface DagRunRow {
  id: number;
  dagId: string;
  runId: string;
  dagDisplayName: string;
  dagVersionId: number;
  /** Of all task instances of the run: it has more than one after a clear on the latest version. */
  dagVersionIds: number[];
  runType: DagRunType;
  state: DagRunState;
  logicalDate: Date | null;
  dataIntervalStart: Date | null;
  dataIntervalEnd: Date | null;
  runAfter: Date;
  queuedAt: Date | null;
  startDate: Date | null;
  endDate: Date | null;
  /** Seconds; until now while it runs. */
  duration: number | null;
  lastSchedulingDecision: Date | null;
  triggeredBy: string;
  triggeringUserName: string | null;
  /** JSON text. */
  conf: string;
  note: string | null;
}

const durationSql = "extract(epoch from coalesce(r.end_date, now()) - r.start_date)::float8";

const runColumns = `r.id, r.dag_id as "dagId", r.run_id as "runId", d.dag_display_name as "dagDisplayName", r.dag_version_id as "dagVersionId", r.run_type as "runType",
  r.state, r.logical_date as "logicalDate", r.data_interval_start as "dataIntervalStart", r.data_interval_end as "dataIntervalEnd", r.run_after as "runAfter",
  r.queued_at as "queuedAt", r.start_date as "startDate", r.end_date as "endDate", ${durationSql} as duration,
  r.last_scheduling_decision as "lastSchedulingDecision", r.triggered_by as "triggeredBy", r.triggering_user_name as "triggeringUserName", r.conf, r.note,
  array(select distinct ti.dag_version_id from task_instance ti where ti.dag_run_id = r.id order by 1) as "dagVersionIds"`;

export const DAG_RUN_ORDER_COLUMNS = {
  id: { by: "r.id" },
  state: { by: "r.state" },
  dag_id: { by: "r.dag_id" },
  run_id: { by: "r.run_id" },
  dag_run_id: { by: "r.run_id" },
  logical_date: { by: "r.logical_date", nullable: true },
  run_after: { by: "r.run_after" },
  start_date: { by: "r.start_date", nullable: true },
  end_date: { by: "r.end_date", nullable: true },
  duration: { by: durationSql, nullable: true },
  conf: { by: "r.conf" },
} as const satisfies OrderColumns;

export interface DagRunFilter {
  dagId?: string | undefined;
  dagIds?: readonly string[] | undefined;
  states?: readonly (string | null)[] | undefined;
  runTypes?: readonly string[] | undefined;
  logicalDate?: Range<Date> | undefined;
  runAfter?: Range<Date> | undefined;
  startDate?: Range<Date> | undefined;
  endDate?: Range<Date> | undefined;
  /** When it last came to a new state, or something in it was decided. */
  updatedAt?: Range<Date> | undefined;
  /** What is asked for is nothing that a run can have here. */
  matchesNothing?: boolean;
  /** Seconds. */
  duration?: Range<number> | undefined;
  confContains?: string | undefined;
  /** Version numbers. */
  dagVersions?: readonly number[] | undefined;
  bundleVersion?: string | undefined;
  runIdPattern?: string | undefined;
  runIdPrefixPattern?: string | undefined;
  dagIdPattern?: string | undefined;
  dagIdPrefixPattern?: string | undefined;
  triggeringUserNamePattern?: string | undefined;
  triggeringUserNamePrefixPattern?: string | undefined;
}

/** Runs of one DAG by `dag_run_by_run_after`, of all by `dag_run_recent`, when that is the order asked for. */
export async function listDagRuns(db: Queryable, params: { filter: DagRunFilter; page: Page }): Promise<KeysetListed<DagRunRow>> {
  const { filter, page } = params;
  const conditions = dagRunConditions(filter);
  const rows = sql`select ${sql.raw(runColumns)}, ${placeColumn(DAG_RUN_ORDER_COLUMNS, page)} as place from dag_run r join dag d on d.dag_id = r.dag_id
      ${where([...conditions, isBehind(DAG_RUN_ORDER_COLUMNS, page, "r.id")])} ${orderByPlace(DAG_RUN_ORDER_COLUMNS, page, "r.id")}
      ${limitTo({ ...page, ...limitOf(page) })}`;
  const matches = sql`from dag_run r ${where(conditions)}`;
  if (page.keyset === undefined) return { ...(await listWithBoundedTotal<DagRunRow>(db, page, { rows, matches })), previous: null, next: null };
  const { shown, ...around } = cutToPage(await select<DagRunRow & PlacedRow>(db, rows), page);
  return { items: shown, ...(await countUpToLimit(db, matches)), ...around };
}

function dagRunConditions(filter: DagRunFilter): (Fragment | undefined)[] {
  return [
    isEqual("r.dag_id", filter.dagId),
    isOneOf("r.dag_id", "text", filter.dagIds),
    hasStateIn("r.state", filter.states),
    isOneOf("r.run_type", "text", filter.runTypes),
    isWithin("r.logical_date", filter.logicalDate),
    isWithin("r.run_after", filter.runAfter),
    isWithin("r.start_date", filter.startDate),
    isWithin("r.end_date", filter.endDate),
    isWithin("greatest(r.queued_at, r.start_date, r.end_date, r.last_scheduling_decision)", filter.updatedAt),
    filter.matchesNothing === true ? sql`false` : undefined,
    isWithin(durationSql, filter.duration),
    filter.confContains === undefined || filter.confContains === "" ? undefined : sql`r.conf ilike ${`%${filter.confContains}%`}`,
    versionCondition(filter),
    matchesPattern("r.run_id", filter.runIdPattern),
    matchesPrefix("r.run_id", filter.runIdPrefixPattern),
    matchesPattern("r.dag_id", filter.dagIdPattern),
    matchesPrefix("r.dag_id", filter.dagIdPrefixPattern),
    matchesPattern("r.triggering_user_name", filter.triggeringUserNamePattern),
    matchesPrefix("r.triggering_user_name", filter.triggeringUserNamePrefixPattern),
  ];
}

function versionCondition({ dagVersions, bundleVersion }: DagRunFilter): Fragment | undefined {
  const asked = [isOneOf("v.version_number", "int", dagVersions), isEqual("v.bundle_sha256", bundleVersion)].filter((item) => item !== undefined);
  return asked.length === 0 ? undefined : sql`exists (select 1 from dag_version v where v.id = r.dag_version_id and ${sql.join(asked, sql` and `)})`;
}

export async function findDagRunRow(db: Queryable, params: { dagId: string; runId: string }): Promise<DagRunRow | undefined> {
  return selectOne(
    db,
    sql`select ${sql.raw(runColumns)} from dag_run r join dag d on d.dag_id = r.dag_id where r.dag_id = ${params.dagId} and r.run_id = ${params.runId}`,
  );
}
