import type { ConnectionTestGrant, ConnectionValue } from "@tradewind/contract";
import { createFernet, type Fernet, generateFernetKey } from "@tradewind/metadata";
import { findConnectionRow } from "@tradewind/metadata/rest";
import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../src/index.ts";
import { HOST, startEngine } from "./fixture.ts";

const database = useTestDatabase();
const actor = { name: "ada" };
let nowMs = Date.parse("2026-01-01T00:00:00Z");
const pass = (ms: number): void => void (nowMs += ms);
const fernet: Fernet = createFernet(generateFernetKey());
let engine: Engine;
/** Another process on the same database, which hears of nothing. */
let other: Engine;

async function register(hostId: string, executor = "local", queues: string[] | null = null): Promise<void> {
  await engine.registerHost({ hostId, executor, hostname: "box", pid: 1, version: "1", slots: 1, queues });
}

beforeAll(async () => {
  const options = { fernet, clock: { now: () => new Date(nowMs) }, executors: ["local", "remote"], executorByQueue: { far: "remote" } };
  engine = await startEngine(database, options);
  other = await startEngine(database, options);
  await register("host-2");
});
afterAll(() => Promise.all([engine.close(), other.close()]));
afterEach(async () => void (await builder(database.db).deleteFrom("connection_test").execute()));

let made = 0;
function connectionTo(host: string, more: Partial<ConnectionValue> = {}): ConnectionValue {
  const rest = { description: null, port: 5432, login: "ann", password: "s3cret", schema: null, extra: { token: "t0ken" } };
  return { connectionId: `c${++made}`, connType: "postgres", host, ...rest, ...more };
}

async function enqueue(
  connection = connectionTo("db"),
  more: { commitOnSuccess?: boolean; executor?: string; queue?: string } = {},
): Promise<{ token: string; connection: ConnectionValue }> {
  const { commitOnSuccess = false, executor = null, queue = null } = more;
  const { token } = await engine.enqueueConnectionTest({ connection, commitOnSuccess, executor, queue, actor });
  return { token, connection };
}

async function beat(hostId: string, connectionTests = 2, on = engine): Promise<ConnectionTestGrant[]> {
  return (await on.heartbeat({ hostId, attempts: [], queued: [], state: "running", connectionTests })).connectionTests ?? [];
}

const stored = () => builder(database.db).selectFrom("connection_test").selectAll().executeTakeFirstOrThrow();
const report = (hostId: string, { testId }: ConnectionTestGrant, status: boolean, message = "told") =>
  engine.reportConnectionTest({ hostId, testId, status, message });

