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

/** Versions never change once stored, so they may be cached for ever. */
export async function findDagVersions(db: Queryable, params: { dagVersionIds: readonly number[] }): Promise<DagVersionRecord[]> {
  return run<DagVersionRecord>(db, {
    name: "find_dag_versions",
    text: `select id, dag_id as "dagId", version_number as "versionNumber", spec, bundle_sha256 as "bundleSha256", resolve_from as "resolveFrom"
      from dag_version where id = any($1::bigint[])`,
    values: [params.dagVersionIds],
  });
}

export async function findBundleCode(db: Queryable, params: { sha256: string }): Promise<string | null> {
  const [row] = await run<{ code: string }>(db, { name: "find_bundle_code", text: "select code from bundle where sha256 = $1", values: [params.sha256] });
  return row?.code ?? null;
}
