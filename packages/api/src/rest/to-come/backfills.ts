import { findDag } from "@tradewind/metadata/rest";
import { z } from "zod";
import { paging, readPage } from "../../http/query-values.ts";
import { Instant, InstantInput, JsonObject } from "../../http/values.ts";
import { dagNotFound } from "../dags.ts";
import type { RestContext, RestRoutes } from "../route.ts";
import { nothingHas, notYet } from "./nothing.ts";

const ReprocessBehavior = z.enum(["failed", "completed", "none"]);

const BackfillResponse = z
  .strictObject({
    id: z.number(),
    dag_id: z.string(),
    from_date: Instant,
    to_date: Instant,
    dag_run_conf: JsonObject.nullable(),
    is_paused: z.boolean(),
    reprocess_behavior: ReprocessBehavior,
    max_active_runs: z.number(),
    created_at: Instant,
    completed_at: Instant.nullable(),
    updated_at: Instant,
    dag_display_name: z.string(),
  })
  .meta({ id: "BackfillResponse" });
const BackfillCollectionResponse = z
  .strictObject({ backfills: z.array(BackfillResponse), total_entries: z.number() })
  .meta({ id: "BackfillCollectionResponse" });
const DryRunBackfillCollectionResponse = z
  .strictObject({
    backfills: z.array(
      z
        .strictObject({ logical_date: Instant.nullable(), partition_key: z.string().nullable(), partition_date: Instant.nullable() })
        .meta({ id: "DryRunBackfillResponse" }),
    ),
    total_entries: z.number(),
  })
  .meta({ id: "DryRunBackfillCollectionResponse" });

const BackfillBody = z
  .strictObject({
    dag_id: z.string(),
    from_date: InstantInput,
    to_date: InstantInput,
    run_backwards: z.boolean().default(false),
    dag_run_conf: JsonObject.nullable().optional(),
    reprocess_behavior: ReprocessBehavior.default("none"),
    max_active_runs: z.number().int().default(10),
    run_on_latest_version: z.boolean().nullable().optional(),
  })
  .meta({ id: "BackfillPostBody" });

const BackfillPath = z.object({ backfill_id: z.coerce.number().int().min(0) });
const ORDER = { columns: { id: { by: "id" } }, byDefault: ["id"] };

/** There are no backfills yet: none is listed, none found, and none can be made. */
export function backfillRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/backfills",
      access: "dag_runs:read",
      query: z.object({ dag_id: z.string(), ...paging }),
      status: 200,
      answer: BackfillCollectionResponse,
    },
    async ({ query, dags }) => {
      dags.assert(query.dag_id);
      readPage(query, context.pageLimits, ORDER);
      return { backfills: [], total_entries: 0 };
    },
  );
  routes.add(
    { method: "GET", path: "/backfills/{backfill_id}", access: "dag_runs:read", pathSchema: BackfillPath, status: 200, answer: BackfillResponse },
    async ({ path }) => {
      throw nothingHas("backfill", path.backfill_id);
    },
  );
  for (const change of ["pause", "unpause", "cancel"] as const) {
    routes.add(
      {
        method: "PUT",
        path: `/backfills/{backfill_id}/${change}`,
        access: "dag_runs:edit",
        pathSchema: BackfillPath,
        status: 200,
        answer: BackfillResponse,
      },
      async ({ path }) => {
        throw nothingHas("backfill", path.backfill_id);
      },
    );
  }
  const refuse = async (dagId: string): Promise<never> => {
    if ((await findDag(context.db, { dagId })) === undefined) throw dagNotFound(dagId);
    throw notYet("backfills");
  };
  routes.add(
    { method: "POST", path: "/backfills", access: "dag_runs:create", body: BackfillBody, status: 200, answer: BackfillResponse },
    async ({ body, dags }) => {
      dags.assert(body.dag_id);
      return refuse(body.dag_id);
    },
  );
  routes.add(
    {
      method: "POST",
      path: "/backfills/dry_run",
      access: "dag_runs:create",
      body: BackfillBody,
      status: 200,
      answer: DryRunBackfillCollectionResponse,
    },
    async ({ body, dags }) => {
      dags.assert(body.dag_id);
      return refuse(body.dag_id);
    },
  );
}
