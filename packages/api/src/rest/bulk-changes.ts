import { TASK_INSTANCE_STATES, TradewindError } from "@tradewind/core";
import type { Actor } from "@tradewind/engine";
import { findDagRunRow, listTaskInstanceRows } from "@tradewind/metadata/rest";
import { z } from "zod";
import type { DagAccess } from "../auth/dag-access.ts";
import { bulkBody, BulkResponse, countEntities, type BulkUseCases, runBulkUseCases } from "./bulk.ts";
import { DagRunPath, getDagRun, Note } from "./dag-runs.ts";
import { DagPath } from "./dags.ts";
import { patchedFields, type RestContext, type RestRoutes } from "./route.ts";
import { patchTaskInstances } from "./task-instance-changes.ts";

export const BulkDagRunBody = z
  .strictObject({
    dag_run_id: z.string(),
    dag_id: z.string().nullable().optional(),
    state: z.enum(["queued", "success", "failed"]).nullable().optional(),
    note: Note,
  })
  .meta({ id: "BulkDagRunBody" });
export type BulkDagRunBody = z.output<typeof BulkDagRunBody>;

const BulkTaskInstanceBody = z
  .strictObject({
    new_state: z.enum(TASK_INSTANCE_STATES).nullable().optional(),
    note: Note,
    include_upstream: z.boolean().default(false),
    include_downstream: z.boolean().default(false),
    include_future: z.boolean().default(false),
    include_past: z.boolean().default(false),
    task_id: z.string(),
    map_index: z.number().int().nullable().optional(),
    dag_id: z.string().nullable().optional(),
    dag_run_id: z.string().nullable().optional(),
  })
  .meta({ id: "BulkTaskInstanceBody" });
type BulkTaskInstanceBody = z.output<typeof BulkTaskInstanceBody>;

/** The id in the path, or, where that is `~`, the one in the body. */
function idOf(name: string, inPath: string, inBody: string | null | undefined): string {
  if (inPath === "~" && inBody != null && inBody !== "~") return inBody;
  if (inPath !== "~" && (inBody == null || inBody === inPath)) return inPath;
  throw new TradewindError(
    "invalid_request",
    inPath === "~"
      ? `${name} is missing: the path says ~, so each entity has to name it.`
      : `${name} "${String(inBody)}" is not the one in the path.`,
  );
}

/** Of one entity among many: the others go on. @throws TradewindError `forbidden` */
function allowedDag(dags: DagAccess, dagId: string): string {
  dags.assert(dagId);
  return dagId;
}

export function bulkChangeRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    {
      method: "PATCH",
      path: "/dags/{dag_id}/dagRuns",
      access: "dag_runs:delete",
      pathSchema: DagPath,
      body: bulkBody(BulkDagRunBody),
      countChanges: countEntities,
      status: 200,
      answer: BulkResponse,
    },
    async ({ path, body, actor, dags }) => runBulkUseCases(body, dagRunUseCases(context, path, actor, dags)),
  );

  routes.add(
    {
      method: "PATCH",
      path: "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances",
      access: "task_instances:edit",
      pathSchema: DagRunPath,
      body: bulkBody(BulkTaskInstanceBody),
      countChanges: countEntities,
      status: 200,
      answer: BulkResponse,
    },
    async ({ path, body, actor, dags }) => runBulkUseCases(body, taskInstanceUseCases(context, path, actor, dags)),
  );
}

function dagRunUseCases(context: RestContext, path: z.output<typeof DagPath>, actor: Actor, dags: DagAccess): BulkUseCases<BulkDagRunBody> {
  const target = (entity: BulkDagRunBody): { dagId: string; runId: string } => ({
    dagId: allowedDag(dags, idOf("dag_id", path.dag_id, entity.dag_id)),
    runId: entity.dag_run_id,
  });
  return {
    keyOf: (entity) => `${target(entity).dagId}.${entity.dag_run_id}`,
    fromId: (id) => ({ dag_run_id: id }),
    exists: async (entity) => (await findDagRunRow(context.db, target(entity))) !== undefined,
    async update(entity, updateMask) {
      const run = target(entity);
      await getDagRun(context, run.dagId, run.runId);
      const fields = patchedFields(entity, updateMask, ["state", "note"]);
      if (fields.has("state") && entity.state != null) await context.engine.setDagRunState({ ...run, state: entity.state, actor });
      if (fields.has("note")) await context.engine.setNote({ ...run, note: entity.note ?? null, actor });
    },
    delete: (entity) => context.engine.deleteDagRun({ ...target(entity), actor }),
  };
}

function taskInstanceUseCases(
  context: RestContext,
  path: z.output<typeof DagRunPath>,
  actor: Actor,
  dags: DagAccess,
): BulkUseCases<BulkTaskInstanceBody> {
  const target = (entity: BulkTaskInstanceBody) => ({
    dagId: allowedDag(dags, idOf("dag_id", path.dag_id, entity.dag_id)),
    runId: idOf("dag_run_id", path.dag_run_id, entity.dag_run_id),
    taskId: entity.task_id,
    mapIndex: entity.map_index ?? undefined,
  });
  return {
    keyOf: (entity) => `${target(entity).dagId}.${target(entity).runId}.${entity.task_id}[${entity.map_index ?? -1}]`,
    fromId: () => undefined,
    async exists(entity) {
      const { dagId, runId, taskId, mapIndex } = target(entity);
      const filter = { dagId, runId, taskId, mapIndexes: mapIndex === undefined ? undefined : [mapIndex] };
      const { items } = await listTaskInstanceRows(context.db, { filter, page: { limit: 1, offset: 0, orderBy: [] } });
      return items.length > 0;
    },
    async update(entity, updateMask) {
      await patchTaskInstances(context, target(entity), { body: entity, query: { update_mask: updateMask ?? undefined }, actor });
    },
  };
}
