import { DAG_RUN_STATES, TradewindError } from "@tradewind/core";
import {
  countDagRunsByState,
  DAG_TAG_ORDER_COLUMNS,
  DAG_VERSION_ORDER_COLUMNS,
  findDag,
  findDagSource,
  findDagVersionRow,
  listDagsOfFile,
  listDagTags,
  listDagVersions,
} from "@tradewind/metadata/rest";
import { z } from "zod";
import type { DagAccess } from "../auth/dag-access.ts";
import { list, paging, patterns, readPage, text, whole } from "../http/query-values.ts";
import { DagVersionResponse, toDagVersionResponse } from "./dag-schemas.ts";
import { dagNotFound, DagPath } from "./dags.ts";
import type { RestContext, RestRoutes } from "./route.ts";

const DagSourceResponse = z
  .strictObject({
    content: z.string().nullable(),
    dag_id: z.string(),
    version_number: z.number().nullable(),
    dag_display_name: z.string(),
  })
  .meta({ id: "DAGSourceResponse" });
const DagVersionCollectionResponse = z
  .strictObject({ dag_versions: z.array(DagVersionResponse), total_entries: z.number() })
  .meta({ id: "DAGVersionCollectionResponse" });
const DagTagCollectionResponse = z.strictObject({ tags: z.array(z.string()), total_entries: z.number() }).meta({ id: "DAGTagCollectionResponse" });
const DagStatsCollectionResponse = z
  .strictObject({
    dags: z.array(
      z.strictObject({
        dag_id: z.string(),
        dag_display_name: z.string(),
        stats: z.array(z.strictObject({ state: z.enum(DAG_RUN_STATES), count: z.number() })),
      }),
    ),
    total_entries: z.number(),
  })
  .meta({ id: "DagStatsCollectionResponse" });

const VersionsQuery = z.object({ ...paging, version_number: whole, bundle_name: text, bundle_version: text });

export function dagVersionNotFound(dagId: string, versionNumber: number): TradewindError {
  return new TradewindError(
    "dag_version_not_found",
    `The DagVersion with dag_id: \`${dagId}\` and version_number: \`${versionNumber}\` was not found.`,
    {
      details: { dagId, versionNumber },
    },
  );
}

/**
 * A file is shown as a whole, so it takes permission for all DAGs that are or were in it.
 * @throws TradewindError `forbidden`, which does not name the others
 */
export async function assertWholeFile(
  { db }: Pick<RestContext, "db">,
  dags: DagAccess,
  version: { dagId: string; versionNumber?: number | undefined },
): Promise<void> {
  if (dags.ids === undefined || (await listDagsOfFile(db, version)).every((dagId) => dags.has(dagId))) return;
  throw new TradewindError(
    "forbidden",
    `The file of DAG "${version.dagId}" has other DAGs too, which you may not read: its source is shown to who may read all of them.`,
    {
      details: { permission: "dags:read", dagId: version.dagId },
    },
  );
}

export function dagVersionRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/dagSources/{dag_id}",
      access: "dags:read",
      pathSchema: DagPath,
      query: z.object({ version_number: whole }),
      status: 200,
      answer: DagSourceResponse,
    },
    async ({ path, query, raw, reply, dags }) => {
      await assertWholeFile(context, dags, { dagId: path.dag_id, versionNumber: query.version_number });
      const source = await findDagSource(context.db, { dagId: path.dag_id, versionNumber: query.version_number });
      if (source === undefined)
        throw query.version_number === undefined ? dagNotFound(path.dag_id) : dagVersionNotFound(path.dag_id, query.version_number);
      if (raw.headers.accept?.includes("text/plain") === true) return reply.type("text/plain; charset=utf-8").send(source.source);
      return { content: source.source, dag_id: path.dag_id, version_number: source.versionNumber, dag_display_name: source.dagDisplayName };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/dags/{dag_id}/dagVersions",
      access: "dags:read",
      pathSchema: DagPath,
      query: VersionsQuery,
      status: 200,
      answer: DagVersionCollectionResponse,
    },
    async ({ path, query, dags }) => {
      const dagId = path.dag_id === "~" ? undefined : path.dag_id;
      if (dagId !== undefined && (await findDag(context.db, { dagId })) === undefined) throw dagNotFound(dagId);
      const { items, total } = await listDagVersions(context.db, {
        filter: {
          visibleDagIds: dags.ids,
          dagId,
          versionNumber: query.version_number,
          bundleName: query.bundle_name,
          bundleVersion: query.bundle_version,
        },
        page: readPage(query, context.pageLimits, { columns: DAG_VERSION_ORDER_COLUMNS, byDefault: ["id"] }),
      });
      return { dag_versions: items.map(toDagVersionResponse), total_entries: total };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/dags/{dag_id}/dagVersions/{version_number}",
      access: "dags:read",
      pathSchema: z.object({ dag_id: z.string(), version_number: z.coerce.number().int() }),
      status: 200,
      answer: DagVersionResponse,
    },
    async ({ path }) => {
      const version = await findDagVersionRow(context.db, { dagId: path.dag_id, versionNumber: path.version_number });
      if (version === undefined) throw dagVersionNotFound(path.dag_id, path.version_number);
      return toDagVersionResponse(version);
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/dagTags",
      access: "dags:read",
      query: z.object({ ...paging, ...patterns("tag_name") }),
      status: 200,
      answer: DagTagCollectionResponse,
    },
    async ({ query, dags }) => {
      const { items, total } = await listDagTags(context.db, {
        filter: { visibleDagIds: dags.ids, namePattern: query.tag_name_pattern, namePrefixPattern: query.tag_name_prefix_pattern },
        page: readPage(query, context.pageLimits, { columns: DAG_TAG_ORDER_COLUMNS, byDefault: ["name"] }),
      });
      return { tags: items, total_entries: total };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/dagStats",
      access: "dag_runs:read",
      query: z.object({ dag_ids: list }),
      status: 200,
      answer: DagStatsCollectionResponse,
    },
    async ({ query, dags: visible }) => {
      const counted = await countDagRunsByState(context.db, { dagIds: visible.narrow(query.dag_ids) });
      const dags = counted.map(({ dagId, dagDisplayName, counts }) => ({
        dag_id: dagId,
        dag_display_name: dagDisplayName,
        stats: DAG_RUN_STATES.map((state) => ({ state, count: counts[state] ?? 0 })),
      }));
      return { dags, total_entries: dags.length };
    },
  );
}
