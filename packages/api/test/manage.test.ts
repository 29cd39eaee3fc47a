import { findConnectionRow, findVariableRow } from "@tradewind/metadata/rest";
import { seedDag, seedDagRun, seedTaskInstance } from "@tradewind/metadata/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { dagSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

let poolChanges = 0;
const server = useTestServer({ onPoolsChanged: () => (poolChanges += 1) });

const status = async (...call: Parameters<typeof server.call>): Promise<number> => (await server.call(...call)).statusCode;

describe("variables", () => {
  it("are made, read, changed and deleted", async () => {
    const made = await server.call("POST", "/api/v2/variables", { body: { key: "region", value: "north", description: "where" } });
    expect(made.statusCode).toBe(201);
    expect(made.json()).toEqual({ key: "region", value: "north", description: "where", is_encrypted: true, team_name: null });
    expect(await status("POST", "/api/v2/variables", { body: { key: "region", value: "x" } })).toBe(409);

    const changed = await server.call("PATCH", "/api/v2/variables/region", { body: { key: "region", value: { a: 1 } } });
    expect(changed.json()).toMatchObject({ value: '{"a":1}', description: "where" });
    const masked = await server.call("PATCH", "/api/v2/variables/region", {
      body: { key: "region", value: "lost", description: "kept" },
      query: { update_mask: "description" },
    });
    expect(masked.json()).toMatchObject({ value: '{"a":1}', description: "kept" });
    expect(await status("PATCH", "/api/v2/variables/region", { body: { key: "other", value: "x" } })).toBe(400);
    expect(await status("DELETE", "/api/v2/variables/region")).toBe(204);
    expect(await status("DELETE", "/api/v2/variables/region")).toBe(404);
    expect(await status("GET", "/api/v2/variables/region")).toBe(404);
  });

  it("are encrypted where they are kept, and masked where their name says that they are secret", async () => {
    await server.call("POST", "/api/v2/variables", { body: { key: "api_key", value: "s3cret" } });
    await server.call("POST", "/api/v2/variables", { body: { key: "login", value: { user: "ann", password: "s3cret" } } });
    expect((await server.call("GET", "/api/v2/variables/api_key")).json()).toMatchObject({ value: "***" });
    expect((await server.call("GET", "/api/v2/variables/login")).json()).toMatchObject({ value: '{"user":"ann","password":"***"}' });
    const events = await server.call("GET", "/api/v2/eventLogs");
    expect(events.body).not.toContain("s3cret");
  });

  it("keep what was sent back hidden as it was", async () => {
    const key = "warehouse";
    await server.call("POST", "/api/v2/variables", { body: { key, value: { host: "a", password: "s3cret", more: [{ token: "t0ken" }] } } });
    const read = (await server.call("GET", `/api/v2/variables/${key}`)).json<{ value: string }>();
    const sent = { key, value: read.value.replace('"a"', '"b"'), description: "changed" };
    expect((await server.call("PATCH", `/api/v2/variables/${key}`, { body: sent })).statusCode).toBe(200);
    const row = await findVariableRow(server.database.db, { key });
    expect(JSON.parse(server.fernet.decrypt(row!.value))).toEqual({ host: "b", password: "s3cret", more: [{ token: "t0ken" }] });
  });

  it("have keys with any characters", async () => {
    const key = "a/b c%ü";
    expect(await status("POST", "/api/v2/variables", { body: { key, value: "1" } })).toBe(201);
    expect((await server.call("GET", `/api/v2/variables/${encodeURIComponent(key)}`)).json()).toMatchObject({ key });
    expect(await status("DELETE", `/api/v2/variables/${encodeURIComponent(key)}`)).toBe(204);
  });

  it("are refused with a list of all that is wrong", async () => {
    const answer = await server.call("POST", "/api/v2/variables", { body: { key: "x".repeat(251), other: 1 } });
    expect(answer.statusCode).toBe(422);
    expect(
      answer
        .json<{ detail: { loc: string[]; type: string }[] }>()
        .detail.map(({ loc, type }) => `${loc.join(".")} ${type}`)
        .sort(),
    ).toEqual(["body.key string_too_long", "body.other extra_forbidden", "body.value missing"]);
  });

  it("are changed in bulk: each action as a whole or not at all", async () => {
    const answer = await server.call("PATCH", "/api/v2/variables", {
      body: {
        actions: [
          {
            action: "create",
            entities: [
              { key: "b1", value: "1" },
              { key: "b2", value: "2" },
            ],
          },
          {
            action: "create",
            entities: [
              { key: "b3", value: "3" },
              { key: "b1", value: "again" },
            ],
          },
          { action: "create", entities: [{ key: "b1", value: "over" }], action_on_existence: "overwrite" },
          { action: "delete", entities: ["none"], action_on_non_existence: "skip" },
          { action: "delete", entities: ["b2", { key: "b1", value: "" }] },
          { action: "update", entities: [{ key: "b2", value: "late" }] },
        ],
      },
    });
    expect(answer.json()).toMatchObject({
      create: { success: ["b1", "b2", "b1"], errors: [{ status_code: 409 }] },
      delete: { success: ["b2", "b1"], errors: [] },
      update: { success: [], errors: [{ status_code: 404 }] },
    });
    expect((await server.call("GET", "/api/v2/variables", { query: { variable_key_prefix_pattern: "b" } })).json()).toMatchObject({
      total_entries: 0,
    });
  });
});

