import { type Json, mapLength, TradewindError } from "@tradewind/core";
import { transaction } from "@tradewind/metadata";
import {
  deleteXCom,
  findXComRow,
  insertEventLog,
  insertXCom,
  listXComs,
  type TaskInstanceKey,
  updateXCom,
  XCOM_ORDER_COLUMNS,
  type XComRow,
} from "@tradewind/metadata/rest";
import { z } from "zod";
import { flag, instantRange, paging, patterns, readPage, readRange, text, whole } from "../http/query-values.ts";
import { Instant, toIso, toIsoOrNull, JsonValue } from "../http/values.ts";
import type { RestContext, RestRoutes } from "./route.ts";
import { getTaskInstance, TaskInstancePath, toKey } from "./task-instances.ts";
import { loadTaskNames } from "./task-names.ts";

const ENTRIES = "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries";

const xcomFields = {
  key: z.string(),
  timestamp: Instant,
  logical_date: Instant.nullable(),
  map_index: z.number(),
  task_id: z.string(),
  dag_id: z.string(),
  run_id: z.string(),
  dag_display_name: z.string(),
  task_display_name: z.string(),
  run_after: Instant,
};
const XComResponse = z.strictObject(xcomFields).meta({ id: "XComResponse" });
const XComResponseNative = z.strictObject({ ...xcomFields, value: z.unknown() }).meta({ id: "XComResponseNative" });
const XComCollectionResponse = z
  .strictObject({ xcom_entries: z.array(XComResponse), total_entries: z.number() })
  .meta({ id: "XComCollectionResponse" });

const XComPath = TaskInstancePath.extend({ xcom_key: z.string() });
const XComCreateBody = z
  .strictObject({ key: z.string().min(1).max(512), value: JsonValue, map_index: z.number().int().min(-1).default(-1) })
  .meta({ id: "XComCreateBody" });
const XComUpdateBody = z.strictObject({ value: JsonValue, map_index: z.number().int().min(-1).default(-1) }).meta({ id: "XComUpdateBody" });
const MapIndexQuery = z.object({ map_index: whole.default(-1) });

const ListQuery = z.object({
  ...paging,
  xcom_key: text,
  map_index: whole,
  ...patterns("xcom_key"),
  ...patterns("dag_display_name"),
  ...patterns("run_id"),
  ...patterns("task_id"),
  map_index_filter: whole,
  ...instantRange("logical_date"),
  ...instantRange("run_after"),
});

const ORDER = { columns: XCOM_ORDER_COLUMNS, byDefault: ["dag_id", "task_id", "run_id", "map_index", "key"] };

type XComKey = TaskInstanceKey & { key: string };

function notFound({ key, dagId, runId, taskId, mapIndex }: XComKey): TradewindError {
  return new TradewindError("xcom_not_found", `XCom entry with key: \`${key}\` not found`, { details: { key, dagId, runId, taskId, mapIndex } });
}

async function toResponses({ db }: RestContext, rows: readonly XComRow[]): Promise<z.infer<typeof XComResponse>[]> {
  const names = await loadTaskNames(
    db,
    rows.map((row) => row.dagVersionId),
  );
  return rows.map((row) => ({
    key: row.key,
    timestamp: toIso(row.timestamp),
    logical_date: toIsoOrNull(row.logicalDate),
    map_index: row.mapIndex,
    task_id: row.taskId,
    dag_id: row.dagId,
    run_id: row.runId,
    dag_display_name: row.dagDisplayName,
    task_display_name: names.of(row.dagVersionId, row.taskId),
    run_after: toIso(row.runAfter),
  }));
}

const MOST_AUDITED = 1000;

