import { type ConnectionTestGrant, CONTRACT_VERSION, CONTRACT_VERSION_HEADER } from "@tradewind/contract";
import { createEngine, type Engine } from "@tradewind/engine";
import { createFernet, generateFernetKey } from "@tradewind/metadata";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { ConnectionToTest } from "../src/index.ts";
import { useTestServer } from "./test-server.ts";

const asked: ConnectionToTest[] = [];
let engine: Engine;
const server = useTestServer({
  apps: ["api", "execution"],
  makeEngine: ({ db, hot }, tokens) =>
    (engine = createEngine({
      db,
      hot,
      fernet: createFernet(generateFernetKey()),
      issueAttemptToken: ({ attemptId, ttlMs }) => tokens.issue("attempt", attemptId, ttlMs),
      defaultExecutor: "local",
      executors: ["local"],
      listens: false,
    })),
  testConnection: async (connection) => {
    asked.push(connection);
    return { status: connection.host === "db", message: `asked ${connection.host}` };
  },
});
const closed = useTestServer();
afterAll(() => engine.close());
afterEach(() => void asked.splice(0));

const body = {
  connection_id: "warehouse",
  conn_type: "postgres",
  host: "db",
  port: 5432,
  login: "ann",
  password: "s3cret",
  extra: '{"token":"t0ken","ssl":true}',
};
const test = (sent: object, role?: "User" | "Op") => server.call("POST", "/api/v2/connections/test", { body: sent, ...(role && { role }) });

describe("POST /connections/test", () => {
  it("tries what is sent, stored or not", async () => {
    const answer = await test(body);
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: true, message: "asked db" }]);
    expect(asked).toEqual([
      {
        connectionId: "warehouse",
        connType: "postgres",
        description: null,
        host: "db",
        port: 5432,
        login: "ann",
        password: "s3cret",
        schema: null,
        extra: { token: "t0ken", ssl: true },
      },
    ]);
    expect((await test({ ...body, host: "other" })).json()).toEqual({ status: false, message: "asked other" });
  });

  it("takes hidden secrets from the stored connection", async () => {
    await server.call("POST", "/api/v2/connections", { body });
    const { team_name: _team, ...read } = (await server.call("GET", "/api/v2/connections/warehouse")).json<Record<string, unknown>>();
    expect(read).toMatchObject({ password: "***", extra: '{"token":"***","ssl":true}' });
    expect((await test(read)).statusCode).toBe(200);
    expect(asked).toEqual([expect.objectContaining({ password: "s3cret", extra: { token: "t0ken", ssl: true } })]);
  });

  // Or whoever may edit connections could have a password sent to a server of their own.
  it.each<[string, object]>([
    ["another host", { host: "mine" }],
    ["another type", { conn_type: "http" }],
    ["another port", { port: 1 }],
    ["another extra", { extra: '{"token":"***","ssl":true,"endpoint_url":"https://mine"}' }],
    ["another connection", { connection_id: "none" }],
  ])("does not take them for %s", async (_what, change) => {
    const answer = await test({ ...body, password: "***", ...change });
    expect([answer.statusCode, asked]).toEqual([422, []]);
    expect(answer.body).toContain("Give the secrets again");
  });

  it("is for those who may edit connections", async () => {
    expect((await test(body, "User")).statusCode).toBe(403);
    expect((await test(body, "Op")).statusCode).toBe(200);
    expect((await test({ ...body, port: 70_000 })).statusCode).toBe(422);
  });

  it("is disabled unless it is configured, as in Airflow", async () => {
    const answer = await closed.call("POST", "/api/v2/connections/test", { body });
    expect(answer.statusCode).toBe(403);
    expect(answer.body).toContain("api.testConnection");
  });
});