describe("connections", () => {
  const body = {
    connection_id: "warehouse",
    conn_type: "postgres",
    host: "db",
    port: 5432,
    login: "ann",
    password: "s3cret",
    extra: '{"token":"t0ken","ssl":true}',
  };

  const secretsOf = async (connectionId: string): Promise<object> => {
    const row = await findConnectionRow(server.database.db, { connectionId });
    return { password: server.fernet.decrypt(row?.password ?? ""), extra: JSON.parse(server.fernet.decrypt(row?.extra ?? "")) as object };
  };

  it("take secrets and do not give them back", async () => {
    const made = await server.call("POST", "/api/v2/connections", { body });
    expect(made.statusCode).toBe(201);
    expect(made.json()).toMatchObject({ connection_id: "warehouse", password: "***", extra: '{"token":"***","ssl":true}', port: 5432 });
    expect(made.body).not.toContain("s3cret");
  });

  it("keep the secrets of a client that sends back what it read", async () => {
    const read = (await server.call("GET", "/api/v2/connections/warehouse")).json<Record<string, unknown>>();
    const sent = { ...read, description: "the big one", extra: '{"ssl":true,"token":"***"}' };
    expect((await server.call("PATCH", "/api/v2/connections/warehouse", { body: sent })).json()).toMatchObject({
      description: "the big one",
      password: "***",
    });
    expect(await secretsOf("warehouse")).toEqual({ password: "s3cret", extra: { token: "t0ken", ssl: true } });
    const rotated = { connection_id: "warehouse", conn_type: "postgres", password: "n3w" };
    expect((await server.call("PATCH", "/api/v2/connections/warehouse", { body: rotated })).statusCode).toBe(200);
    expect(await secretsOf("warehouse")).toEqual({ password: "n3w", extra: { token: "t0ken", ssl: true } });
    await server.call("PATCH", "/api/v2/connections/warehouse", { body });
  });

  // Or who may edit connections but not read their secrets would have them sent to a server of their own.
  it.each<[string, object, string?]>([
    ["another host", { host: "mine" }],
    ["another host, by the mask", { host: "mine", password: "new", extra: "{}" }, "host"],
    ["another type", { conn_type: "http" }],
    ["another port", { port: 1 }],
    ["another login", { login: "eve" }],
    ["another schema", { schema: "mine" }],
    ["an extra that leads elsewhere", { extra: '{"token":"***","ssl":true,"endpoint_url":"https://mine"}' }],
    ["another hidden member of extra", { extra: '{"token":"https://mine","ssl":true}' }],
    ["another host, with a new password and the old token", { host: "mine", password: "new" }],
    ["another host, with a new token and the old password", { host: "mine", extra: '{"token":"new"}' }],
  ])("do not take their secrets to %s", async (_what, change, mask) => {
    const sent = { connection_id: "warehouse", conn_type: "postgres", ...change };
    const answer = await server.call("PATCH", "/api/v2/connections/warehouse", {
      body: sent,
      ...(mask === undefined ? {} : { query: { update_mask: mask } }),
    });
    expect([answer.statusCode, answer.body]).toEqual([422, expect.stringContaining("Give the secrets again")]);
    const bulk = { actions: [{ action: "create", entities: [sent], action_on_existence: "overwrite" }] };
    if (mask === undefined) {
      const told = await server.call("PATCH", "/api/v2/connections", { body: bulk });
      expect(told.json()).toMatchObject({ create: { success: [], errors: [{ status_code: 422 }] } });
    }
    expect((await server.call("GET", "/api/v2/connections/warehouse")).json()).toMatchObject({
      conn_type: "postgres",
      host: "db",
      port: 5432,
      login: "ann",
    });
    expect(await secretsOf("warehouse")).toEqual({ password: "s3cret", extra: { token: "t0ken", ssl: true } });
  });

  it("go to another place with secrets that are given again, or without any", async () => {
    const moved = { ...body, host: "db2", extra: '{"token":"t0ken","ssl":false}' };
    expect((await server.call("PATCH", "/api/v2/connections/warehouse", { body: moved })).json()).toMatchObject({ host: "db2" });
    const cleared = { connection_id: "warehouse", conn_type: "postgres", host: "db3", password: null, extra: '{"ssl":true}' };
    expect((await server.call("PATCH", "/api/v2/connections/warehouse", { body: cleared })).json()).toMatchObject({ host: "db3", password: null });
    const free = { connection_id: "warehouse", conn_type: "postgres", host: "db4", extra: '{"ssl":false}' };
    expect((await server.call("PATCH", "/api/v2/connections/warehouse", { body: free })).json()).toMatchObject({
      host: "db4",
      extra: '{"ssl":false}',
    });
  });

  it("change only what the body has, and what the mask names", async () => {
    const answer = await server.call("PATCH", "/api/v2/connections/warehouse", {
      body: { connection_id: "warehouse", conn_type: "mysql", host: null, login: "bob" },
      query: { update_mask: ["host", "login"] },
    });
    expect(answer.json()).toMatchObject({ conn_type: "postgres", host: null, login: "bob", port: 5432, password: null });
  });

  it("refuse bad ids, bad extras and other ids in the body", async () => {
    expect(await status("POST", "/api/v2/connections", { body: { ...body, connection_id: "a b" } })).toBe(422);
    expect(await status("POST", "/api/v2/connections", { body: { ...body, connection_id: "ab", extra: "[1]" } })).toBe(422);
    const deep = (levels: number): string => `${'{"a":'.repeat(levels)}"***"${"}".repeat(levels)}`;
    for (const extra of [deep(101), deep(100_000)]) {
      expect(await status("POST", "/api/v2/connections", { body: { ...body, connection_id: "ab", extra } })).toBe(422);
      expect(await status("PATCH", "/api/v2/connections/warehouse", { body: { connection_id: "warehouse", conn_type: "postgres", extra } })).toBe(
        422,
      );
    }
    expect(await status("PATCH", "/api/v2/connections/warehouse", { body: { ...body, connection_id: "ab" } })).toBe(400);
    expect(await status("POST", "/api/v2/connections", { body })).toBe(409);
  });

  it("are listed and deleted", async () => {
    expect(
      (await server.call("GET", "/api/v2/connections", { query: { connection_id_pattern: "WARE", order_by: "-conn_type" } })).json(),
    ).toMatchObject({
      total_entries: 1,
    });
    const alternatives = (count: number) => ({ query: { connection_id_pattern: Array.from({ length: count }, () => "x").join("|") } });
    expect(await status("GET", "/api/v2/connections", alternatives(50))).toBe(200);
    expect(await status("GET", "/api/v2/connections", alternatives(51))).toBe(422);
    expect(await status("DELETE", "/api/v2/connections/warehouse")).toBe(204);
    expect(await status("GET", "/api/v2/connections/warehouse")).toBe(404);
  });
});

