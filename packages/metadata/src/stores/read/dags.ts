import type { DagRunState, DagRunType } from "@tradewind/core";
import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import {
  type Fragment,
  hasStateIn,
  isEqual,
  isOneOf,
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

export interface DagRow {
  dagId: string;
  dagDisplayName: string;
  isPaused: boolean;
  isDraining: boolean;
  isStale: boolean;
  hasImportErrors: boolean;
  lastParsedAt: Date;
  lastParseDurationMs: number | null;
  bundleName: string;
  relativePath: string;
  description: string | null;
  owners: string[];
  tags: string[];
  timetableSummary: string | null;
  timetableDescription: string | null;
  timetablePeriodic: boolean;
  maxActiveRuns: number;
  maxActiveTasks: number;
  maxConsecutiveFailedDagRuns: number;
  hasTaskConcurrencyLimits: boolean;
  /** Null: all. */
  allowedRunTypes: DagRunType[] | null;
  nextLogicalDate: Date | null;
  nextDataIntervalStart: Date | null;
  nextDataIntervalEnd: Date | null;
  nextRunAt: Date | null;
}

export interface DagDetailsRow extends DagRow {
  /** JSON text of the DAG spec of the latest version. */
  spec: string;
  version: DagVersionRow;
  activeRunsCount: number;
  /** The user who asks marked it. */
  isFavorite: boolean;
}

export interface DagVersionRow {
  id: number;
  dagId: string;
  dagDisplayName: string;
  versionNumber: number;
  bundleName: string;
  bundleSha256: string;
  createdAt: Date;
}

// A spec is canonical JSON: every member is there, null where unset, and a quote inside a string has a backslash before it. So what is left of these names when the unset ones are
// taken away are limits.
const hasLimit = (member: string): string => `strpos(replace(v.spec, '"${member}":null', ''), '"${member}":') > 0`;

const dagColumns = `d.dag_id as "dagId", d.dag_display_name as "dagDisplayName", d.is_paused as "isPaused", d.is_draining as "isDraining", d.is_stale as "isStale",
  d.has_import_errors as "hasImportErrors", d.last_parsed_at as "lastParsedAt", d.last_parse_duration_ms as "lastParseDurationMs",
  v.bundle_name as "bundleName", v.relative_path as "relativePath", d.description, d.owners,
  array(select t.name from dag_tag t where t.dag_id = d.dag_id order by t.name) as tags,
  d.timetable_summary as "timetableSummary", d.timetable_description as "timetableDescription", d.timetable_periodic as "timetablePeriodic",
  d.max_active_runs as "maxActiveRuns", d.max_active_tasks as "maxActiveTasks", d.max_consecutive_failed_dag_runs as "maxConsecutiveFailedDagRuns",
  (${hasLimit("maxActiveTisPerDag")} or ${hasLimit("maxActiveTisPerDagrun")}) as "hasTaskConcurrencyLimits",
  case when strpos(v.spec, '"allowedRunTypes":') > 0 then v.spec::json -> 'allowedRunTypes' end as "allowedRunTypes",
  d.next_logical_date as "nextLogicalDate", d.next_data_interval_start as "nextDataIntervalStart", d.next_data_interval_end as "nextDataIntervalEnd",
  d.next_run_at as "nextRunAt"`;

const versionColumns = `v.id, v.dag_id as "dagId", v.version_number as "versionNumber", v.bundle_name as "bundleName", v.bundle_sha256 as "bundleSha256",
  v.created_at as "createdAt"`;

export const DAG_ORDER_COLUMNS = {
  dag_id: { by: "d.dag_id" },
  dag_display_name: { by: "d.dag_display_name" },
  next_dagrun: { by: "d.next_logical_date", nullable: true },
  state: { by: "last_run.state", nullable: true },
  last_run_state: { by: "last_run.state", nullable: true },
  start_date: { by: "last_run.start_date", nullable: true },
  last_run_start_date: { by: "last_run.start_date", nullable: true },
} as const satisfies OrderColumns;

export interface DagFilter {
  /** The only ones that who asks may see. */
  visibleDagIds?: readonly string[] | undefined;
  dagIdPattern?: string | undefined;
  dagIdPrefixPattern?: string | undefined;
  dagDisplayNamePattern?: string | undefined;
  dagDisplayNamePrefixPattern?: string | undefined;
  tags?: readonly string[] | undefined;
  /** Default `any`. */
  tagsMatchMode?: "any" | "all" | undefined;
  owners?: readonly string[] | undefined;
  /** Leave out DAGs that are not found any more where they came from. */
  excludeStale: boolean;
  paused?: boolean | undefined;
  hasImportErrors?: boolean | undefined;
  bundleName?: string | undefined;
  /** Kinds of schedule, as in the DAG spec: `cron_trigger`. */
  scheduleKinds?: readonly string[] | undefined;
  /** What is asked for is nothing that a DAG can have here. */
  matchesNothing?: boolean;
  /** Whether a user marked it. */
  favorite?: { username: string; isFavorite: boolean } | undefined;
  /** These look at the latest run of each DAG. */
  lastDagRunState?: DagRunState | undefined;
  dagRunState?: readonly string[] | undefined;
  dagRunStartDate?: Range<Date> | undefined;
  dagRunEndDate?: Range<Date> | undefined;
}

/** The latest run of each DAG, by `dag_run_by_run_after`. */
const lastRun = sql`left join lateral (select r.state, r.start_date, r.end_date from dag_run r where r.dag_id = d.dag_id order by r.run_after desc limit 1) last_run on true`;

/** What is shown of a DAG is read for those of the page only. The last run of every DAG is looked up once, for the page and for the total. */
export async function listDags(db: Queryable, { filter, page }: { filter: DagFilter; page: Page }): Promise<Listed<DagRow>> {
  const needsVersion = filter.bundleName !== undefined || (filter.scheduleKinds?.length ?? 0) > 0;
  const version = !needsVersion ? sql`` : sql`join dag_version v on v.id = d.dag_version_id`;
  const needsLastRun = looksAtLastRun(filter) || page.orderBy.some((name) => ORDERS_BY_LAST_RUN.has(name.replace(/^-/, "")));
  const source = sql`from dag d ${version} ${needsLastRun ? lastRun : sql``} ${dagConditions(filter)}`;
  const order = orderBy(DAG_ORDER_COLUMNS, page.orderBy, "d.dag_id");
  let counted: number | undefined;
  const { items, ...totals } = await listWithTotal<{ dagId: string }>(db, page, {
    async rows() {
      const total = needsLastRun ? sql`count(*) over ()` : sql`null`;
      const found = await select<{ dagId: string; total: number | null }>(
        db,
        sql`select d.dag_id as "dagId", ${total} as total ${source} ${order} ${limitTo(page)}`,
      );
      counted = found[0]?.total ?? undefined;
      return found;
    },
    count: () => (counted === undefined ? sql`select count(*) as total ${source}` : sql`select ${counted}::bigint as total`),
  });
  return { items: await listDagsById(db, { dagIds: items.map(({ dagId }) => dagId) }), ...totals };
}

const ORDERS_BY_LAST_RUN: ReadonlySet<string> = new Set(
  Object.entries(DAG_ORDER_COLUMNS).flatMap(([name, { by }]) => (by.startsWith("last_run.") ? [name] : [])),
);

/** DAGs in the order of the ids. */
export async function listDagsById(db: Queryable, { dagIds }: { dagIds: readonly string[] }): Promise<DagRow[]> {
  if (dagIds.length === 0) return [];
  return select(
    db,
    sql`select ${sql.raw(dagColumns)} from unnest(${dagIds}::text[]) with ordinality as asked (id, place) join dag d on d.dag_id = asked.id
      join dag_version v on v.id = d.dag_version_id order by asked.place`,
  );
}

function looksAtLastRun({ lastDagRunState, dagRunState, dagRunStartDate, dagRunEndDate }: DagFilter): boolean {
  return [lastDagRunState, dagRunState, dagRunStartDate, dagRunEndDate].some((item) => item !== undefined);
}

function dagConditions(filter: DagFilter): Fragment {
  const { tags = [], owners = [] } = filter;
  return where([
    isVisible("d.dag_id", filter.visibleDagIds),
    matchesPattern("d.dag_id", filter.dagIdPattern),
    matchesPrefix("d.dag_id", filter.dagIdPrefixPattern),
    matchesPattern("d.dag_display_name", filter.dagDisplayNamePattern),
    matchesPrefix("d.dag_display_name", filter.dagDisplayNamePrefixPattern),
    tags.length === 0 ? undefined : hasTags(new Set(tags), filter.tagsMatchMode),
    activeHint([filter.lastDagRunState ?? null, ...(filter.dagRunState ?? [null])]),
    owners.length === 0 ? undefined : sql`d.owners && ${owners}::text[]`,
    filter.excludeStale ? sql`not d.is_stale` : undefined,
    isEqual("d.is_paused", filter.paused),
    isEqual("d.has_import_errors", filter.hasImportErrors),
    isEqual("v.bundle_name", filter.bundleName),
    filter.matchesNothing === true ? sql`false` : undefined,
    isOneOf("v.spec::json #>> '{schedule,kind}'", "text", filter.scheduleKinds),
    favoriteCondition(filter.favorite),
    isEqual("last_run.state", filter.lastDagRunState),
    hasStateIn("last_run.state", filter.dagRunState),
    isWithin("last_run.start_date", filter.dagRunStartDate),
    isWithin("last_run.end_date", filter.dagRunEndDate),
  ]);
}

/** By `dag_tag_by_name`: the DAGs of the tags, not the tags of every DAG. */
function hasTags(tags: ReadonlySet<string>, mode: DagFilter["tagsMatchMode"]): Fragment {
  const least = mode === "all" ? tags.size : 1;
  return sql`d.dag_id in (select t.dag_id from dag_tag t where t.name = any(${[...tags]}::text[]) group by t.dag_id having count(*) >= ${least})`;
}

/** DAGs whose last run goes on are among those that have one that does, which are few and have an index. One of the filters is enough for that. */
function activeHint(states: readonly (string | null)[]): Fragment | undefined {
  const asked = states.filter((state) => state !== null);
  if (asked.length === 0 || asked.some((state) => state !== "queued" && state !== "running")) return undefined;
  return sql`d.dag_id in (select active.dag_id from dag_run active where active.state in ('queued', 'running'))`;
}

function favoriteCondition(favorite: DagFilter["favorite"]): Fragment | undefined {
  if (favorite === undefined) return undefined;
  const marked = sql`exists (select 1 from dag_favorite f join user_account u on u.id = f.user_account_id where f.dag_id = d.dag_id and u.username = ${favorite.username})`;
  return favorite.isFavorite ? marked : sql`not ${marked}`;
}

export async function findDag(db: Queryable, params: { dagId: string }): Promise<DagRow | undefined> {
  return selectOne(db, sql`select ${sql.raw(dagColumns)} from dag d join dag_version v on v.id = d.dag_version_id where d.dag_id = ${params.dagId}`);
}

export async function findDagDetails(db: Queryable, params: { dagId: string; username?: string | undefined }): Promise<DagDetailsRow | undefined> {
  const row = await selectOne<DagDetailsRow & Omit<DagVersionRow, "bundleName">>(
    db,
    sql`select ${sql.raw(dagColumns)}, ${sql.raw(versionColumns)}, v.spec,
        (select count(*) from dag_run r where r.dag_id = d.dag_id and r.state = 'running') as "activeRunsCount",
        exists (select 1 from dag_favorite f join user_account u on u.id = f.user_account_id where f.dag_id = d.dag_id and u.username = ${params.username ?? null}) as "isFavorite"
      from dag d join dag_version v on v.id = d.dag_version_id where d.dag_id = ${params.dagId}`,
  );
  if (row === undefined) return undefined;
  const { id, versionNumber, bundleSha256, createdAt, ...dag } = row;
  const { dagId, dagDisplayName, bundleName } = dag;
  return { ...dag, version: { id, dagId, dagDisplayName, versionNumber, bundleName, bundleSha256, createdAt } };
}

/** The spec of the latest version and how the DAG is called; a cheaper question than all details. */
export async function findDagSpec(db: Queryable, params: { dagId: string }): Promise<{ spec: string; dagDisplayName: string } | undefined> {
  return selectOne(
    db,
    sql`select v.spec, d.dag_display_name as "dagDisplayName" from dag d join dag_version v on v.id = d.dag_version_id where d.dag_id = ${params.dagId}`,
  );
}

export async function findDagSource(
  db: Queryable,
  params: { dagId: string; versionNumber?: number | undefined },
): Promise<{ source: string; versionNumber: number; dagDisplayName: string } | undefined> {
  const version =
    params.versionNumber === undefined ? sql`v.id = d.dag_version_id` : sql`v.dag_id = d.dag_id and v.version_number = ${params.versionNumber}`;
  return selectOne(
    db,
    sql`select v.source, v.version_number as "versionNumber", d.dag_display_name as "dagDisplayName" from dag d join dag_version v on ${version} where d.dag_id = ${params.dagId}`,
  );
}

/** DAGs that are, or were, in the same file as a version of a DAG. */
export async function listDagsOfFile(db: Queryable, params: { dagId: string; versionNumber?: number | undefined }): Promise<string[]> {
  const { dagId, versionNumber } = params;
  const rows = await select<{ dagId: string }>(
    db,
    sql`select distinct other.dag_id as "dagId" from dag_version v
      join dag_version other on other.bundle_name = v.bundle_name and other.relative_path = v.relative_path
      join dag d on d.dag_id = other.dag_id ${where([isEqual("v.dag_id", dagId), isEqual("v.version_number", versionNumber)])}`,
  );
  return rows.map((row) => row.dagId);
}

export const DAG_VERSION_ORDER_COLUMNS = {
  id: { by: "v.id" },
  version_number: { by: "v.version_number" },
  bundle_name: { by: "v.bundle_name" },
  bundle_version: { by: "v.bundle_sha256" },
} as const satisfies OrderColumns;

const versionSource = sql`from dag_version v left join dag d on d.dag_id = v.dag_id`;
const versionFields = sql`${sql.raw(versionColumns)}, coalesce(d.dag_display_name, v.dag_id) as "dagDisplayName"`;

export async function listDagVersions(
  db: Queryable,
  params: {
    filter: {
      visibleDagIds?: readonly string[] | undefined;
      dagId?: string | undefined;
      versionNumber?: number | undefined;
      bundleName?: string | undefined;
      bundleVersion?: string | undefined;
    };
    page: Page;
  },
): Promise<Listed<DagVersionRow>> {
  const { visibleDagIds, dagId, versionNumber, bundleName, bundleVersion } = params.filter;
  const conditions = where([
    isVisible("v.dag_id", visibleDagIds),
    isEqual("v.dag_id", dagId),
    isEqual("v.version_number", versionNumber),
    isEqual("v.bundle_name", bundleName),
    isEqual("v.bundle_sha256", bundleVersion),
  ]);
  return listWithTotal(db, params.page, {
    rows: sql`select ${versionFields} ${versionSource} ${conditions} ${orderBy(DAG_VERSION_ORDER_COLUMNS, params.page.orderBy, "v.id")} ${limitTo(params.page)}`,
    count: sql`select count(*) as total from dag_version v ${conditions}`,
  });
}

export async function findDagVersionRow(db: Queryable, params: { dagId: string; versionNumber: number }): Promise<DagVersionRow | undefined> {
  return selectOne(db, sql`select ${versionFields} ${versionSource} where v.dag_id = ${params.dagId} and v.version_number = ${params.versionNumber}`);
}

/** Versions by id, for what refers to them. */
export async function listDagVersionsById(db: Queryable, params: { ids: readonly number[] }): Promise<Map<number, DagVersionRow>> {
  if (params.ids.length === 0) return new Map();
  const rows = await select<DagVersionRow>(db, sql`select ${versionFields} ${versionSource} where v.id = any(${[...new Set(params.ids)]}::bigint[])`);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Specs by id of version: for what a task is called, which only its DAG's spec says. */
export async function listDagSpecsByVersion(db: Queryable, params: { ids: readonly number[] }): Promise<Map<number, string>> {
  if (params.ids.length === 0) return new Map();
  const rows = await select<{ id: number; spec: string }>(
    db,
    sql`select id, spec from dag_version where id = any(${[...new Set(params.ids)]}::bigint[])`,
  );
  return new Map(rows.map(({ id, spec }) => [id, spec]));
}

export const DAG_TAG_ORDER_COLUMNS = { name: { by: "t.name" } } as const satisfies OrderColumns;

/** Names of tags, each once. Uses `dag_tag_by_name`. */
export async function listDagTags(
  db: Queryable,
  params: {
    filter: { visibleDagIds?: readonly string[] | undefined; namePattern?: string | undefined; namePrefixPattern?: string | undefined };
    page: Page;
  },
): Promise<Listed<string>> {
  const { visibleDagIds, namePattern, namePrefixPattern } = params.filter;
  const conditions = where([isVisible("t.dag_id", visibleDagIds), matchesPattern("t.name", namePattern), matchesPrefix("t.name", namePrefixPattern)]);
  const descends = params.page.orderBy.includes("-name");
  const { items, ...totals } = await listWithTotal<{ name: string }>(db, params.page, {
    rows: sql`select distinct t.name from dag_tag t ${conditions} order by t.name ${sql.raw(descends ? "desc" : "asc")} ${limitTo(params.page)}`,
    count: sql`select count(distinct t.name) as total from dag_tag t ${conditions}`,
  });
  return { items: items.map(({ name }) => name), ...totals };
}

/** Runs by state, per DAG. Runs that ended are counted through the index on (dag_id, run_id). */
export async function countDagRunsByState(
  db: Queryable,
  params: { dagIds?: readonly string[] | undefined },
): Promise<{ dagId: string; dagDisplayName: string; counts: Partial<Record<DagRunState, number>> }[]> {
  const dagIds = params.dagIds ?? [];
  return select(
    db,
    sql`select d.dag_id as "dagId", d.dag_display_name as "dagDisplayName", coalesce(jsonb_object_agg(c.state, c.total) filter (where c.state is not null), '{}') as counts
      from dag d left join lateral (select r.state, count(*) as total from dag_run r where r.dag_id = d.dag_id group by r.state) c on true
      ${dagIds.length === 0 ? sql`where not d.is_stale` : sql`where d.dag_id = any(${dagIds}::text[])`} group by d.dag_id order by d.dag_id`,
  );
}
