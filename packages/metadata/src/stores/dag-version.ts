import { type Queryable, run } from "../database-handle.ts";

export interface DagVersionRecord {
  id: number;
  dagId: string;
  versionNumber: number;
  /** JSON text of the DAG spec. */
  spec: string;
  bundleSha256: string;
  resolveFrom: string[];
}

/** What is read here of a version never changes once stored, so it may be cached for ever. */
export async function findDagVersions(db: Queryable, params: { dagVersionIds: readonly number[] }): Promise<DagVersionRecord[]> {
  return run<DagVersionRecord>(db, {
    name: "find_dag_versions",
    text: `select id, dag_id as "dagId", version_number as "versionNumber", spec, bundle_sha256 as "bundleSha256", resolve_from as "resolveFrom"
      from dag_version where id = any($1::bigint[])`,
    values: [params.dagVersionIds],
  });
}

export async function findBundleCode(db: Queryable, params: { sha256: string }): Promise<string | null> {
  const [row] = await run<{ code: string }>(db, {
    name: "find_bundle_code",
    text: "select code from bundle where sha256 = $1",
    values: [params.sha256],
  });
  return row?.code ?? null;
}

/** Unlike the code, the map of a bundle may be replaced; null when there is no such bundle, or it has none. */
export async function findBundleMap(db: Queryable, params: { sha256: string }): Promise<string | null> {
  const [row] = await run<{ sourceMap: string | null }>(db, {
    name: "find_bundle_map",
    text: 'select source_map as "sourceMap" from bundle where sha256 = $1',
    values: [params.sha256],
  });
  return row?.sourceMap ?? null;
}