describe("pools", () => {
  it("are made, read, changed and deleted, and whoever waits for slots is told", async () => {
    const before = poolChanges;
    const made = await server.call("POST", "/api/v2/pools", { body: { name: "slow", slots: 3 } });
    expect(made.statusCode).toBe(201);
    expect(made.json()).toEqual({
      name: "slow",
      slots: 3,
      description: null,
      include_deferred: false,
      occupied_slots: 0,
      running_slots: 0,
      queued_slots: 0,
      scheduled_slots: 0,
      open_slots: 3,
      deferred_slots: 0,
      team_name: null,
    });
    expect((await server.call("PATCH", "/api/v2/pools/slow", { body: { slots: -1 } })).json()).toMatchObject({ slots: -1, open_slots: -1 });
    expect(poolChanges).toBe(before + 2);
    expect(await status("PATCH", "/api/v2/pools/slow", { body: { slots: -2 } })).toBe(422);
    expect(await status("PATCH", "/api/v2/pools/slow", { body: { pool: "renamed" } })).toBe(400);
    expect(await status("POST", "/api/v2/pools", { body: { name: "slow", slots: 1 } })).toBe(409);
    expect((await server.call("GET", "/api/v2/pools", { query: { pool_name_pattern: "slow" } })).json()).toMatchObject({ total_entries: 1 });
    expect(await status("DELETE", "/api/v2/pools/slow")).toBe(204);
    expect(await status("DELETE", "/api/v2/pools/slow")).toBe(404);
  });

  it("keep the default one", async () => {
    expect(await status("DELETE", "/api/v2/pools/default_pool")).toBe(400);
    expect(await status("PATCH", "/api/v2/pools/default_pool", { body: { description: "mine" } })).toBe(400);
    expect(await status("PATCH", "/api/v2/pools/default_pool", { body: { slots: 200 } })).toBe(200);
  });
});

