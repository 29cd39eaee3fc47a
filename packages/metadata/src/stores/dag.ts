import { type Queryable, run, type Transaction } from "../database-handle.ts";
import { encodeValue } from "../statement-values.ts";
import type { DagFileKey } from "./dag-file.ts";

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

/** DAGs with these ids, and those that these files have. */
const DAGS_OF = `d.dag_id in (
    select unnest($1::text[])
    union all select o.dag_id from unnest($2::text[], $3::text[]) as k (bundle_name, relative_path)
      join dag_file kf on kf.bundle_name = k.bundle_name and kf.relative_path = k.relative_path join dag o on o.dag_file_id = kf.id)`;

/** Locks DAGs in order of their ids: those with these ids, and all that these files have, whose locks the caller holds. Ids that do not exist are left out. */
export async function lockDags(tx: Transaction, params: { dagIds: readonly string[]; files: readonly DagFileKey[] }): Promise<LockedDag[]> {
  const values = [params.dagIds, params.files.map((file) => file.bundleName), params.files.map((file) => file.relativePath)];
  // Read by a statement of its own: one that had to wait for a lock sees the other tables as they were before, and leaves out a DAG whose version changed meanwhile.
  const [, dags] = await Promise.all([
    run(tx, { name: "lock_dags", text: `select 1 from dag d where ${DAGS_OF} order by d.dag_id for update of d`, values }),
    run<LockedDag>(tx, {
      name: "read_locked_dags",
      text: `select d.dag_id as "dagId", d.dag_file_id as "dagFileId", f.bundle_name as "bundleName", f.relative_path as "relativePath",
        (f.id is null or f.deleted_at is not null) as "fileIsGone", d.is_stale as "isStale", d.has_import_errors as "hasImportErrors",
        v.id as "dagVersionId", v.version_number as "versionNumber", v.spec_sha256 as "specSha256", v.bundle_sha256 as "bundleSha256", v.export_name as "exportName"
      from dag d join dag_version v on v.id = d.dag_version_id left join dag_file f on f.id = d.dag_file_id
      where ${DAGS_OF} order by d.dag_id`,
      values,
    }),
  ]);
  return dags;
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
  /** Of its file's text in `sources`: many DAGs may come from one file. */
  sourceIndex: number;
  resolveFrom: readonly string[];
}

/** What one message to the server carries at most of specs, unless one is larger; an array is held in memory several times over on its way. */
const MAX_SPEC_CHARACTERS = 16 * 1024 * 1024;

export async function insertDagVersions(tx: Transaction, params: { versions: readonly NewDagVersion[]; sources: readonly string[] }): Promise<void> {
  await Promise.all(chunksBySize(params.versions).map((versions) => insertSomeDagVersions(tx, versions, params.sources)));
}

function chunksBySize(versions: readonly NewDagVersion[]): NewDagVersion[][] {
  const chunks: NewDagVersion[][] = [];
  let left = 0;
  for (const version of versions) {
    left -= version.specJson.length;
    if (chunks.length === 0 || left < 0) {
      chunks.push([]);
      left = MAX_SPEC_CHARACTERS - version.specJson.length;
    }
    chunks.at(-1)!.push(version);
  }
  return chunks;
}

async function insertSomeDagVersions(tx: Transaction, versions: readonly NewDagVersion[], sources: readonly string[]): Promise<void> {
  await run(tx, {
    name: "insert_dag_versions",
    text: `insert into dag_version (dag_id, version_number, spec, spec_sha256, bundle_sha256, export_name, bundle_name, relative_path, source, resolve_from)
      select v.dag_id, v.version_number, v.spec, v.spec_sha256, v.bundle_sha256, v.export_name, v.bundle_name, v.relative_path, ($11::text[])[v.source_index + 1],
        v.resolve_from::text[]
      from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[], $10::text[])
        as v (dag_id, version_number, spec, spec_sha256, bundle_sha256, export_name, bundle_name, relative_path, source_index, resolve_from)
      order by v.dag_id`,
    values: [
      versions.map((version) => version.dagId),
      versions.map((version) => version.versionNumber),
      versions.map((version) => version.specJson),
      versions.map((version) => version.specSha256),
      versions.map((version) => version.bundleSha256),
      versions.map((version) => version.exportName),
      versions.map((version) => version.bundleName),
      versions.map((version) => version.relativePath),
      versions.map((version) => version.sourceIndex),
      versions.map((version) => encodeValue(version.resolveFrom)),
      sources,
    ],
  });
}

