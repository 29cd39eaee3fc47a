import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { select } from "./list-query.ts";

/** The names of runs, by number; those that are gone are left out. */
export async function listDagRunNames(
  db: Queryable,
  { dagRunIds }: { dagRunIds: readonly number[] },
): Promise<{ id: number; dagId: string; runId: string }[]> {
  return select(db, sql`select id, dag_id as "dagId", run_id as "runId" from dag_run where id = any(${dagRunIds}::bigint[])`);
}
