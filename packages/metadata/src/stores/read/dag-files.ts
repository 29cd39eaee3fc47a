import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { selectOne } from "./list-query.ts";

/** A DAG file that is in its folder, and the DAGs it defines. Uses the unique index on `(bundle_name, relative_path)`. */
export async function findDagFile(db: Queryable, params: { bundleName: string; relativePath: string }): Promise<{ dagIds: string[] } | undefined> {
  return selectOne(
    db,
    sql`select array(select d.dag_id from dag d where d.dag_file_id = f.id and not d.is_stale order by d.dag_id) as "dagIds"
      from dag_file f where f.bundle_name = ${params.bundleName} and f.relative_path = ${params.relativePath} and f.deleted_at is null`,
  );
}
