import { type Json, TradewindError } from "@tradewind/core";
import type { Actor } from "@tradewind/engine";
import { type Transaction, transaction } from "@tradewind/metadata";
import {
  deleteVariableRow,
  findVariableRow,
  insertEventLog,
  insertVariable,
  listVariables,
  updateVariable,
  VARIABLE_ORDER_COLUMNS,
  type VariableRow,
} from "@tradewind/metadata/rest";
import { z } from "zod";
import { JsonValue } from "../http/values.ts";
import { list, paging, patterns, readPage } from "../http/query-values.ts";
import { bulkBody, BulkResponse, countEntities, runBulk } from "./bulk.ts";
import { pickPatched, type RestContext, type RestRoutes } from "./route.ts";
import { isSensitiveName, MASK, maskText, parseJson, unmask } from "./secrets.ts";

const VariableResponse = z
  .strictObject({
    key: z.string(),
    value: z.string().nullable(),
    description: z.string().nullable(),
    is_encrypted: z.boolean(),
    team_name: z.string().nullable(),
  })
  .meta({ id: "VariableResponse" });
const VariableCollectionResponse = z
  .strictObject({ variables: z.array(VariableResponse), total_entries: z.number() })
  .meta({ id: "VariableCollectionResponse" });

const VariableBody = z
  .strictObject({
    key: z.string().min(1).max(250),
    value: JsonValue,
    description: z.string().nullable().optional(),
    team_name: z.null({ error: "Teams are not supported." }).optional(),
  })
  .meta({ id: "VariableBody" });
type VariableBody = z.output<typeof VariableBody>;

const VariablePath = z.object({ variable_key: z.string() });

function notFound(key: string): TradewindError {
  return new TradewindError("variable_not_found", `The Variable with key: \`${key}\` was not found`, { details: { key } });
}

/** A value that no configured key can read is null, so that a list stays readable. */
function toResponse({ fernet }: RestContext, row: VariableRow): z.infer<typeof VariableResponse> {
  return { key: row.key, value: readValue(fernet, row), description: row.description, is_encrypted: true, team_name: null };
}

function readValue(fernet: RestContext["fernet"], { key, value }: VariableRow): string | null {
  try {
    const clear = fernet.decrypt(value);
    return isSensitiveName(key) && clear !== "" ? MASK : maskText(clear);
  } catch {
    return null;
  }
}

/** Text is kept as it is, anything else as JSON. */
function toText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What a client could not read of a JSON value, and sends back as `***`, stays as it was. */
function keepHidden(sent: string, before: () => string): string {
  if (!sent.includes(MASK)) return sent;
  const [changed, known] = [parseJson(sent), parseJson(before())];
  return typeof changed === "object" && changed !== null && known !== undefined ? JSON.stringify(unmask(changed, known)) : sent;
}

/** Variables as transactions change them, with the entry in the audit log. Values stay out of it: they may be secrets. */
function variableChanges({ fernet }: RestContext, actor: Actor) {
  return {
    keyOf: (body: VariableBody): string => body.key,
    exists: async (tx: Transaction, key: string): Promise<boolean> => (await findVariableRow(tx, { key })) !== undefined,

    async create(tx: Transaction, { key, value, description = null }: VariableBody): Promise<void> {
      if (!(await insertVariable(tx, { key, value: fernet.encrypt(toText(value)), description }))) {
        throw new TradewindError("already_exists", `The Variable with key: \`${key}\` already exists`, { details: { key } });
      }
      await insertEventLog(tx, { event: "post_variable", owner: actor.name, extra: { key, after: { description } } });
    },

    async update(tx: Transaction, body: VariableBody, updateMask: readonly string[] | null | undefined): Promise<void> {
      const before = await findVariableRow(tx, { key: body.key, lock: true });
      if (before === undefined) throw notFound(body.key);
      const patch = pickPatched(body, updateMask, ["value", "description"]);
      const isMasked = patch.value === MASK && isSensitiveName(body.key);
      const value =
        patch.value === undefined || isMasked ? before.value : fernet.encrypt(keepHidden(toText(patch.value), () => fernet.decrypt(before.value)));
      const description = patch.description === undefined ? before.description : patch.description;
      await updateVariable(tx, { key: body.key, value, description });
      await insertEventLog(tx, {
        event: "patch_variable",
        owner: actor.name,
        extra: { key: body.key, before: { description: before.description }, after: { description, value_changed: value !== before.value } },
      });
    },

    async delete(tx: Transaction, key: string): Promise<void> {
      const before = await findVariableRow(tx, { key, lock: true });
      if (before === undefined || !(await deleteVariableRow(tx, { key }))) throw notFound(key);
      await insertEventLog(tx, { event: "delete_variable", owner: actor.name, extra: { key, before: { description: before.description } } });
    },
  };
}

export function variableRoutes(routes: RestRoutes, context: RestContext): void {
  const answer = async (key: string): Promise<z.infer<typeof VariableResponse>> => {
    const row = await findVariableRow(context.db, { key });
    if (row === undefined) throw notFound(key);
    return toResponse(context, row);
  };

  routes.add(
    {
      method: "GET",
      path: "/variables",
      access: "variables:read",
      query: z.object({ ...paging, ...patterns("variable_key") }),
      status: 200,
      answer: VariableCollectionResponse,
    },
    async ({ query }) => {
      const { items, total } = await listVariables(context.db, {
        filter: { keyPattern: query.variable_key_pattern, keyPrefixPattern: query.variable_key_prefix_pattern },
        page: readPage(query, context.pageLimits, { columns: VARIABLE_ORDER_COLUMNS, byDefault: ["id"] }),
      });
      return { variables: items.map((row) => toResponse(context, row)), total_entries: total };
    },
  );

  routes.add(
    { method: "POST", path: "/variables", access: "variables:edit", body: VariableBody, status: 201, answer: VariableResponse },
    async ({ body, actor }) => {
      await transaction(context.db, (tx) => variableChanges(context, actor).create(tx, body));
      return answer(body.key);
    },
  );

  routes.add(
    {
      method: "PATCH",
      path: "/variables",
      access: "variables:edit",
      body: bulkBody(VariableBody),
      countChanges: countEntities,
      status: 200,
      answer: BulkResponse,
    },
    async ({ body, actor }) => runBulk(context, body, variableChanges(context, actor)),
  );

  routes.add(
    { method: "GET", path: "/variables/{variable_key}", access: "variables:read", pathSchema: VariablePath, status: 200, answer: VariableResponse },
    async ({ path }) => answer(path.variable_key),
  );

  routes.add(
    {
      method: "PATCH",
      path: "/variables/{variable_key}",
      access: "variables:edit",
      pathSchema: VariablePath,
      query: z.object({ update_mask: list }),
      body: VariableBody,
      status: 200,
      answer: VariableResponse,
    },
    async ({ path, query, body, actor }) => {
      if (body.key !== path.variable_key)
        throw new TradewindError("invalid_request", "Invalid body, key from request body doesn't match uri parameter");
      await transaction(context.db, (tx) => variableChanges(context, actor).update(tx, body, query.update_mask));
      return answer(body.key);
    },
  );

  routes.add(
    { method: "DELETE", path: "/variables/{variable_key}", access: "variables:edit", pathSchema: VariablePath, status: 204, answer: null },
    async ({ path, actor }) => transaction(context.db, (tx) => variableChanges(context, actor).delete(tx, path.variable_key)),
  );
}