describe("a test of a connection", () => {
  it("goes to the next host that has room, with its secrets, and its end is told to who has the token", async () => {
    const { token, connection } = await enqueue();
    expect(await engine.findConnectionTest(token)).toMatchObject({ connectionId: connection.connectionId, state: "pending", resultMessage: null });
    expect(await beat(HOST, 0)).toEqual([]);
    const [grant] = await beat(HOST);
    expect(grant).toEqual({ testId: expect.any(String), connection, timeoutMs: 15_000 });
    expect((await engine.findConnectionTest(token))?.state).toBe("running");
    await report(HOST, grant!, true, "Connected.");
    // Sent twice, since the first answer was lost.
    await report(HOST, grant!, false, "late");
    expect(await engine.findConnectionTest(token)).toMatchObject({ state: "success", resultMessage: "Connected." });
    expect(await beat(HOST)).toEqual([]);
    expect(await engine.findConnectionTest("guessed")).toBeNull();
  });

  it("is stored encrypted, without what it is polled with, and its secrets go with its end", async () => {
    const { token } = await enqueue();
    const row = JSON.stringify(await stored());
    for (const secret of ["s3cret", "t0ken", token]) expect(row).not.toContain(secret);
    await report(HOST, (await beat(HOST))[0]!, false);
    expect(await stored()).toMatchObject({ state: "failed", connection: null });
  });

  it("is given to one of two hosts that ask at once, of no more than each asked for", async () => {
    const asked = await Promise.all([enqueue(), enqueue(), enqueue()]);
    const answers = await Promise.all([beat(HOST, 1), beat("host-2", 1, other), beat(HOST, 1, other), beat("host-2", 1)]);
    expect(answers.map(({ length }) => length).every((length) => length <= 1)).toBe(true);
    const granted = [...answers.flat(), ...(await beat(HOST, 3))].map(({ connection }) => connection.connectionId);
    expect(granted.sort()).toEqual(asked.map(({ connection }) => connection.connectionId).sort());
  });

  it("is another host's when the one that took it is silent, whose report counts for nothing then", async () => {
    const { token } = await enqueue();
    const [lost] = await beat(HOST);
    expect(await beat("host-2")).toEqual([]);
    pass(31_000);
    const [again] = await beat("host-2", 1, other);
    expect(again?.testId).toBe(lost?.testId);
    await expect(report(HOST, lost!, true)).rejects.toMatchObject({ code: "conflict" });
    await report("host-2", again!, false, "refused");
    expect(await engine.findConnectionTest(token)).toMatchObject({ state: "failed", resultMessage: "refused" });
  });

  it("is another host's at once when the one that took it says farewell", async () => {
    await enqueue();
    await register("leaving");
    expect(await beat("leaving")).toHaveLength(1);
    await engine.heartbeat({ hostId: "leaving", attempts: [], queued: [], state: "stopped" });
    expect(await beat(HOST)).toHaveLength(1);
  });

  it("goes to hosts of its executor that serve its queue, as tasks do", async () => {
    await register("remote-gpu", "remote", ["gpu"]);
    await register("remote-far", "remote", ["far"]);
    const { connection } = await enqueue(undefined, { queue: "far" });
    expect([...(await beat(HOST)), ...(await beat("remote-gpu"))]).toEqual([]);
    expect(await beat("remote-far")).toMatchObject([{ connection: { connectionId: connection.connectionId } }]);
    await enqueue(undefined, { queue: "gpu", executor: "remote" });
    expect(await beat("remote-gpu")).toHaveLength(1);
    await expect(enqueue(undefined, { executor: "none" })).rejects.toMatchObject({ code: "executor_not_found" });
  });

  it("does not go to a host that people drain", async () => {
    await register("drained");
    await builder(database.db).updateTable("runner_host").set({ wanted: "drain" }).where("host_id", "=", "drained").execute();
    await enqueue();
    expect(await beat("drained")).toEqual([]);
    expect(await beat(HOST)).toHaveLength(1);
  });

  it("is given up after two minutes, where it is polled and by the sweep, and forgotten after an hour", async () => {
    const { token } = await enqueue(undefined, { queue: "nobody", executor: "remote" });
    const { token: taken } = await enqueue();
    await beat(HOST);
    pass(121_000);
    expect((await engine.findConnectionTest(token))?.resultMessage).toBe(
      'No worker of the executor "remote" that serves the queue "nobody" took the test in time.',
    );
    expect(await engine.findConnectionTest(taken)).toMatchObject({ state: "failed", resultMessage: expect.stringContaining("was lost") });
    const { token: unpolled } = await enqueue();
    pass(121_000);
    await engine.sweep({ limit: 10 });
    const states = await builder(database.db).selectFrom("connection_test").select(["state", "connection"]).execute();
    expect(states).toEqual(Array.from({ length: 3 }, () => ({ state: "failed", connection: null })));
    pass(60 * 60_000);
    await engine.sweep({ limit: 10 });
    expect(await engine.findConnectionTest(unpolled)).toBeNull();
  });

  it("is one at a time of a connection, and ten of a user", async () => {
    const { connection } = await enqueue();
    await expect(enqueue(connection)).rejects.toMatchObject({ code: "conflict" });
    await report(HOST, (await beat(HOST))[0]!, true);
    for (let count = 0; count < 10; count++) await enqueue(count === 0 ? connection : undefined);
    await expect(enqueue()).rejects.toMatchObject({ code: "too_many_requests" });
    await engine.enqueueConnectionTest({
      connection: connectionTo("db"),
      commitOnSuccess: false,
      executor: null,
      queue: null,
      actor: { name: "eve" },
    });
  });

  it("stores what works when that was asked for, in place of what there was", async () => {
    const { connection } = await enqueue(undefined, { commitOnSuccess: true });
    const find = () => findConnectionRow(database.db, { connectionId: connection.connectionId });
    await report(HOST, (await beat(HOST))[0]!, false);
    expect(await find()).toBeUndefined();
    await enqueue(connection, { commitOnSuccess: true });
    await report(HOST, (await beat(HOST))[0]!, true);
    expect(fernet.decrypt((await find())!.password!)).toBe("s3cret");
    expect(fernet.decrypt((await find())!.extra!)).toBe('{"token":"t0ken"}');
    await enqueue({ ...connection, host: "db2", extra: {} }, { commitOnSuccess: true });
    await report(HOST, (await beat(HOST))[0]!, true);
    expect(await find()).toMatchObject({ host: "db2", extra: null });
    const entries = await builder(database.db).selectFrom("event_log").selectAll().where("owner", "=", "ada").orderBy("id").execute();
    const about = entries.filter(({ extra }) => (extra as { connection_id: string }).connection_id === connection.connectionId);
    expect(about.map(({ event }) => event)).toEqual([
      "enqueue_connection_test",
      "enqueue_connection_test",
      "post_connection",
      "enqueue_connection_test",
      "patch_connection",
    ]);
    expect(about.at(-1)!.extra).toMatchObject({ before: { host: "db" }, after: { host: "db2", conn_type: "postgres" } });
    expect(JSON.stringify(entries)).not.toMatch(/s3cret|t0ken/);
  });

  it("that cannot be decrypted ends, and heartbeats go on", async () => {
    const { token } = await enqueue();
    await builder(database.db).updateTable("connection_test").set({ connection: "of another key" }).execute();
    expect(await beat(HOST)).toEqual([]);
    expect(await engine.findConnectionTest(token)).toMatchObject({ state: "failed", resultMessage: expect.stringContaining("decrypted") });
  });
});