export function xcomRoutes(routes: RestRoutes, context: RestContext): void {
  const answer = async (key: XComKey, stringify: boolean): Promise<z.infer<typeof XComResponseNative>> => {
    const row = await findXComRow(context.db, key);
    if (row === undefined) throw notFound(key);
    const [response] = await toResponses(context, [row]);
    return { ...response!, value: stringify ? row.value : (JSON.parse(row.value) as Json) };
  };
  const toValue = (value: Json): { value: string; length: number | null } => ({ value: JSON.stringify(value), length: mapLength(value) });
  const audit = (event: string, { key, ...of }: XComKey, owner: string, values: { before?: string; after?: string }) => ({
    event,
    owner,
    ...of,
    extra: {
      key,
      ...(values.before !== undefined && { before: shorten(values.before) }),
      ...(values.after !== undefined && { after: shorten(values.after) }),
    },
  });

  routes.add(
    {
      method: "GET",
      path: ENTRIES,
      access: "xcoms:read",
      pathSchema: TaskInstancePath,
      query: ListQuery,
      status: 200,
      answer: XComCollectionResponse,
    },
    async ({ path, query, dags }) => {
      const named = (value: string): string | undefined => (value === "~" ? undefined : value);
      const { items, total } = await listXComs(context.db, {
        filter: {
          visibleDagIds: dags.ids,
          dagId: named(path.dag_id),
          runId: named(path.dag_run_id),
          taskId: named(path.task_id),
          key: query.xcom_key,
          mapIndex: query.map_index ?? query.map_index_filter,
          keyPattern: query.xcom_key_pattern,
          keyPrefixPattern: query.xcom_key_prefix_pattern,
          dagDisplayNamePattern: query.dag_display_name_pattern,
          dagDisplayNamePrefixPattern: query.dag_display_name_prefix_pattern,
          runIdPattern: query.run_id_pattern,
          runIdPrefixPattern: query.run_id_prefix_pattern,
          taskIdPattern: query.task_id_pattern,
          taskIdPrefixPattern: query.task_id_prefix_pattern,
          logicalDate: readRange(query, "logical_date"),
          runAfter: readRange(query, "run_after"),
        },
        page: readPage(query, context.pageLimits, ORDER),
      });
      return { xcom_entries: await toResponses(context, items), total_entries: total };
    },
  );

  routes.add(
    {
      method: "GET",
      path: `${ENTRIES}/{xcom_key}`,
      access: "xcoms:read",
      pathSchema: XComPath,
      // Values are JSON: there is nothing to deserialize, so both ways of `deserialize` give the same.
      query: z.object({ map_index: whole.default(-1), deserialize: flag, stringify: flag.default(false) }),
      status: 200,
      answer: XComResponseNative,
    },
    async ({ path, query }) => answer({ ...toKey(path, query.map_index ?? -1), key: path.xcom_key }, query.stringify),
  );

  routes.add(
    {
      method: "POST",
      path: ENTRIES,
      access: "xcoms:edit",
      pathSchema: TaskInstancePath,
      body: XComCreateBody,
      status: 201,
      answer: XComResponseNative,
    },
    async ({ path, body, actor }) => {
      const key = { ...toKey(path, body.map_index), key: body.key };
      await getTaskInstance(context, key);
      await transaction(context.db, async (tx) => {
        const { value: after, length } = toValue(body.value);
        if (!(await insertXCom(tx, { ...key, value: after, length }))) {
          throw new TradewindError("already_exists", `The XCom with key: \`${key.key}\` with mentioned task instance already exists.`, {
            details: { ...key },
          });
        }
        await insertEventLog(tx, audit("post_xcom", key, actor.name, { after }));
      });
      return answer(key, false);
    },
  );

  routes.add(
    {
      method: "PATCH",
      path: `${ENTRIES}/{xcom_key}`,
      access: "xcoms:edit",
      pathSchema: XComPath,
      body: XComUpdateBody,
      status: 200,
      answer: XComResponseNative,
    },
    async ({ path, body, actor }) => {
      const key = { ...toKey(path, body.map_index), key: path.xcom_key };
      await transaction(context.db, async (tx) => {
        const { value: after, length } = toValue(body.value);
        const before = (await findXComRow(tx, key))?.value;
        if (before === undefined || !(await updateXCom(tx, { ...key, value: after, length }))) throw notFound(key);
        await insertEventLog(tx, audit("patch_xcom", key, actor.name, { before, after }));
      });
      return answer(key, false);
    },
  );

  routes.add(
    { method: "DELETE", path: `${ENTRIES}/{xcom_key}`, access: "xcoms:edit", pathSchema: XComPath, query: MapIndexQuery, status: 204, answer: null },
    async ({ path, query, actor }) => {
      const key = { ...toKey(path, query.map_index ?? -1), key: path.xcom_key };
      await transaction(context.db, async (tx) => {
        const before = (await findXComRow(tx, key))?.value;
        if (before === undefined || !(await deleteXCom(tx, key))) throw notFound(key);
        await insertEventLog(tx, audit("delete_xcom", key, actor.name, { before }));
      });
    },
  );
}

/** The audit log tells what was changed; the value itself is in the XCom. */
function shorten(json: string): string {
  return json.length <= MOST_AUDITED ? json : `${json.slice(0, MOST_AUDITED)}…`;
}
