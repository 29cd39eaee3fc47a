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

/** Makes or renews the row of a file and locks it: two processors that loaded the same file record it one after the other. */
export async function lockDagFile(
  tx: Transaction,
  params: DagFileKey & { fingerprint: unknown; bundleSha256: string | null; parseDurationMs: number; now: Date },
): Promise<{ dagFileId: number }> {
  const [row] = await run<{ id: number }>(tx, {
    text: `insert into dag_file (bundle_name, relative_path, fingerprint, bundle_sha256, last_parsed_at, last_parse_duration_ms)
      values ($1, $2, $3::json, $4, $5, $6)
      on conflict (bundle_name, relative_path) do update
        set fingerprint = excluded.fingerprint, bundle_sha256 = coalesce(excluded.bundle_sha256, dag_file.bundle_sha256),
          last_parsed_at = excluded.last_parsed_at, last_parse_duration_ms = excluded.last_parse_duration_ms, deleted_at = null
      returning id`,
    values: [params.bundleName, params.relativePath, JSON.stringify(params.fingerprint), params.bundleSha256, params.now, params.parseDurationMs],
  });
  return { dagFileId: row!.id };
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
export async function recordImportError(tx: Transaction, params: { dagFileId: number; error: ImportErrorRecord; now: Date }): Promise<void> {
  const { error } = params;
  await runCount(tx, {
    text: `insert into import_error (dag_file_id, timestamp, kind, message, line, col, frame, stack_trace) values ($1, $2, $3, $4, $5, $6, $7, $8)
      on conflict (dag_file_id) do update set timestamp = excluded.timestamp, kind = excluded.kind, message = excluded.message, line = excluded.line, col = excluded.col,
        frame = excluded.frame, stack_trace = excluded.stack_trace`,
    values: [params.dagFileId, params.now, error.kind, error.message, error.line, error.column, error.frame, error.stack],
  });
}

export async function clearImportError(tx: Transaction, params: { dagFileId: number }): Promise<void> {
  await runCount(tx, { text: "delete from import_error where dag_file_id = $1", values: [params.dagFileId] });
}

/** Keeps the code of a bundle. The hash is its name, so a second time changes nothing; for the source map see {@link renewSources}. */
export async function storeBundle(tx: Transaction, params: { sha256: string; code: string; sourceMap: string | null }): Promise<void> {
  await runCount(tx, {
    text: "insert into bundle (sha256, code, source_map) values ($1, $2, $3) on conflict (sha256) do nothing",
    values: [params.sha256, params.code, params.sourceMap],
  });
}

/**
 * The same code from another text (comments, layout, a moved file): every version that has this code shows the newest text, and the lines of its stack traces are lines of that text.
 *
 * Locks: the bundle's row, then rows of dag_version. Others hold locks on DAGs and wait for the bundle, so this must be the last statement of its transaction.
 */
export async function renewSources(
  tx: Transaction,
  params: { bundleSha256: string; sourceMap: string | null; dagIds: readonly string[]; source: string },
): Promise<void> {
  await runCount(tx, {
    text: `with mapped as (
        update bundle set source_map = $2::text where sha256 = $1 and $2::text is not null and source_map is distinct from $2::text)
      update dag_version set source = $4 where dag_id = any($3::text[]) and bundle_sha256 = $1 and source <> $4`,
    values: [params.bundleSha256, params.sourceMap, params.dagIds, params.source],
  });
}