/** What of a DAG follows from its newest version. */
export interface DagFacts {
  dagId: string;
  displayName: string;
  dagFileId: number;
  /** Of its newest version, which is stored. */
  versionNumber: number;
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
  next: NextRunColumns | null;
}

export interface NextRunColumns {
  logicalDate: Date;
  dataIntervalStart: Date;
  dataIntervalEnd: Date;
  runAfter: Date;
}

/**
 * Makes DAGs, or brings them up to their new versions; a DAG that exists stays paused or not. `creation_blocked` is lifted: whether runs may be created is found out anew under the new limits.
 */
export async function putDags(tx: Transaction, params: { dags: readonly DagFacts[]; now: Date }): Promise<void> {
  const { dags, now } = params;
  const values: Record<string, readonly unknown[]> = {
    dag_id: dags.map((dag) => dag.dagId),
    display_name: dags.map((dag) => dag.displayName),
    dag_file_id: dags.map((dag) => dag.dagFileId),
    version_number: dags.map((dag) => dag.versionNumber),
    is_paused: dags.map((dag) => dag.isPaused),
    description: dags.map((dag) => dag.description),
    owners: dags.map((dag) => encodeValue(dag.owners)),
    timetable_summary: dags.map((dag) => dag.timetableSummary),
    timetable_description: dags.map((dag) => dag.timetableDescription),
    timetable_periodic: dags.map((dag) => dag.timetablePeriodic),
    max_active_runs: dags.map((dag) => dag.maxActiveRuns),
    max_active_tasks: dags.map((dag) => dag.maxActiveTasks),
    max_failed_runs: dags.map((dag) => dag.maxConsecutiveFailedDagRuns),
    duration_ms: dags.map((dag) => dag.parseDurationMs),
    next_logical_date: dags.map((dag) => dag.next?.logicalDate ?? null),
    next_interval_start: dags.map((dag) => dag.next?.dataIntervalStart ?? null),
    next_interval_end: dags.map((dag) => dag.next?.dataIntervalEnd ?? null),
    next_run_at: dags.map((dag) => dag.next?.runAfter ?? null),
  };
  await run(tx, {
    name: "put_dags",
    text: `insert into dag (dag_id, dag_display_name, dag_file_id, dag_version_id, is_paused, description, owners, timetable_summary, timetable_description, timetable_periodic,
        max_active_runs, max_active_tasks, max_consecutive_failed_dag_runs, last_parsed_at, last_parse_duration_ms,
        next_logical_date, next_data_interval_start, next_data_interval_end, next_run_at)
      select p.dag_id, p.display_name, p.dag_file_id, v.id, p.is_paused, p.description, p.owners::text[], p.timetable_summary, p.timetable_description, p.timetable_periodic,
        p.max_active_runs, p.max_active_tasks, p.max_failed_runs, $19::timestamptz, p.duration_ms,
        p.next_logical_date, p.next_interval_start, p.next_interval_end, p.next_run_at
      from unnest($1::text[], $2::text[], $3::bigint[], $4::int[], $5::boolean[], $6::text[], $7::text[], $8::text[], $9::text[], $10::boolean[],
          $11::int[], $12::int[], $13::int[], $14::float8[], $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::timestamptz[])
        as p (${Object.keys(values).join(", ")})
        join dag_version v on v.dag_id = p.dag_id and v.version_number = p.version_number
      order by p.dag_id
      on conflict (dag_id) do update set dag_display_name = excluded.dag_display_name, dag_file_id = excluded.dag_file_id, dag_version_id = excluded.dag_version_id,
        is_stale = false, has_import_errors = false, description = excluded.description, owners = excluded.owners,
        timetable_summary = excluded.timetable_summary, timetable_description = excluded.timetable_description, timetable_periodic = excluded.timetable_periodic,
        max_active_runs = excluded.max_active_runs, max_active_tasks = excluded.max_active_tasks,
        max_consecutive_failed_dag_runs = excluded.max_consecutive_failed_dag_runs,
        last_parsed_at = excluded.last_parsed_at, last_parse_duration_ms = excluded.last_parse_duration_ms,
        next_logical_date = excluded.next_logical_date, next_data_interval_start = excluded.next_data_interval_start,
        next_data_interval_end = excluded.next_data_interval_end, next_run_at = excluded.next_run_at, creation_blocked = false`,
    values: [...Object.values(values), now],
  });
}

