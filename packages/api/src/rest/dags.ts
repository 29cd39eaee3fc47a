import { DAG_RUN_STATES, TradewindError } from "@tradewind/core";
import { DAG_ORDER_COLUMNS, type DagFilter, type DagRow, findDag, findDagDetails, listDags, listDagsById } from "@tradewind/metadata/rest";
import { z } from "zod";
import { flag, instantRange, list, paging, patterns, readPage, readRange, states, text } from "../http/query-values.ts";
import { DagCollectionResponse, DagDetailsResponse, DagResponse, DagSchedulingState, toDagDetailsResponse, toDagResponse } from "./dag-schemas.ts";
import type { RestContext, RestRoutes } from "./route.ts";

export const DagPath = z.object({ dag_id: z.string() });

const DagPatchBody = z
  .strictObject({ is_paused: z.boolean().optional(), scheduling_state: DagSchedulingState.optional() })
  .refine((body) => body.is_paused !== undefined || body.scheduling_state !== undefined, { error: "Give is_paused or scheduling_state." })
  .refine(({ is_paused: isPaused, scheduling_state: state }) => isPaused === undefined || state === undefined || isPaused === (state === "paused"), {
    error: "is_paused and scheduling_state contradict each other. Give one of the two.",
  })
  .meta({ id: "DAGPatchBody" });

const { order_by, ...page } = paging;
const shortQuery = {
  ...page,
  tags: list,
  tags_match_mode: z.enum(["any", "all"]).optional(),
  owners: list,
  ...patterns("dag_id"),
  exclude_stale: flag.default(true),
  paused: flag,
};

const ListQuery = z.object({
  ...shortQuery,
  order_by,
  ...patterns("dag_display_name"),
  has_import_errors: flag,
  last_dag_run_state: z.enum(DAG_RUN_STATES).optional(),
  bundle_name: text,
  bundle_version: text,
  has_asset_schedule: flag,
  asset_dependency: text,
  is_favorite: flag,
  timetable_type: list,
  ...instantRange("dag_run_start_date"),
  ...instantRange("dag_run_end_date"),
  dag_run_state: states(DAG_RUN_STATES),
});

const PatchManyQuery = z.object({ update_mask: list, ...shortQuery });

const ORDER = { columns: DAG_ORDER_COLUMNS, byDefault: ["dag_id"] };

function toFilter(query: z.output<typeof PatchManyQuery> & Partial<z.output<typeof ListQuery>>, username: string): DagFilter {
  return {
    // No DAG has assets, and the folders they come from have no versions.
    matchesNothing: query.has_asset_schedule === true || Boolean(query.asset_dependency) || Boolean(query.bundle_version),
    scheduleKinds: query.timetable_type,
    favorite: query.is_favorite === undefined ? undefined : { username, isFavorite: query.is_favorite },
    dagIdPattern: query.dag_id_pattern,
    dagIdPrefixPattern: query.dag_id_prefix_pattern,
    dagDisplayNamePattern: query.dag_display_name_pattern,
    dagDisplayNamePrefixPattern: query.dag_display_name_prefix_pattern,
    tags: query.tags,
    tagsMatchMode: query.tags_match_mode,
    owners: query.owners,
    excludeStale: query.exclude_stale ?? true,
    paused: query.paused,
    hasImportErrors: query.has_import_errors,
    bundleName: query.bundle_name,
    lastDagRunState: query.last_dag_run_state,
    dagRunState: query.dag_run_state?.filter((state) => state !== null),
    dagRunStartDate: readRange(query, "dag_run_start_date"),
    dagRunEndDate: readRange(query, "dag_run_end_date"),
  };
}

export function dagNotFound(dagId: string): TradewindError {
  return new TradewindError("dag_not_found", `The Dag with ID: \`${dagId}\` was not found: no file in the DAG folders defines it.`, {
    details: { dagId },
  });
}

async function getDag(context: RestContext, dagId: string): Promise<DagRow> {
  const dag = await findDag(context.db, { dagId });
  if (dag === undefined) throw dagNotFound(dagId);
  return dag;
}

