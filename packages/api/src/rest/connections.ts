import { type Json, TradewindError } from "@tradewind/core";
import type { Actor } from "@tradewind/engine";
import { type Transaction, transaction } from "@tradewind/metadata";
import {
  CONNECTION_ORDER_COLUMNS,
  type ConnectionRow,
  deleteConnectionRow,
  findConnectionRow,
  insertConnection,
  insertEventLog,
  listConnections,
  updateConnection,
} from "@tradewind/metadata/rest";
import { z } from "zod";
import { list, paging, patterns, readPage } from "../http/query-values.ts";
import { bulkBody, BulkResponse, countEntities, runBulk } from "./bulk.ts";
import { hasHidden, isSamePlace } from "./connection-place.ts";
import { pickPatched, type RestContext, type RestRoutes } from "./route.ts";
import { MASK, maskText, parseJson, unmask } from "./secrets.ts";

const ConnectionResponse = z
  .strictObject({
    connection_id: z.string(),
    conn_type: z.string(),
    description: z.string().nullable(),
    host: z.string().nullable(),
    login: z.string().nullable(),
    schema: z.string().nullable(),
    port: z.number().nullable(),
    password: z.string().nullable(),
    extra: z.string().nullable(),
    team_name: z.string().nullable(),
  })
  .meta({ id: "ConnectionResponse" });
const ConnectionCollectionResponse = z
  .strictObject({ connections: z.array(ConnectionResponse), total_entries: z.number() })
  .meta({ id: "ConnectionCollectionResponse" });

const optional = z.string().nullable().optional();
export const ConnectionBody = z
  .strictObject({
    connection_id: z
      .string()
      .max(200)
      .regex(/^[\p{L}\p{N}_.-]+$/u, { error: "String should match pattern '^[\\w.-]+$'" }),
    conn_type: z.string().min(1).max(500),
    description: optional,
    host: optional,
    login: optional,
    schema: optional,
    port: z.number().int().min(0).max(65_535).nullable().optional(),
    password: optional,
    extra: optional.refine((text) => text == null || text === "" || isJsonObject(text), {
      error: "The `extra` field must be a valid JSON object (e.g., {'key': 'value'}).",
    }),
    team_name: z.null({ error: "Teams are not supported." }).optional(),
  })
  .meta({ id: "ConnectionBody" });
export type ConnectionBody = z.output<typeof ConnectionBody>;

function isJsonObject(text: string): boolean {
  const value = parseJson(text);
  return typeof value === "object" && value !== null && !Array.isArray(value) && isWithinDepth(value, MOST_LEVELS);
}

/** What masks and compares goes down all levels of it. */
const MOST_LEVELS = 100;

function isWithinDepth(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isWithinDepth(member, levels - 1));
}

const ConnectionPath = z.object({ connection_id: z.string() });
const FIELDS = ["conn_type", "description", "host", "login", "schema", "port", "password", "extra"] as const;

function notFound(connectionId: string): TradewindError {
  return new TradewindError("connection_not_found", `The Connection with connection_id: \`${connectionId}\` was not found`, {
    details: { connectionId },
  });
}

/** Secrets go in and never out: a password is shown as set or not set, members of `extra` with the name of a secret are masked. */
function toResponse({ fernet }: RestContext, row: ConnectionRow): z.infer<typeof ConnectionResponse> {
  return {
    connection_id: row.connectionId,
    conn_type: row.connType,
    description: row.description,
    host: row.host,
    login: row.login,
    schema: row.schema,
    port: row.port,
    password: row.password === null ? null : MASK,
    extra: readExtra(fernet, row.extra),
    team_name: null,
  };
}

/** What no configured key can read is null, so that a list stays readable. */
function readExtra(fernet: RestContext["fernet"], token: string | null): string | null {
  if (token === null) return null;
  try {
    return maskText(fernet.decrypt(token));
  } catch {
    return null;
  }
}

/** For the audit log: everything but what is encrypted. */
function openFields({ connType, description, host, port, login, schema }: ConnectionRow): Record<string, unknown> {
  return { conn_type: connType, description, host, port, login, schema };
}

