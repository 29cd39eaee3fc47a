import { type Queryable, run, runCount, type Transaction } from "../database-handle.ts";

export interface DagFileKey {
  bundleName: string;
  relativePath: string;
}

export interface KnownDagFileRecord extends DagFileKey {
  fingerprint: unknown;
  lastParsedAt: Date | null;
  hasError: boolean;
}

/** Files that are (as far as is known) in the folders. */
export async function listDagFiles(db: Queryable, params: { bundleNames: readonly string[] }): Promise<KnownDagFileRecord[]> {
  return run<KnownDagFileRecord>(db, {
    text: `select f.bundle_name as "bundleName", f.relative_path as "relativePath", f.fingerprint, f.last_parsed_at as "lastParsedAt", e.id is not null as "hasError"
      from dag_file f left join import_error e on e.dag_file_id = f.id
      where f.bundle_name = any($1::text[]) and f.deleted_at is null
      order by f.bundle_name, f.relative_path`,
    values: [params.bundleNames],
  });
}

export interface LoadedDagFileRow extends DagFileKey {
  fingerprint: unknown;
  bundleSha256: string | null;
  parseDurationMs: number;
}

export interface LockedDagFile extends DagFileKey {
  id: number;
  /** Made just now: nothing is known of it. */
  isNew: boolean;
}

/** Makes or renews the rows of files and locks them in the order of their names: two processors that loaded the same file record it one after the other. Each file once. */
export async function lockDagFiles(tx: Transaction, params: { files: readonly LoadedDagFileRow[]; now: Date }): Promise<LockedDagFile[]> {
  const { files, now } = params;
  return run<LockedDagFile>(tx, {
    name: "lock_dag_files",
    // The row version that an insert makes has no locker yet; the one that an update makes is locked by it.
    text: `insert into dag_file (bundle_name, relative_path, fingerprint, bundle_sha256, last_parsed_at, last_parse_duration_ms)
      select v.bundle_name, v.relative_path, v.fingerprint::json, v.bundle_sha256, $6::timestamptz, v.duration_ms
      from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[]) as v (bundle_name, relative_path, fingerprint, bundle_sha256, duration_ms)
      order by v.bundle_name, v.relative_path
      on conflict (bundle_name, relative_path) do update
        set fingerprint = excluded.fingerprint, bundle_sha256 = coalesce(excluded.bundle_sha256, dag_file.bundle_sha256),
          last_parsed_at = excluded.last_parsed_at, last_parse_duration_ms = excluded.last_parse_duration_ms, deleted_at = null
      returning id, bundle_name as "bundleName", relative_path as "relativePath", xmax = 0 as "isNew"`,
    values: [
      files.map((file) => file.bundleName),
      files.map((file) => file.relativePath),
      files.map((file) => JSON.stringify(file.fingerprint)),
      files.map((file) => file.bundleSha256),
      files.map((file) => file.parseDurationMs),
      now,
    ],
  });
}

/** Marks files as gone; gives their ids. Their import errors go with them. */
export async function markDagFilesDeleted(tx: Transaction, params: { files: readonly DagFileKey[]; now: Date }): Promise<number[]> {
  const rows = await run<{ id: number }>(tx, {
    text: `with gone as (
        update dag_file f set deleted_at = $3
        from unnest($1::text[], $2::text[]) as k (bundle_name, relative_path)
        where f.bundle_name = k.bundle_name and f.relative_path = k.relative_path and f.deleted_at is null
        returning f.id)
      , cleaned as (delete from import_error where dag_file_id in (select id from gone))
      select id from gone order by id`,
    values: [params.files.map((file) => file.bundleName), params.files.map((file) => file.relativePath), params.now],
  });
  return rows.map((row) => row.id);
}

/** Marks all files of folders other than these as gone. Their import errors, and what was asked for them, go with them. */
export async function markDagFoldersDeleted(
  tx: Transaction,
  params: { configured: readonly string[]; now: Date },
): Promise<{ id: number; bundleName: string }[]> {
  return run<{ id: number; bundleName: string }>(tx, {
    text: `with gone as (
        update dag_file set deleted_at = $2 where bundle_name <> all($1::text[]) and deleted_at is null returning id, bundle_name)
      , cleaned as (delete from import_error e using dag_file f where f.id = e.dag_file_id and f.bundle_name <> all($1::text[]))
      , dropped as (delete from dag_file_request where bundle_name <> all($1::text[]))
      select id, bundle_name as "bundleName" from gone order by bundle_name, id`,
    values: [params.configured, params.now],
  });
}

/** The file is to be read again. Asking twice before it was is asking once. */
export async function insertDagFileRequest(tx: Transaction, file: DagFileKey): Promise<void> {
  await runCount(tx, {
    text: "insert into dag_file_request (bundle_name, relative_path) values ($1, $2) on conflict do nothing",
    values: [file.bundleName, file.relativePath],
  });
}

