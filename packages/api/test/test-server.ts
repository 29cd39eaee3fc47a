import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFernet, type Fernet, generateFernetKey } from "@tradewind/metadata";
import { insertUser } from "@tradewind/metadata/rest";
import { createTestDatabase, type TestDatabase } from "@tradewind/metadata/testing";
import type { LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll } from "vitest";
import {
  type ApiServer,
  type ApiServerOptions,
  createApiServer,
  createFileLogStore,
  createSignedTokens,
  type Role,
  type SignedTokens,
  type TaskLogStore,
} from "../src/index.ts";

export interface TestServer extends ApiServer {
  database: TestDatabase;
  fernet: Fernet;
  tokens: SignedTokens;
  logs: TaskLogStore;
  /** Sends a request as the user of a role; a body is sent as JSON. */
  call(method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE", path: string, options?: CallOptions): Promise<LightMyRequestResponse>;
}

interface CallOptions {
  body?: unknown;
  role?: Role | null;
  headers?: Record<string, string>;
  query?: Record<string, string | string[]>;
}

export const ROLE_USERS: readonly Role[] = ["Public", "Viewer", "User", "Op", "Admin"];

/** Use cases are not reached by tests that only read: whoever calls one anyway hears which. */
export const noEngine = new Proxy({} as ApiServerOptions["engine"], {
  get(_target, name) {
    if (name === "noteChanges") return () => undefined;
    throw new Error(`The use case "${String(name)}" was reached in a test without an engine.`);
  },
});

/** A server on a database of its own, with one user for each role, called as the role in lower case. Answers are checked against their schemas. */
export function useTestServer(
  options: Partial<ApiServerOptions> & { makeEngine?: (database: TestDatabase, tokens: SignedTokens) => ApiServerOptions["engine"] } = {},
): TestServer {
  let made: TestServer | undefined;
  let directory = "";

  beforeAll(async () => {
    const database = await createTestDatabase();
    directory = await mkdtemp(join(tmpdir(), "tradewind-logs-"));
    const fernet = createFernet(generateFernetKey());
    const tokens = createSignedTokens({ secretKey: "a secret key for tests, long enough" });
    const logs = createFileLogStore({ dir: directory });
    for (const role of ROLE_USERS) await insertUser(database.db, { username: role.toLowerCase(), passwordHash: "none", role });
    const engine = options.makeEngine?.(database, tokens) ?? noEngine;
    const server = await createApiServer({ db: database.db, engine, fernet, tokens, logs, version: "0.1.0", checkAnswers: true, ...options });
    made = { ...server, database, fernet, tokens, logs, call: (method, path, call) => send(server, tokens, method, path, call) };
  });

  afterAll(async () => {
    await made?.app.close();
    await made?.logs.close();
    await made?.database.drop();
    await rm(directory, { recursive: true, force: true });
  });

  return new Proxy({} as TestServer, {
    get(_target, property) {
      if (made === undefined) throw new Error("The test server exists only inside tests and hooks.");
      return Reflect.get(made, property) as unknown;
    },
  });
}

function send(
  server: ApiServer,
  tokens: SignedTokens,
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE",
  path: string,
  options: CallOptions = {},
): Promise<LightMyRequestResponse> {
  const { body, role = "Admin", headers = {}, query } = options;
  const authorization = role === null ? {} : { authorization: `Bearer ${tokens.issue("access", role.toLowerCase(), 60_000)}` };
  return server.app.inject({
    method,
    url: path,
    headers: { ...authorization, ...headers },
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { payload: body as object }),
  });
}