describe("XComs", () => {
  const ENTRIES = "/api/v2/dags/sales/dagRuns/r1/taskInstances/load/xcomEntries";

  beforeAll(async () => {
    const { db } = server.database;
    await seedDag(db, { spec: dagSpec("sales", { tasks: [taskSpec("load", { displayName: "Load it" })] }) });
    const run = await seedDagRun(db, { dagId: "sales", runId: "r1", logicalDate: new Date("2026-01-01T00:00:00Z") });
    await seedTaskInstance(db, { dagRunId: run, taskId: "load", state: "success" });
  });

  it("are made, read, changed and deleted", async () => {
    const made = await server.call("POST", ENTRIES, { body: { key: "return_value", value: [1, { a: null }] } });
    expect(made.statusCode).toBe(201);
    expect(made.json()).toMatchObject({ key: "return_value", value: [1, { a: null }], task_display_name: "Load it", run_id: "r1", map_index: -1 });
    expect(await status("POST", ENTRIES, { body: { key: "return_value", value: 1 } })).toBe(409);
    expect(await status("POST", ENTRIES, { body: { key: "k", value: 1, map_index: 3 } })).toBe(404);

    const text = await server.call("GET", `${ENTRIES}/return_value`, { query: { stringify: "true" } });
    expect(text.json()).toMatchObject({ value: '[1,{"a":null}]' });
    expect((await server.call("PATCH", `${ENTRIES}/return_value`, { body: { value: "new" } })).json()).toMatchObject({ value: "new" });
    expect(await status("PATCH", `${ENTRIES}/none`, { body: { value: 1 } })).toBe(404);
    expect(
      (await server.call("GET", "/api/v2/dags/~/dagRuns/~/taskInstances/~/xcomEntries", { query: { xcom_key_pattern: "RETURN" } })).json(),
    ).toMatchObject({
      total_entries: 1,
      xcom_entries: [{ key: "return_value", dag_id: "sales" }],
    });
    expect(await status("DELETE", `${ENTRIES}/return_value`)).toBe(204);
    expect(await status("GET", `${ENTRIES}/return_value`)).toBe(404);
  });
});

describe("the audit log", () => {
  it("tells each change with who made it and what was before and after", async () => {
    await server.call("POST", "/api/v2/pools", { body: { name: "audited", slots: 1 }, role: "Op" });
    await server.call("PATCH", "/api/v2/pools/audited", { body: { slots: 2 } });
    const { event_logs: logs } = (
      await server.call("GET", "/api/v2/eventLogs", { query: { event_pattern: "_pool", order_by: "-event_log_id", limit: "2" } })
    ).json<{
      event_logs: { event_log_id: number; event: string; owner: string; extra: string }[];
    }>();
    expect(logs.map(({ event, owner }) => [event, owner])).toEqual([
      ["patch_pool", "admin"],
      ["post_pool", "op"],
    ]);
    expect(JSON.parse(logs[0]?.extra ?? "")).toMatchObject({ name: "audited", before: { slots: 1 }, after: { slots: 2 } });
    expect((await server.call("GET", `/api/v2/eventLogs/${logs[0]?.event_log_id}`)).json()).toMatchObject({ event: "patch_pool" });
    expect(await status("GET", "/api/v2/eventLogs/999999")).toBe(404);
    const excluded = await server.call("GET", "/api/v2/eventLogs", { query: { excluded_events: ["patch_pool"], event_prefix_pattern: "patch_p" } });
    expect(excluded.json()).toMatchObject({ total_entries: 0 });
  });

  it("has nothing of a change that was refused", async () => {
    const count = async (): Promise<number> => (await server.call("GET", "/api/v2/eventLogs")).json<{ total_entries: number }>().total_entries;
    const before = await count();
    await server.call("POST", "/api/v2/pools", { body: { name: "audited", slots: 1 } });
    await server.call("DELETE", "/api/v2/variables/none");
    expect(await count()).toBe(before);
  });
});