describe("/connections/enqueue-test", () => {
  const PATH = "/api/v2/connections/enqueue-test";
  const enqueue = (sent: object, role?: "User" | "Op") => server.call("POST", PATH, { body: sent, ...(role && { role }) });
  const poll = (token: string, role?: "User" | "Op") =>
    server.call("GET", PATH, { headers: { "airflow-connection-test-token": token }, ...(role && { role }) });

  /** As the runner host of this name would. */
  function host(name: string) {
    const headers = { authorization: `Bearer ${server.tokens.issue("host", name, 60_000)}`, [CONTRACT_VERSION_HEADER]: String(CONTRACT_VERSION) };
    const call = (route: string, sent: object) =>
      server.call("POST", `/execution/v1/${route}`, { role: null, headers, body: { hostId: name, ...sent } });
    return {
      register: () => call("hosts", { executor: "local", hostname: "box", pid: 1, version: "1", slots: 1, queues: null }),
      beat: async () =>
        (await call("heartbeat", { attempts: [], queued: [], connectionTests: 5 })).json<{ connectionTests?: ConnectionTestGrant[] }>()
          .connectionTests ?? [],
      report: (testId: string, status: boolean, message: string) => call("connection-tests", { testId, status, message }),
    };
  }

  it("has a worker try a connection, which is polled by a token", async () => {
    const answer = await enqueue({ ...body, connection_id: "far" });
    expect([answer.statusCode, answer.json()]).toEqual([202, { token: expect.any(String), connection_id: "far", state: "pending" }]);
    const { token } = answer.json<{ token: string }>();
    const waiting = await poll(token);
    expect([waiting.statusCode, waiting.json()]).toEqual([
      200,
      { token, connection_id: "far", state: "pending", result_message: null, created_at: expect.any(String) },
    ]);
    const [one, other] = [host("one"), host("other")];
    await one.register();
    await other.register();
    const [grant] = await one.beat();
    expect(grant).toMatchObject({ connection: { connectionId: "far", password: "s3cret", extra: { token: "t0ken" } } });
    expect(await other.beat()).toEqual([]);
    expect((await poll(token)).json()).toMatchObject({ state: "running" });
    expect((await enqueue({ ...body, connection_id: "far" })).statusCode).toBe(409);
    expect((await other.report(grant!.testId, true, "mine")).statusCode).toBe(409);
    expect((await one.report(grant!.testId, true, "Connected.")).statusCode).toBe(204);
    expect((await poll(token)).json()).toMatchObject({ state: "success", result_message: "Connected." });
    expect(asked).toEqual([]);
  });

  it("is for hosts with a token of their own", async () => {
    const sent = { hostId: "one", testId: "t", status: true, message: "" };
    expect(
      (await server.call("POST", "/execution/v1/connection-tests", { body: sent, headers: { [CONTRACT_VERSION_HEADER]: String(CONTRACT_VERSION) } }))
        .statusCode,
    ).toBe(401);
    const authorization = `Bearer ${server.tokens.issue("host", "two", 60_000)}`;
    const headers = { authorization, [CONTRACT_VERSION_HEADER]: String(CONTRACT_VERSION) };
    expect((await server.call("POST", "/execution/v1/connection-tests", { role: null, body: sent, headers })).statusCode).toBe(403);
  });

  it("takes hidden secrets from the stored connection, for the place that they were given for", async () => {
    const id = { connection_id: "hidden" };
    await server.call("POST", "/api/v2/connections", { body: { ...body, ...id } });
    const sent = { ...body, ...id, password: "***", extra: '{"token":"***","ssl":true}' };
    expect((await enqueue({ ...sent, host: "mine" })).statusCode).toBe(422);
    expect((await enqueue({ ...sent, commit_on_success: true })).statusCode).toBe(202);
    const one = host("one");
    const [grant] = await one.beat();
    expect(grant).toMatchObject({ connection: { password: "s3cret", extra: { token: "t0ken" } } });
    await one.report(grant!.testId, false, "refused");
  });

  it("stores what works when it is asked to", async () => {
    const id = "committed";
    expect((await server.call("GET", `/api/v2/connections/${id}`)).statusCode).toBe(404);
    await enqueue({ ...body, connection_id: id, description: "kept", commit_on_success: true });
    const one = host("one");
    await one.report((await one.beat())[0]!.testId, true, "Connected.");
    expect((await server.call("GET", `/api/v2/connections/${id}`)).json()).toMatchObject({ host: "db", description: "kept", password: "***" });
  });

  it("refuses what no worker could try, and says what is wrong", async () => {
    const unknown = await enqueue({ ...body, executor: "none" });
    expect([unknown.statusCode, unknown.body]).toEqual([422, expect.stringContaining("there are: local")]);
    expect((await enqueue({ ...body, team_name: "red" })).statusCode).toBe(422);
    expect((await enqueue({ ...body, extra: "[]" })).statusCode).toBe(422);
    expect((await poll("guessed")).statusCode).toBe(404);
    const missing = await server.call("GET", PATH);
    expect([missing.statusCode, missing.body]).toEqual([422, expect.stringContaining("Airflow-Connection-Test-Token")]);
  });

  it("is for those who may edit connections, and disabled unless it is configured", async () => {
    expect([(await enqueue(body, "User")).statusCode, (await poll("guessed", "User")).statusCode]).toEqual([403, 403]);
    expect((await poll("guessed", "Op")).statusCode).toBe(404);
    const answers = [
      await closed.call("POST", PATH, { body }),
      await closed.call("GET", PATH, { headers: { "airflow-connection-test-token": "t" } }),
    ];
    for (const answer of answers) expect([answer.statusCode, answer.body]).toEqual([403, expect.stringContaining("api.testConnection")]);
  });
});
