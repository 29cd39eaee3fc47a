import { type Queryable, run, runCount, type Transaction } from "../database-handle.ts";

/** A DAG as recording a file needs it, locked. */
export interface LockedDag {
  dagId: string;
  dagFileId: number | null;
  /** Where the DAG comes from, and whether that file is still there. */
  bundleName: string | null;
  relativePath: string | null;
  fileIsGone: boolean;
  isStale: boolean;
  hasImportErrors: boolean;
  dagVersionId: number;
  versionNumber: number;
  specSha256: string;
  bundleSha256: string;
  exportName: string;
}

/** Locks DAGs in order of their ids; those that do not exist are left out. */
export async function lockDags(tx: Transaction, params: { dagIds: readonly string[] }): Promise<LockedDag[]> {
  return run<LockedDag>(tx, {
    text: `select d.dag_id as "dagId", d.dag_file_id as "dagFileId", f.bundle_name as "bundleName", f.relative_path as "relativePath",
        (f.id is null or f.deleted_at is not null) as "fileIsGone", d.is_stale as "isStale", d.has_import_errors as "hasImportErrors",
        v.id as "dagVersionId", v.version_number as "versionNumber", v.spec_sha256 as "specSha256", v.bundle_sha256 as "bundleSha256", v.export_name as "exportName"
      from dag d join dag_version v on v.id = d.dag_version_id left join dag_file f on f.id = d.dag_file_id
      where d.dag_id = any($1::text[]) order by d.dag_id for update of d`,
    values: [params.dagIds],
  });
}

export interface NewDagVersion {
  dagId: string;
  versionNumber: number;
  specJson: string;
  specSha256: string;
  bundleSha256: string;
  exportName: string;
  bundleName: string;
  relativePath: string;
  source: string;
  resolveFrom: readonly string[];
}

export async function insertDagVersion(tx: Transaction, params: NewDagVersion): Promise<{ dagVersionId: number }> {
  const [row] = await run<{ id: number }>(tx, {
    text: `insert into dag_version (dag_id, version_number, spec, spec_sha256, bundle_sha256, export_name, bundle_name, relative_path, source, resolve_from)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id`,
    values: [
      params.dagId,
      params.versionNumber,
      params.specJson,
      params.specSha256,
      params.bundleSha256,
      params.exportName,
      params.bundleName,
      params.relativePath,
      params.source,
      params.resolveFrom,
    ],
  });
  return { dagVersionId: row!.id };
}

/** What of a DAG follows from its newest version. */
export interface DagFacts {
  dagId: string;
  displayName: string;
  dagFileId: number;
  dagVersionId: number;
  /** Only for a DAG that is new. */
  isPaused: boolean;
  description: string | null;
  owners: readonly string[];
  timetableSummary: string | null;
  timetableDescription: string | null;
  timetablePeriodic: boolean;
  maxActiveRuns: number;
  maxActiveTasks: number;
  maxConsecutiveFailedDagRuns: number;
  parseDurationMs: number;
  tags: readonly string[];
  next: NextRunColumns | null;
  now: Date;
}

export interface NextRunColumns {
  logicalDate: Date;
  dataIntervalStart: Date;
  dataIntervalEnd: Date;
  runAfter: Date;
}

/**
 * Makes a DAG, or brings it up to its new version; a DAG that exists stays paused or not. `creation_blocked` is lifted: whether runs may be created is found out anew under the new limits.
 */