/** Connections as transactions change them, with the entry in the audit log. */
function connectionChanges({ fernet }: RestContext, actor: Actor) {
  const encrypt = (text: string | null | undefined): string | null => (text == null || text === "" ? null : fernet.encrypt(text));

  /** A client that sends back what it read keeps the secrets it could not read. */
  function mergeSecret(sent: string | null | undefined, before: string | null): string | null {
    if (sent === undefined || sent === MASK) return before;
    const [changed, known] = [sent === null ? undefined : parseJson(sent), before === null ? undefined : parseJson(fernet.decrypt(before))];
    if (typeof changed !== "object" || changed === null || known === undefined) return encrypt(sent);
    return encrypt(JSON.stringify(unmask(changed, known)));
  }

  /**
   * Secrets stay with the place that they were given for: who cannot read them is not to have them sent to a server of their own.
   * @throws TradewindError `validation_failed` when some would go to another place without being given again
   */
  function assertSecretsStay(before: ConnectionRow, after: ConnectionRow, sent: Pick<ConnectionBody, "password" | "extra">): void {
    const clear = (token: string | null): string | null => (token === null ? null : fernet.decrypt(token));
    const keepsPassword = before.password !== null && (sent.password === undefined || sent.password === MASK);
    const keepsExtra =
      sent.extra === undefined || sent.extra === MASK
        ? before.extra !== null && hasHidden(readExtra(fernet, before.extra) ?? MASK)
        : hasHidden(sent.extra);
    if (!keepsPassword && !keepsExtra) return;
    const extras = before.extra === after.extra ? ([null, null] as const) : ([clear(before.extra), clear(after.extra)] as const);
    if (isSamePlace(before, after, extras)) return;
    throw new TradewindError(
      "validation_failed",
      `Connection "${before.connectionId}" would keep ${keepsPassword ? "its password" : "hidden secrets in extra"} for other settings than it was given for. Give the secrets again with the change, or clear them.`,
      { details: { connectionId: before.connectionId } },
    );
  }

  return {
    keyOf: (body: ConnectionBody): string => body.connection_id,
    exists: async (tx: Transaction, connectionId: string): Promise<boolean> => (await findConnectionRow(tx, { connectionId })) !== undefined,

    async create(tx: Transaction, body: ConnectionBody): Promise<void> {
      const { connection_id: connectionId, conn_type: connType, description = null, host = null, port = null, login = null, schema = null } = body;
      const row = { connectionId, connType, description, host, port, login, schema, password: encrypt(body.password), extra: encrypt(body.extra) };
      if (!(await insertConnection(tx, row))) {
        throw new TradewindError("already_exists", `Connection with connection_id: \`${connectionId}\` already exists`, {
          details: { connectionId },
        });
      }
      await insertEventLog(tx, { event: "post_connection", owner: actor.name, extra: { connection_id: connectionId, after: openFields(row) } });
    },

    async update(tx: Transaction, body: ConnectionBody, updateMask: readonly string[] | null | undefined): Promise<void> {
      const before = await findConnectionRow(tx, { connectionId: body.connection_id, lock: true });
      if (before === undefined) throw notFound(body.connection_id);
      const { conn_type, password, extra, ...open } = pickPatched(body, updateMask, FIELDS);
      const row: ConnectionRow = {
        ...before,
        ...open,
        connType: conn_type ?? before.connType,
        password: mergeSecret(password, before.password),
        extra: mergeSecret(extra, before.extra),
      };
      assertSecretsStay(before, row, { password, extra });
      await updateConnection(tx, row);
      const secrets = { password_changed: row.password !== before.password, extra_changed: row.extra !== before.extra };
      await insertEventLog(tx, {
        event: "patch_connection",
        owner: actor.name,
        extra: { connection_id: before.connectionId, before: openFields(before), after: { ...openFields(row), ...secrets } },
      });
    },

    async delete(tx: Transaction, connectionId: string): Promise<void> {
      const before = await findConnectionRow(tx, { connectionId, lock: true });
      if (before === undefined || !(await deleteConnectionRow(tx, { connectionId }))) throw notFound(connectionId);
      await insertEventLog(tx, { event: "delete_connection", owner: actor.name, extra: { connection_id: connectionId, before: openFields(before) } });
    },
  };
}

export function connectionRoutes(routes: RestRoutes, context: RestContext): void {
  const answer = async (connectionId: string): Promise<z.infer<typeof ConnectionResponse>> => {
    const row = await findConnectionRow(context.db, { connectionId });
    if (row === undefined) throw notFound(connectionId);
    return toResponse(context, row);
  };

  routes.add(
    {
      method: "GET",
      path: "/connections",
      access: "connections:read",
      query: z.object({ ...paging, ...patterns("connection_id") }),
      status: 200,
      answer: ConnectionCollectionResponse,
    },
    async ({ query }) => {
      const { items, total } = await listConnections(context.db, {
        filter: { idPattern: query.connection_id_pattern, idPrefixPattern: query.connection_id_prefix_pattern },
        page: readPage(query, context.pageLimits, { columns: CONNECTION_ORDER_COLUMNS, byDefault: ["id"] }),
      });
      return { connections: items.map((row) => toResponse(context, row)), total_entries: total };
    },
  );

  routes.add(
    { method: "POST", path: "/connections", access: "connections:edit", body: ConnectionBody, status: 201, answer: ConnectionResponse },
    async ({ body, actor }) => {
      await transaction(context.db, (tx) => connectionChanges(context, actor).create(tx, body));
      return answer(body.connection_id);
    },
  );

  // Airflow makes one connection per provider package here, for trying things out; there are no such packages.
  routes.add({ method: "POST", path: "/connections/defaults", access: "connections:edit", status: 204, answer: null }, async () => undefined);

  routes.add(
    {
      method: "PATCH",
      path: "/connections",
      access: "connections:edit",
      body: bulkBody(ConnectionBody),
      countChanges: countEntities,
      status: 200,
      answer: BulkResponse,
    },
    async ({ body, actor }) => runBulk(context, body, connectionChanges(context, actor)),
  );

  routes.add(
    {
      method: "GET",
      path: "/connections/{connection_id}",
      access: "connections:read",
      pathSchema: ConnectionPath,
      status: 200,
      answer: ConnectionResponse,
    },
    async ({ path }) => answer(path.connection_id),
  );

  routes.add(
    {
      method: "PATCH",
      path: "/connections/{connection_id}",
      access: "connections:edit",
      pathSchema: ConnectionPath,
      query: z.object({ update_mask: list }),
      body: ConnectionBody,
      status: 200,
      answer: ConnectionResponse,
    },
    async ({ path, query, body, actor }) => {
      if (body.connection_id !== path.connection_id) {
        throw new TradewindError("invalid_request", "The connection_id in the request body does not match the URL parameter");
      }
      await transaction(context.db, (tx) => connectionChanges(context, actor).update(tx, body, query.update_mask));
      return answer(body.connection_id);
    },
  );

  routes.add(
    { method: "DELETE", path: "/connections/{connection_id}", access: "connections:edit", pathSchema: ConnectionPath, status: 204, answer: null },
    async ({ path, actor }) => transaction(context.db, (tx) => connectionChanges(context, actor).delete(tx, path.connection_id)),
  );
}