/** Takes what is asked of these folders: nobody else gets it. */
export async function takeDagFileRequests(db: Queryable, params: { bundleNames: readonly string[] }): Promise<DagFileKey[]> {
  return run<DagFileKey>(db, {
    text: `delete from dag_file_request where bundle_name = any($1::text[]) returning bundle_name as "bundleName", relative_path as "relativePath"`,
    values: [params.bundleNames],
  });
}

export interface ImportErrorRecord {
  kind: string;
  message: string;
  line: number | null;
  column: number | null;
  frame: string | null;
  stack: string;
}

/** A file has at most one import error: the one of its last load. */
export async function recordImportErrors(
  tx: Transaction,
  params: { errors: readonly (ImportErrorRecord & { dagFileId: number })[]; now: Date },
): Promise<void> {
  const { errors, now } = params;
  await run(tx, {
    name: "record_import_errors",
    text: `insert into import_error (dag_file_id, timestamp, kind, message, line, col, frame, stack_trace)
      select v.dag_file_id, $8::timestamptz, v.kind, v.message, v.line, v.col, v.frame, v.stack
      from unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::int[], $6::text[], $7::text[]) as v (dag_file_id, kind, message, line, col, frame, stack)
      on conflict (dag_file_id) do update set timestamp = excluded.timestamp, kind = excluded.kind, message = excluded.message, line = excluded.line, col = excluded.col,
        frame = excluded.frame, stack_trace = excluded.stack_trace`,
    values: [
      errors.map((error) => error.dagFileId),
      errors.map((error) => error.kind),
      errors.map((error) => error.message),
      errors.map((error) => error.line),
      errors.map((error) => error.column),
      errors.map((error) => error.frame),
      errors.map((error) => error.stack),
      now,
    ],
  });
}

export async function clearImportErrors(tx: Transaction, params: { dagFileIds: readonly number[] }): Promise<void> {
  await run(tx, { name: "clear_import_errors", text: "delete from import_error where dag_file_id = any($1::bigint[])", values: [params.dagFileIds] });
}

export interface StoredBundle {
  sha256: string;
  code: string;
  sourceMap: string | null;
}

/**
 * Keeps the code of bundles; gives the hashes of those that were not there. The hash is the name, so a second time changes nothing; for the source map see {@link renewSourceMaps}.
 */
export async function storeBundles(tx: Transaction, bundles: readonly StoredBundle[]): Promise<string[]> {
  const rows = await run<{ sha256: string }>(tx, {
    name: "store_bundles",
    text: `insert into bundle (sha256, code, source_map) select * from unnest($1::text[], $2::text[], $3::text[]) as v (sha256, code, source_map) order by v.sha256
      on conflict (sha256) do nothing returning sha256`,
    values: [bundles.map((bundle) => bundle.sha256), bundles.map((bundle) => bundle.code), bundles.map((bundle) => bundle.sourceMap)],
  });
  return rows.map((row) => row.sha256);
}

/**
 * The same code from another text (comments, layout, a moved file): the lines of its stack traces are lines of the newest text.
 *
 * Locks the bundles in the order of their hashes. Others hold locks on DAGs and wait for a bundle, so this must be the last of its transaction, beside `renewSources`.
 */
export async function renewSourceMaps(tx: Transaction, maps: readonly { sha256: string; sourceMap: string }[]): Promise<void> {
  await run(tx, {
    name: "renew_source_maps",
    text: `with other as (
        select b.sha256, v.source_map from unnest($1::text[], $2::text[]) as v (sha256, source_map) join bundle b on b.sha256 = v.sha256
        where b.source_map is distinct from v.source_map order by b.sha256 for no key update of b)
      update bundle b set source_map = o.source_map from other o where b.sha256 = o.sha256`,
    values: [maps.map((map) => map.sha256), maps.map((map) => map.sourceMap)],
  });
}

/** As with source maps: every version that has this code shows the newest text. The caller holds the DAGs' locks. `sourceIndex`: of its text in `sources`. */
export async function renewSources(
  tx: Transaction,
  params: { dags: readonly { dagId: string; bundleSha256: string; sourceIndex: number }[]; sources: readonly string[] },
): Promise<void> {
  const { dags, sources } = params;
  await run(tx, {
    name: "renew_sources",
    text: `update dag_version v set source = n.source
      from (select d.dag_id, d.bundle_sha256, ($4::text[])[d.source_index + 1] as source
        from unnest($1::text[], $2::text[], $3::int[]) as d (dag_id, bundle_sha256, source_index)) n
      where v.dag_id = n.dag_id and v.bundle_sha256 = n.bundle_sha256 and v.source <> n.source`,
    values: [dags.map((dag) => dag.dagId), dags.map((dag) => dag.bundleSha256), dags.map((dag) => dag.sourceIndex), sources],
  });
}
