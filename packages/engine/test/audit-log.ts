import type { Database } from "@tradewind/metadata";
import { builder } from "@tradewind/metadata/testing";

/** What the audit log says of a DAG, oldest first. */
export async function auditOf(db: Database, dagId: string) {
  const rows = await builder(db).selectFrom("event_log").selectAll().where("dag_id", "=", dagId).orderBy("id").execute();
  return rows.map((row) => ({
    event: row.event,
    owner: row.owner,
    runId: row.run_id,
    taskId: row.task_id,
    mapIndex: row.map_index,
    extra: row.extra as Record<string, unknown>,
  }));
}
