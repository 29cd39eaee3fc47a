import { createEngine, type Engine } from "@tradewind/engine";
import { createFernet, generateFernetKey } from "@tradewind/metadata";
import { run } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureAdmin } from "../src/index.ts";
import { dagSpec, groupSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

let engine: Engine;
const server = useTestServer({
  testConnection: async () => ({ status: true, message: "" }),
  makeEngine: (database) =>
    (engine = createEngine({
      db: database.db,
      hot: database.hot,
      fernet: createFernet(generateFernetKey()),
      issueAttemptToken: ({ attemptId }) => attemptId,
      defaultExecutor: "local",
      dagsArePausedAtCreation: false,
      listens: false,
    })),
});

const PASSWORD = "correct horse battery";
const ACTOR = "chief";
const INSTANCE = "/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/:task_id";

async function record(dagId: string): Promise<void> {
  const spec = dagSpec(dagId, { tasks: [taskSpec("load", { groupId: "all" }), taskSpec("other")], groups: [groupSpec("all")] });
  const specJson = JSON.stringify(spec);
  await engine.recordDagFile({
    bundleName: "dags",
    relativePath: `${dagId}.ts`,
    fingerprint: null,
    parseDurationMs: 1,
    resolveFrom: [],
    result: {
      ok: true,
      bundle: { sha256: dagId.padEnd(64, "0"), code: "export {};" },
      source: "// source\n",
      dags: [{ dagId, exportName: "dag", spec, specJson, specSha256: dagId.padEnd(64, "1") }],
    },
  });
}

beforeAll(async () => {
  await ensureAdmin(server.database.db, { username: ACTOR, password: PASSWORD });
  await record("sales");
});
afterAll(() => engine.close());

function call(method: string, url: string, body?: unknown, headers: Record<string, string> = {}) {
  const authorization = `Bearer ${server.tokens.issue("access", ACTOR, 60_000)}`;
  return server.call(method as "POST", url, { role: null, headers: { authorization, ...headers }, ...(body === undefined ? {} : { body }) });
}

let made = 0;
const newName = (): string => `n${++made}`;

/** A run of `sales` with its two tasks. */
async function newRun(): Promise<string> {
  const runId = newName();
  expect((await call("POST", "/api/v2/dags/sales/dagRuns", { logical_date: null, dag_run_id: runId })).statusCode).toBe(200);
  return runId;
}

async function newDag(): Promise<string> {
  const dagId = newName();
  await record(dagId);
  return dagId;
}

async function endedRun(): Promise<string> {
  const runId = await newRun();
  await call("PATCH", `/api/v2/dags/sales/dagRuns/${runId}`, { state: "success" });
  return runId;
}

async function newXCom(): Promise<Record<string, string>> {
  const [runId, key] = [await newRun(), newName()];
  await call("POST", `/api/v2/dags/sales/dagRuns/${runId}/taskInstances/load/xcomEntries`, { key, value: { rows: 1 } });
  return { dag_run_id: runId, xcom_key: key };
}

async function newSetting(path: string, body: Record<string, unknown>, key: string): Promise<Record<string, string>> {
  const name = newName();
  expect((await call("POST", `/api/v2${path}`, { ...body, [key]: name })).statusCode).toBe(201);
  return { [path === "/pools" ? "pool_name" : path === "/variables" ? "variable_key" : "connection_id"]: name };
}

const newPool = () => newSetting("/pools", { slots: 1 }, "name");
const newVariable = () => newSetting("/variables", { value: "hush" }, "key");
const newConnection = () => newSetting("/connections", { conn_type: "http", password: "hush", extra: '{"token":"hush"}' }, "connection_id");
const newUser = () =>
  newSetting("/users", { password: PASSWORD, role: "Viewer" }, "username").then(({ connection_id: username }) => ({ username: username! }));

async function newToken(): Promise<string> {
  return (await call("POST", "/auth/tokens", { name: newName() })).json<{ id: string }>().id;
}

async function newWorker(): Promise<Record<string, string>> {
  const hostId = newName();
  await engine.registerHost({ hostId, executor: "local", hostname: "box", pid: 1, version: "1", slots: 1, queues: null, name: hostId });
  return { worker: hostId };
}

interface Change {
  event: string;
  /** Values of the address; those that are not given are of `sales`. */
  at?: () => Promise<Record<string, string>>;
  /** Also a function of the values of the address, which makes what it is about. */
  body?: unknown;
  headers?: () => Promise<Record<string, string>>;
  /** Who is named, where it is not the one who asks by token. */
  owner?: string;
  /** Whether it tells what was before and what is after. */
  tells: readonly ("before" | "after")[];
}

const bulk = (entity: object, more: object = {}) => ({ actions: [{ action: "update", entities: [entity], ...more }] });

async function sessionCookie(): Promise<Record<string, string>> {
  const answer = await server.call("POST", "/auth/login", { role: null, body: { username: ACTOR, password: PASSWORD } });
  return { cookie: String(answer.headers["set-cookie"]).split(";")[0]!, authorization: "", "sec-fetch-site": "same-origin" };
}

/** How each changing route is called so that it changes something, and what the audit log says then. */
const CHANGES: Record<string, Change> = {
  "POST /auth/token": { event: "login", body: { username: ACTOR, password: PASSWORD }, tells: [] },
  "POST /auth/token/cli": { event: "login", body: { username: ACTOR, password: PASSWORD }, tells: [] },
  "POST /auth/login": { event: "login", body: { username: ACTOR, password: PASSWORD }, tells: [] },
  "POST /auth/logout": { event: "logout", headers: sessionCookie, tells: [] },
  "POST /auth/password": { event: "change_password", body: { current_password: PASSWORD, new_password: PASSWORD }, tells: [] },
  "DELETE /auth/sessions": { event: "delete_sessions", tells: [] },
  "POST /auth/tokens": { event: "post_access_token", body: { name: "ci" }, tells: [] },
  "DELETE /auth/tokens/:token_id": { event: "delete_access_token", at: async () => ({ token_id: await newToken() }), tells: [] },
  "PATCH /dags": {
    event: "patch_dag",
    at: async () => ({ query: `?dag_id_pattern=${await newDag()}` }),
    body: { is_paused: true },
    tells: ["before", "after"],
  },
  "PATCH /dags/:dag_id": { event: "patch_dag", at: async () => ({ dag_id: await newDag() }), body: { is_paused: true }, tells: ["before", "after"] },
  "DELETE /dags/:dag_id": { event: "delete_dag", at: async () => ({ dag_id: await newDag() }), tells: ["before"] },
  "POST /dags/:dag_id/dagRuns": { event: "trigger_dag_run", body: { logical_date: null }, tells: ["after"] },
  "PATCH /dags/:dag_id/dagRuns": {
    event: "patch_dag_run",
    body: async () => bulk({ dag_run_id: await newRun(), state: "success" }),
    tells: ["before", "after"],
  },
  "PATCH /dags/:dag_id/dagRuns/:dag_run_id": { event: "patch_dag_run", body: { note: "seen" }, tells: ["before", "after"] },
  "DELETE /dags/:dag_id/dagRuns/:dag_run_id": { event: "delete_dag_run", at: async () => ({ dag_run_id: await endedRun() }), tells: ["before"] },
  "POST /dags/:dag_id/dagRuns/:dag_run_id/clear": {
    event: "post_clear_task_instances",
    at: async () => ({ dag_run_id: await endedRun() }),
    body: { dry_run: false },
    tells: ["before"],
  },
  "POST /dags/:dag_id/clearDagRuns": {
    event: "post_clear_task_instances",
    body: async () => ({ dry_run: false, dag_runs: [{ dag_run_id: await endedRun() }] }),
    tells: ["before"],
  },
  "POST /dags/:dag_id/clearTaskInstances": {
    event: "post_clear_task_instances",
    body: async () => ({ dry_run: false, only_failed: false, dag_run_id: await endedRun() }),
    tells: ["before"],
  },
  "PATCH /dags/:dag_id/dagRuns/:dag_run_id/taskInstances": {
    event: "patch_task_instance",
    body: bulk({ task_id: "load", new_state: "success" }),
    tells: ["before", "after"],
  },
  [`PATCH ${INSTANCE}`]: { event: "patch_task_instance", body: { new_state: "failed" }, tells: ["before", "after"] },
  [`DELETE ${INSTANCE}`]: { event: "delete_task_instance", at: async () => ({ dag_run_id: await newRun() }), tells: ["before"] },
  "PUT /parseDagFile/:file_token": {
    event: "reparse_dag_file",
    at: async () => ({ file_token: (await call("GET", "/api/v2/dags/sales")).json<{ file_token: string }>().file_token }),
    tells: [],
  },
  [`PATCH ${INSTANCE}/:map_index`]: { event: "patch_task_instance", body: { note: "seen" }, tells: ["before", "after"] },
  "PATCH /dags/:dag_id/dagRuns/:dag_run_id/taskGroupInstances/:group_id": {
    event: "patch_task_instance",
    body: { new_state: "success" },
    tells: ["before", "after"],
  },
  [`POST ${INSTANCE}/xcomEntries`]: { event: "post_xcom", body: { key: "made", value: 1 }, tells: ["after"] },
  [`PATCH ${INSTANCE}/xcomEntries/:xcom_key`]: { event: "patch_xcom", at: newXCom, body: { value: 2 }, tells: ["before", "after"] },
  [`DELETE ${INSTANCE}/xcomEntries/:xcom_key`]: { event: "delete_xcom", at: newXCom, tells: ["before"] },
  "POST /variables": { event: "post_variable", body: { key: "made", value: "hush" }, tells: ["after"] },
  "PATCH /variables": {
    event: "patch_variable",
    body: async () => bulk({ key: (await newVariable())["variable_key"], value: "hush" }),
    tells: ["before", "after"],
  },
  "PATCH /variables/:variable_key": {
    event: "patch_variable",
    at: newVariable,
    body: async ({ variable_key: key }: Record<string, string>) => ({ key, value: "hush" }),
    tells: ["before", "after"],
  },
  "DELETE /variables/:variable_key": { event: "delete_variable", at: newVariable, tells: ["before"] },
  "POST /connections": { event: "post_connection", body: { connection_id: "made", conn_type: "http", password: "hush" }, tells: ["after"] },
  "PATCH /connections": {
    event: "patch_connection",
    body: async () => bulk({ connection_id: (await newConnection())["connection_id"], conn_type: "http", password: "hush" }),
    tells: ["before", "after"],
  },
  "PATCH /connections/:connection_id": {
    event: "patch_connection",
    at: newConnection,
    body: async (at: Record<string, string>) => ({ connection_id: at["connection_id"], conn_type: "http", password: "hush" }),
    tells: ["before", "after"],
  },
  "POST /connections/enqueue-test": {
    event: "enqueue_connection_test",
    body: { connection_id: "tried", conn_type: "http", password: "hush", extra: '{"token":"hush"}' },
    tells: [],
  },
  "DELETE /connections/:connection_id": { event: "delete_connection", at: newConnection, tells: ["before"] },
  "POST /pools": { event: "post_pool", body: { name: "made", slots: 1 }, tells: ["after"] },
  "PATCH /pools": { event: "patch_pool", body: async () => bulk({ name: (await newPool())["pool_name"], slots: 3 }), tells: ["before", "after"] },
  "PATCH /pools/:pool_name": { event: "patch_pool", at: newPool, body: { slots: 2 }, tells: ["before", "after"] },
  "DELETE /pools/:pool_name": { event: "delete_pool", at: newPool, tells: ["before"] },
  "POST /workers/:worker/drain": { event: "drain_worker", at: newWorker, tells: [] },
  "POST /workers/:worker/resume": { event: "resume_worker", at: newWorker, tells: [] },
  "POST /users": { event: "post_user", body: { username: "made", password: PASSWORD, role: "User" }, tells: ["after"] },
  "PATCH /users/:username": { event: "patch_user", at: newUser, body: { role: "Op" }, tells: ["before", "after"] },
  "DELETE /users/:username": { event: "delete_user", at: newUser, tells: ["before"] },
  "POST /users/:username/password": { event: "reset_password", at: newUser, body: { password: PASSWORD }, tells: [] },
  "DELETE /users/:username/sessions": { event: "delete_sessions", at: newUser, tells: [] },
  "DELETE /users/:username/tokens/:token_id": {
    event: "delete_access_token",
    at: async () => ({ username: ACTOR, token_id: await newToken() }),
    tells: [],
  },
  "POST /dagGrants": { event: "post_dag_grant", body: { role: "Public", dag_id: "made", actions: ["read"] }, tells: ["after"] },
  "DELETE /dagGrants/:grant_id": {
    event: "delete_dag_grant",
    at: async () => ({
      grant_id: String((await call("POST", "/api/v2/dagGrants", { role: "Public", dag_id: newName(), actions: ["read"] })).json<{ id: number }>().id),
    }),
    tells: ["before"],
  },
};

/** Routes that are no changes, though their method says so. */
const NO_CHANGE: readonly [RegExp, string][] = [
  [/\/list$/, "a list that is asked for by POST"],
  [/\/dry_run$/, "tells what would change"],
  [/ \/connections\/test/, "tries a connection, and stores nothing"],
  [/ \/connections\/defaults$/, "there are none"],
  [/\/(un)?favorite$/, "how the user's own pages look"],
  [/\/assets|\/backfills|\/hitlDetails|\/state-store|\/queuedEvents|\/clearPartitions$/, "there is none of it yet"],
];

const changingRoutes = (): string[] =>
  server.routes
    .filter(({ method, url }) => method !== "GET" && !url.startsWith("/execution/"))
    .map(({ method, url }) => `${method} ${url.replace(/^\/api\/v2/, "")}`)
    .filter((name) => !NO_CHANGE.some(([pattern]) => pattern.test(name)));

interface Entry {
  event: string;
  owner: string;
  dag_id: string | null;
  extra: Record<string, unknown> | null;
}

const entriesAfter = (id: number): Promise<Entry[]> =>
  run<Entry>(server.database.db, { text: "select event, owner, dag_id, extra from event_log where id > $1 order by id", values: [id] });

async function lastEntry(): Promise<number> {
  const [row] = await run<{ id: number }>(server.database.db, { text: "select coalesce(max(id), 0)::bigint as id from event_log", values: [] });
  return row!.id;
}

describe("the audit log", () => {
  it("is asked of every route that changes something", () => {
    expect(changingRoutes().filter((name) => !(name in CHANGES))).toEqual([]);
  });

  it.each(Object.entries(CHANGES))("says who did it, and what it was before and after: %s", async (name, change) => {
    // A route that is still being made here has its row already.
    if (!changingRoutes().includes(name)) return;
    const at: Record<string, string> = { dag_id: "sales", task_id: "load", map_index: "-1", group_id: "all", ...(await change.at?.()) };
    if (name.includes(":dag_run_id")) at["dag_run_id"] ??= await newRun();
    const body: unknown =
      typeof change.body === "function" ? await (change.body as (at: Record<string, string>) => Promise<unknown>)(at) : change.body;
    const headers = await change.headers?.();
    const last = await lastEntry();
    const [method, path] = name.split(" ") as [string, string];
    const url = `${path.startsWith("/auth/") ? "" : "/api/v2"}${path.replaceAll(/:(\w+)/g, (_match, key: string) => at[key]!)}${at["query"] ?? ""}`;
    const answer = await call(method, url, body, headers);
    expect({ status: answer.statusCode, body: answer.body }).toMatchObject({ status: expect.toSatisfy((status: number) => status < 300) as number });
    const entries = (await entriesAfter(last)).filter(({ event }) => event === change.event);
    expect(entries.length).toBeGreaterThan(0);
    for (const entry of entries) {
      expect(entry.owner).toBe(change.owner ?? ACTOR);
      expect(change.tells.filter((what) => entry.extra === null || !(what in entry.extra))).toEqual([]);
      if (path.includes(":dag_id")) expect(entry.dag_id).toBe(at["dag_id"]);
      expect(JSON.stringify(entry)).not.toMatch(/hush|correct horse|tw_/);
    }
  });

  it("names who failed to log in, and from where", async () => {
    const last = await lastEntry();
    await server.call("POST", "/auth/login", { role: null, body: { username: "mallory", password: "guess" } });
    expect(await entriesAfter(last)).toEqual([
      { event: "login_failed", owner: "mallory", dag_id: null, extra: { address: "127.0.0.1", kind: "session" } },
    ]);
  });
});
