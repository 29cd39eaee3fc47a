import { type Json, TradewindError } from "@tradewind/core";
import { type ConnectionRow, findConnectionRow } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso } from "../http/values.ts";
import { hasHidden, isSamePlace, readExtra } from "./connection-place.ts";
import { ConnectionBody } from "./connections.ts";
import type { RestContext, RestRoutes } from "./route.ts";
import { MASK, unmask } from "./secrets.ts";

/** A connection as it would be used, with its secrets. */
export interface ConnectionToTest {
  connectionId: string;
  connType: string;
  description: string | null;
  host: string | null;
  port: number | null;
  login: string | null;
  password: string | null;
  schema: string | null;
  extra: Record<string, Json>;
}

/** Tries a connection, in a process of its own; that it does not work is an answer. */
export type ConnectionTester = (connection: ConnectionToTest) => Promise<{ status: boolean; message: string }>;

const ConnectionTestRequestBody = ConnectionBody.extend({
  commit_on_success: z.boolean().default(false),
  executor: z.string().min(1).max(250).nullable().default(null),
  queue: z.string().min(1).max(250).nullable().default(null),
}).meta({ id: "ConnectionTestRequestBody" });
const ConnectionTestQueuedResponse = z
  .strictObject({ token: z.string(), connection_id: z.string(), state: z.string() })
  .meta({ id: "ConnectionTestQueuedResponse" });
const AsyncConnectionTestResponse = z
  .strictObject({ token: z.string(), connection_id: z.string(), state: z.string(), result_message: z.string().nullable(), created_at: Instant })
  .meta({ id: "AsyncConnectionTestResponse" });
const TOKEN_HEADER = "Airflow-Connection-Test-Token";

const ConnectionTestResponse = z.strictObject({ status: z.boolean(), message: z.string() }).meta({ id: "ConnectionTestResponse" });

export function connectionTestRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    { method: "POST", path: "/connections/test", access: "connections:edit", body: ConnectionBody, status: 200, answer: ConnectionTestResponse },
    async ({ body }) => {
      const test = assertEnabled(context);
      return test(await connectionOf(body, context));
    },
  );

  routes.add(
    {
      method: "POST",
      path: "/connections/enqueue-test",
      access: "connections:edit",
      body: ConnectionTestRequestBody,
      status: 202,
      answer: ConnectionTestQueuedResponse,
    },
    async ({ body, actor }) => {
      assertEnabled(context);
      const { commit_on_success: commitOnSuccess, executor, queue, ...sent } = body;
      const connection = await connectionOf(sent, context);
      const { token } = await context.engine.enqueueConnectionTest({ connection, commitOnSuccess, executor, queue, actor });
      return { token, connection_id: connection.connectionId, state: "pending" };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/connections/enqueue-test",
      access: "connections:edit",
      headers: z.object({ [TOKEN_HEADER]: z.string() }),
      status: 200,
      answer: AsyncConnectionTestResponse,
    },
    async ({ headers }) => {
      assertEnabled(context);
      const token = headers[TOKEN_HEADER];
      const found = await context.engine.findConnectionTest(token);
      if (found === null) throw new TradewindError("not_found", "No test of a connection has this token, or it ended more than an hour ago.");
      const { connectionId, state, resultMessage, createdAt } = found;
      return { token, connection_id: connectionId, state, result_message: resultMessage, created_at: toIso(createdAt) };
    },
  );
}

function assertEnabled({ testConnection }: RestContext): ConnectionTester {
  if (testConnection !== null) return testConnection;
  throw new TradewindError(
    "forbidden",
    "Testing connections is disabled: it lets who may edit connections make this server and workers open connections of their own. Enable it with the configuration key api.testConnection.",
  );
}

async function connectionOf(body: ConnectionBody, context: RestContext): Promise<ConnectionToTest> {
  return withSecrets(body, await findConnectionRow(context.db, { connectionId: body.connection_id }), context);
}

/** What the client could not read is taken from the stored connection: but only for the place it was stored for, or else a test would hand out passwords. */
function withSecrets(body: ConnectionBody, stored: ConnectionRow | undefined, { fernet }: RestContext): ConnectionToTest {
  const { connection_id: connectionId, conn_type: connType, description = null, host = null, port = null, login = null, schema = null } = body;
  const open = { connectionId, connType, description, host, port, login, schema };
  const extraText = body.extra ?? null;
  if (body.password !== MASK && !hasHidden(extraText)) return { ...open, password: body.password ?? null, extra: readExtra(extraText) };
  const decrypt = (token: string | null): string | null => (token === null ? null : fernet.decrypt(token));
  const storedExtra = stored === undefined ? null : decrypt(stored.extra);
  const extra = unmask(readExtra(extraText), readExtra(storedExtra)) as Record<string, Json>;
  if (stored === undefined || !isSamePlace(stored, open, [storedExtra, JSON.stringify(extra)])) {
    throw new TradewindError(
      "validation_failed",
      `Connection "${connectionId}" was sent for a test with hidden secrets ("${MASK}") and with settings that are not the stored ones. Give the secrets again, or test the stored connection.`,
      { details: { connectionId } },
    );
  }
  return { ...open, password: body.password === MASK ? decrypt(stored.password) : (body.password ?? null), extra };
}
