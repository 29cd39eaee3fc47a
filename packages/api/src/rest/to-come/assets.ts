import { findDag } from "@tradewind/metadata/rest";
import { z } from "zod";
import { flag, instantRange, list, paging, patterns, readPage, text, whole } from "../../http/query-values.ts";
import { InstantInput, JsonObject } from "../../http/values.ts";
import { DagRunResponse } from "../dag-run-schemas.ts";
import { DagRunPath, getDagRun, Note } from "../dag-runs.ts";
import { dagNotFound, DagPath } from "../dags.ts";
import type { RestContext, RestRoute, RestRoutes } from "../route.ts";
import {
  AssetAliasCollectionResponse,
  AssetCollectionResponse,
  AssetEventCollectionResponse,
  AssetEventResponse,
  AssetResponse,
  AssetStateStoreBody,
  AssetStateStoreCollectionResponse,
  AssetStateStoreResponse,
  CreateAssetEventsBody,
  QueuedEventCollectionResponse,
  QueuedEventResponse,
} from "./asset-schemas.ts";
import { nothingHas } from "./nothing.ts";

const AssetPath = z.object({ asset_id: z.coerce.number().int() });
const DagAssetPath = DagPath.extend({ asset_id: z.coerce.number().int() });
const KeyPath = AssetPath.extend({ key: z.string() });
const Before = z.object({ before: text });
const { order_by: _order, ...page } = paging;

const MaterializeBody = z
  .strictObject({
    dag_run_id: z.string().nullable().optional(),
    data_interval_start: InstantInput.nullable().optional(),
    data_interval_end: InstantInput.nullable().optional(),
    logical_date: InstantInput.nullable().optional(),
    run_after: InstantInput.nullable().optional(),
    conf: JsonObject.nullable().optional(),
    note: Note,
    partition_key: z.string().nullable().optional(),
  })
  .meta({ id: "MaterializeAssetBody" });

const orders = (...names: string[]): Parameters<typeof readPage>[2] => ({
  columns: Object.fromEntries(names.map((name) => [name, { by: name }])),
  byDefault: [names[0]!],
});

/** There are no assets yet: none is listed, none found, and nothing waits for one. */
export function assetRoutes(routes: RestRoutes, context: RestContext): void {
  const read = { access: "dags:read", status: 200 } as const;
  const noAsset = async ({ path }: { path: { asset_id: number } }): Promise<never> => {
    throw nothingHas("asset", path.asset_id);
  };
  const noQueuedEvent = async ({ path }: { path: { dag_id: string } }): Promise<never> => {
    if ((await findDag(context.db, { dagId: path.dag_id })) === undefined) throw dagNotFound(path.dag_id);
    throw nothingHas("queued event", path.dag_id);
  };

  const AssetsQuery = z.object({ ...paging, ...patterns("name"), ...patterns("uri"), dag_ids: list, only_active: flag.default(true) });
  routes.add({ ...read, method: "GET", path: "/assets", query: AssetsQuery, answer: AssetCollectionResponse }, async ({ query }) => {
    readPage(query, context.pageLimits, orders("id", "name", "uri", "created_at", "updated_at"));
    return { assets: [], total_entries: 0 };
  });
  const AliasesQuery = z.object({ ...paging, ...patterns("name") });
  routes.add({ ...read, method: "GET", path: "/assets/aliases", query: AliasesQuery, answer: AssetAliasCollectionResponse }, async ({ query }) => {
    readPage(query, context.pageLimits, orders("id", "name"));
    return { asset_aliases: [], total_entries: 0 };
  });
  const AliasPath = z.object({ asset_alias_id: z.coerce.number().int() });
  routes.add({ ...read, method: "GET", path: "/assets/aliases/{asset_alias_id}", pathSchema: AliasPath, answer: z.any() }, async ({ path }) => {
    throw nothingHas("asset alias", path.asset_alias_id);
  });

  const EventsQuery = z.object({
    ...paging,
    asset_id: whole,
    source_dag_id: text,
    source_task_id: text,
    source_run_id: text,
    source_map_index: whole,
    ...patterns("name"),
    ...instantRange("timestamp"),
  });
  routes.add({ ...read, method: "GET", path: "/assets/events", query: EventsQuery, answer: AssetEventCollectionResponse }, async ({ query }) => {
    readPage(query, context.pageLimits, orders("timestamp", "id", "source_dag_id", "source_task_id", "source_run_id", "source_map_index"));
    return { asset_events: [], total_entries: 0 };
  });
  routes.add(
    { method: "POST", path: "/assets/events", access: "dag_runs:create", body: CreateAssetEventsBody, status: 200, answer: AssetEventResponse },
    async ({ body }) => {
      throw nothingHas("asset", body.asset_id);
    },
  );
  routes.add(
    {
      method: "POST",
      path: "/assets/{asset_id}/materialize",
      access: "dag_runs:create",
      pathSchema: AssetPath,
      body: MaterializeBody.nullable().optional(),
      status: 200,
      answer: DagRunResponse,
    },
    noAsset,
  );
  routes.add({ ...read, method: "GET", path: "/assets/{asset_id}", pathSchema: AssetPath, answer: AssetResponse }, noAsset);
  routes.add(
    {
      ...read,
      method: "GET",
      path: "/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents",
      pathSchema: DagRunPath,
      answer: AssetEventCollectionResponse,
    },
    async ({ path }) => {
      await getDagRun(context, path.dag_id, path.dag_run_id);
      return { asset_events: [], total_entries: 0 };
    },
  );

  const queued = { query: Before, answer: QueuedEventCollectionResponse };
  const deletion: Pick<RestRoute, "method" | "access" | "status"> & { answer: null } = {
    method: "DELETE",
    access: "dags:edit",
    status: 204,
    answer: null,
  };
  routes.add({ ...read, ...queued, method: "GET", path: "/assets/{asset_id}/queuedEvents", pathSchema: AssetPath }, noAsset);
  routes.add({ ...deletion, path: "/assets/{asset_id}/queuedEvents", pathSchema: AssetPath, query: Before }, noAsset);
  routes.add({ ...read, ...queued, method: "GET", path: "/dags/{dag_id}/assets/queuedEvents", pathSchema: DagPath }, noQueuedEvent);
  routes.add({ ...deletion, path: "/dags/{dag_id}/assets/queuedEvents", pathSchema: DagPath, query: Before }, noQueuedEvent);
  routes.add(
    {
      ...read,
      method: "GET",
      path: "/dags/{dag_id}/assets/{asset_id}/queuedEvents",
      pathSchema: DagAssetPath,
      query: Before,
      answer: QueuedEventResponse,
    },
    noQueuedEvent,
  );
  routes.add({ ...deletion, path: "/dags/{dag_id}/assets/{asset_id}/queuedEvents", pathSchema: DagAssetPath, query: Before }, noQueuedEvent);

  const store = "/assets/{asset_id}/state-store";
  routes.add(
    { ...read, method: "GET", path: store, pathSchema: AssetPath, query: z.object(page), answer: AssetStateStoreCollectionResponse },
    noAsset,
  );
  routes.add({ ...deletion, path: store, pathSchema: AssetPath }, noAsset);
  routes.add({ ...read, method: "GET", path: `${store}/{key}`, pathSchema: KeyPath, answer: AssetStateStoreResponse }, noAsset);
  routes.add(
    { method: "PUT", path: `${store}/{key}`, access: "dags:edit", pathSchema: KeyPath, body: AssetStateStoreBody, status: 204, answer: null },
    noAsset,
  );
  routes.add({ ...deletion, path: `${store}/{key}`, pathSchema: KeyPath }, noAsset);
}