export async function putDag(tx: Transaction, params: DagFacts): Promise<void> {
  await runCount(tx, {
    text: `insert into dag (dag_id, dag_display_name, dag_file_id, dag_version_id, is_paused, description, owners, timetable_summary, timetable_description, timetable_periodic,
        max_active_runs, max_active_tasks, max_consecutive_failed_dag_runs, last_parsed_at, last_parse_duration_ms,
        next_logical_date, next_data_interval_start, next_data_interval_end, next_run_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
      on conflict (dag_id) do update set dag_display_name = excluded.dag_display_name, dag_file_id = excluded.dag_file_id, dag_version_id = excluded.dag_version_id,
        is_stale = false, has_import_errors = false, description = excluded.description, owners = excluded.owners,
        timetable_summary = excluded.timetable_summary, timetable_description = excluded.timetable_description, timetable_periodic = excluded.timetable_periodic,
        max_active_runs = excluded.max_active_runs, max_active_tasks = excluded.max_active_tasks,
        max_consecutive_failed_dag_runs = excluded.max_consecutive_failed_dag_runs,
        last_parsed_at = excluded.last_parsed_at, last_parse_duration_ms = excluded.last_parse_duration_ms,
        next_logical_date = excluded.next_logical_date, next_data_interval_start = excluded.next_data_interval_start,
        next_data_interval_end = excluded.next_data_interval_end, next_run_at = excluded.next_run_at, creation_blocked = false`,
    values: [
      params.dagId,
      params.displayName,
      params.dagFileId,
      params.dagVersionId,
      params.isPaused,
      params.description,
      params.owners,
      params.timetableSummary,
      params.timetableDescription,
      params.timetablePeriodic,
      params.maxActiveRuns,
      params.maxActiveTasks,
      params.maxConsecutiveFailedDagRuns,
      params.now,
      params.parseDurationMs,
      params.next?.logicalDate ?? null,
      params.next?.dataIntervalStart ?? null,
      params.next?.dataIntervalEnd ?? null,
      params.next?.runAfter ?? null,
    ],
  });
  await runCount(tx, { text: "delete from dag_tag where dag_id = $1 and name <> all($2::text[])", values: [params.dagId, params.tags] });
  await runCount(tx, {
    text: "insert into dag_tag (dag_id, name) select $1, name from unnest($2::text[]) as t (name) on conflict do nothing",
    values: [params.dagId, params.tags],
  });
}

/** The DAGs were found again as they were. */
export async function touchDags(tx: Transaction, params: { dagIds: readonly string[]; now: Date; parseDurationMs: number }): Promise<void> {
  await runCount(tx, {
    text: `update dag set last_parsed_at = $2, last_parse_duration_ms = $3, has_import_errors = false where dag_id = any($1::text[])`,
    values: [params.dagIds, params.now, params.parseDurationMs],
  });
}

/** Hides the DAGs of files that do not define them any more. `keep`: ids that stay. Gives the ids of those that became stale. */
export async function markDagsStale(tx: Transaction, params: { dagFileIds: readonly number[]; keep: readonly string[] }): Promise<string[]> {
  const rows = await run<{ dagId: string }>(tx, {
    text: `update dag set is_stale = true where dag_file_id = any($1::bigint[]) and not is_stale and dag_id <> all($2::text[]) returning dag_id as "dagId"`,
    values: [params.dagFileIds, params.keep],
  });
  return rows.map((row) => row.dagId).sort();
}

/** The file does not load: its DAGs keep their versions and running work, and get no new runs. */
export async function markImportErrors(tx: Transaction, params: { dagFileId: number }): Promise<void> {
  await runCount(tx, {
    text: "update dag set has_import_errors = true where dag_file_id = $1 and not has_import_errors",
    values: [params.dagFileId],
  });
}

/** Data interval of the newest run that the timetable made: what the next one follows. */
export async function findLastAutomatedRun(
  db: Queryable,
  params: { dagId: string },
): Promise<{ logicalDate: Date | null; dataIntervalStart: Date; dataIntervalEnd: Date; runAfter: Date } | null> {
  const [row] = await run<{ logicalDate: Date | null; dataIntervalStart: Date; dataIntervalEnd: Date; runAfter: Date }>(db, {
    text: `select logical_date as "logicalDate", data_interval_start as "dataIntervalStart", data_interval_end as "dataIntervalEnd", run_after as "runAfter"
      from dag_run where dag_id = $1 and run_type in ('scheduled', 'backfill') and data_interval_end is not null
      order by run_after desc limit 1`,
    values: [params.dagId],
  });
  return row ?? null;
}

/** Whether any run is queued or running: a continuous schedule waits for its end. */
export async function hasActiveRuns(db: Queryable, params: { dagId: string }): Promise<boolean> {
  const rows = await run(db, { text: "select 1 from dag_run where dag_id = $1 and state in ('queued', 'running') limit 1", values: [params.dagId] });
  return rows.length > 0;
}