/** DAGs have these tags from now on. `known`: those of them that may have others. */
export async function putDagTags(
  tx: Transaction,
  params: { tags: readonly { dagId: string; name: string }[]; known: readonly string[] },
): Promise<void> {
  const columns = [params.tags.map((tag) => tag.dagId), params.tags.map((tag) => tag.name)];
  await Promise.all([
    params.known.length === 0
      ? []
      : run(tx, {
          name: "delete_dag_tags",
          text: "delete from dag_tag where dag_id = any($3::text[]) and (dag_id, name) not in (select * from unnest($1::text[], $2::text[]))",
          values: [...columns, params.known],
        }),
    params.tags.length === 0
      ? []
      : run(tx, {
          name: "insert_dag_tags",
          text: "insert into dag_tag (dag_id, name) select * from unnest($1::text[], $2::text[]) on conflict do nothing",
          values: columns,
        }),
  ]);
}

/** The DAGs were found again as they were. */
export async function touchDags(tx: Transaction, params: { dags: readonly { dagId: string; parseDurationMs: number }[]; now: Date }): Promise<void> {
  await run(tx, {
    name: "touch_dags",
    text: `update dag d set last_parsed_at = $3::timestamptz, last_parse_duration_ms = v.duration_ms, has_import_errors = false
      from unnest($1::text[], $2::float8[]) as v (dag_id, duration_ms) where d.dag_id = v.dag_id`,
    values: [params.dags.map((dag) => dag.dagId), params.dags.map((dag) => dag.parseDurationMs), params.now],
  });
}

/** Hides DAGs that their file does not define any more. */
export async function hideDags(tx: Transaction, params: { dagIds: readonly string[] }): Promise<void> {
  await run(tx, { name: "hide_dags", text: "update dag set is_stale = true where dag_id = any($1::text[])", values: [params.dagIds] });
}

/** Hides the DAGs of files that are gone. Gives the ids of those that became stale. */
export async function markDagsStale(tx: Transaction, params: { dagFileIds: readonly number[] }): Promise<string[]> {
  const rows = await run<{ dagId: string }>(tx, {
    text: `update dag set is_stale = true where dag_file_id = any($1::bigint[]) and not is_stale returning dag_id as "dagId"`,
    values: [params.dagFileIds],
  });
  return rows.map((row) => row.dagId).sort();
}

/** Their files do not load: DAGs keep their versions and running work, and get no new runs. */
export async function markImportErrors(tx: Transaction, params: { dagIds: readonly string[] }): Promise<void> {
  await run(tx, {
    name: "mark_import_errors",
    text: "update dag set has_import_errors = true where dag_id = any($1::text[])",
    values: [params.dagIds],
  });
}

/** Data interval of the newest run that each timetable made: what the next one follows. DAGs without one are left out. */
export async function listLastAutomatedRuns(
  db: Queryable,
  params: { dagIds: readonly string[] },
): Promise<Map<string, { logicalDate: Date | null; dataIntervalStart: Date; dataIntervalEnd: Date; runAfter: Date }>> {
  const rows = await run<{ dagId: string; logicalDate: Date | null; dataIntervalStart: Date; dataIntervalEnd: Date; runAfter: Date }>(db, {
    name: "list_last_automated_runs",
    text: `select d.dag_id as "dagId", r.* from unnest($1::text[]) as d (dag_id), lateral (
        select logical_date as "logicalDate", data_interval_start as "dataIntervalStart", data_interval_end as "dataIntervalEnd", run_after as "runAfter"
        from dag_run where dag_id = d.dag_id and run_type in ('scheduled', 'backfill') and data_interval_end is not null
        order by run_after desc limit 1) r`,
    values: [params.dagIds],
  });
  return new Map(rows.map(({ dagId, ...last }) => [dagId, last]));
}

/** Whether any run is queued or running: a continuous schedule waits for its end. */
export async function hasActiveRuns(db: Queryable, params: { dagId: string }): Promise<boolean> {
  const rows = await run(db, { text: "select 1 from dag_run where dag_id = $1 and state in ('queued', 'running') limit 1", values: [params.dagId] });
  return rows.length > 0;
}