export function dagRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    { method: "GET", path: "/dags", access: "dags:read", query: ListQuery, status: 200, answer: DagCollectionResponse },
    async ({ query, actor, dags }) => {
      const { items, total } = await listDags(context.db, {
        filter: { ...toFilter({ ...query, update_mask: undefined }, actor.name), visibleDagIds: dags.ids },
        page: readPage(query, context.pageLimits, ORDER),
      });
      return { dags: items.map((dag) => toDagResponse(context, dag)), total_entries: total };
    },
  );

  routes.add(
    { method: "PATCH", path: "/dags", access: "dags:edit", query: PatchManyQuery, body: DagPatchBody, status: 200, answer: DagCollectionResponse },
    async ({ query, body, actor, dags }) => {
      const state = readSchedulingState(body, query.update_mask);
      const filter = { ...toFilter(query, actor.name), visibleDagIds: dags.ids };
      const { items, total } = await listDags(context.db, { filter, page: readPage(query, context.pageLimits, ORDER) });
      for (const { dagId } of items) await context.engine.setSchedulingState({ dagId, state, actor });
      const changed = await listDagsById(context.db, { dagIds: items.map(({ dagId }) => dagId) });
      return { dags: changed.map((dag) => toDagResponse(context, dag)), total_entries: total };
    },
  );

  routes.add(
    { method: "GET", path: "/dags/{dag_id}", access: "dags:read", pathSchema: DagPath, status: 200, answer: DagResponse },
    async ({ path }) => toDagResponse(context, await getDag(context, path.dag_id)),
  );

  routes.add(
    { method: "GET", path: "/dags/{dag_id}/details", access: "dags:read", pathSchema: DagPath, status: 200, answer: DagDetailsResponse },
    async ({ path, actor }) => {
      const dag = await findDagDetails(context.db, { dagId: path.dag_id, username: actor.name });
      if (dag === undefined) throw dagNotFound(path.dag_id);
      return toDagDetailsResponse(context, dag);
    },
  );

  routes.add(
    {
      method: "PATCH",
      path: "/dags/{dag_id}",
      access: "dags:edit",
      pathSchema: DagPath,
      query: z.object({ update_mask: list }),
      body: DagPatchBody,
      status: 200,
      answer: DagResponse,
    },
    async ({ path, query, body, actor }) => {
      const state = readSchedulingState(body, query.update_mask);
      await getDag(context, path.dag_id);
      await context.engine.setSchedulingState({ dagId: path.dag_id, state, actor });
      return toDagResponse(context, await getDag(context, path.dag_id));
    },
  );

  routes.add(
    { method: "DELETE", path: "/dags/{dag_id}", access: "dags:delete", pathSchema: DagPath, status: 200, answer: z.null() },
    async ({ path, actor, reply }) => {
      await getDag(context, path.dag_id);
      await context.engine.deleteDag({ dagId: path.dag_id, actor });
      return reply.code(200).type("application/json").send("null");
    },
  );
}

/** `is_paused` and `scheduling_state` say the same of a DAG, the second more of it. No other field can be changed. */
function readSchedulingState(
  { is_paused: isPaused, scheduling_state: state }: z.output<typeof DagPatchBody>,
  updateMask: readonly string[] | undefined,
): z.output<typeof DagSchedulingState> {
  const mask = updateMask === undefined || updateMask.length === 0 ? ["is_paused", "scheduling_state"] : updateMask;
  if (mask.some((field) => field !== "is_paused" && field !== "scheduling_state")) {
    throw new TradewindError("invalid_request", "Only `is_paused` and `scheduling_state` fields can be updated through the REST API.");
  }
  if (state !== undefined && mask.includes("scheduling_state")) return state;
  if (isPaused !== undefined && mask.includes("is_paused")) return isPaused ? "paused" : "active";
  throw new TradewindError("invalid_request", `The update mask names ${mask.join(", ")}, which the body does not give.`);
}
