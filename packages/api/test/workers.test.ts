import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CONTRACT_VERSION, CONTRACT_VERSION_HEADER } from "@tradewind/contract";
import { createEngine, type Engine } from "@tradewind/engine";
import { createFernet, generateFernetKey } from "@tradewind/metadata";
import { run } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dagSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

let engine: Engine;
const server = useTestServer({
  workerOfflineSeconds: 60,
  makeEngine: (database, tokens) =>
    (engine = createEngine({
      db: database.db,
      hot: database.hot,
      fernet: createFernet(generateFernetKey()),
      issueAttemptToken: ({ attemptId, ttlMs }) => tokens.issue("attempt", attemptId, ttlMs),
      defaultExecutor: "bullmq",
      dagsArePausedAtCreation: false,
      listens: false,
      limits: { hostOfflineMs: 60_000 },
    })),
});
afterAll(() => engine.close());

interface Worker {
  host_id: string;
  name: string;
  state: string;
  wanted: string;
  running: number;
}

/** As a worker talks to the server: over the execution API, with its own token. */
async function asHost(hostId: string, route: string, body: object): Promise<{ wanted?: string }> {
  const answer = await server.app.inject({
    method: "POST",
    url: `/execution/v1/${route}`,
    headers: { authorization: `Bearer ${server.tokens.issue("host", hostId, 60_000)}`, [CONTRACT_VERSION_HEADER]: String(CONTRACT_VERSION) },
    payload: { hostId, ...body },
  });
  expect(answer.statusCode).toBeLessThan(300);
  return answer.json();
}
const register = (hostId: string, body: object = {}) =>
  asHost(hostId, "hosts", {
    executor: "bullmq",
    hostname: "box",
    pid: 7,
    version: "0.1.0",
    slots: 4,
    queues: ["default", "gpu"],
    name: hostId,
    ...body,
  });
const beat = (hostId: string, state: string, queued: string[] = []) => asHost(hostId, "heartbeat", { attempts: [], queued, state });

const get = async <T>(path: string, query?: Record<string, string>): Promise<T> =>
  (await server.call("GET", path, query === undefined ? {} : { query })).json<T>();
const listed = async (query?: Record<string, string>): Promise<Worker[]> => (await get<{ workers: Worker[] }>("/api/v2/workers", query)).workers;
const stateOf = async (name: string): Promise<string> => (await get<Worker>(`/api/v2/workers/${name}`)).state;
const silence = (hostId: string, seconds: number) =>
  run(server.database.db, {
    text: "update runner_host set last_heartbeat_at = now() - make_interval(secs => $2) where host_id = $1",
    values: [hostId, seconds],
  });

let attempts: string[];
beforeAll(async () => {
  await register("one", { startedAt: "2026-01-01T00:00:00.000Z" });
  await register("two", { queues: null });
  const spec = dagSpec("work", {
    tasks: [taskSpec("a", { queue: "gpu" }), taskSpec("b", { queue: "gpu" }), taskSpec("c", { queue: "gpu" }), taskSpec("d")],
  });
  await engine.recordDagFile({
    bundleName: "dags",
    relativePath: "work.ts",
    fingerprint: null,
    parseDurationMs: 1,
    resolveFrom: [],
    result: {
      ok: true,
      bundle: { sha256: "a".repeat(64), code: "export {};" },
      source: "// source\n",
      dags: [{ dagId: spec.dagId, exportName: "dag", spec, specJson: JSON.stringify(spec), specSha256: "b".repeat(64) }],
    },
  });
  await engine.triggerDagRun({ dagId: "work", logicalDate: null, triggeredBy: "test", actor: { name: "test" } });
  const { commands } = await engine.dispatch({ schedulerId: randomUUID(), parallelism: 10, executors: [{ name: "bullmq", free: null }], limit: 2 });
  attempts = commands.map((command) => command.attemptId);
  await asHost("one", "exchange", { starts: [attempts[0]!], finishes: [], want: 0, queues: null });
});

describe("workers", () => {
  it("are listed with what they serve and run, filtered and ordered", async () => {
    expect(await listed()).toMatchObject([
      {
        host_id: "one",
        executor: "bullmq",
        hostname: "box",
        pid: 7,
        version: "0.1.0",
        slots: 4,
        queues: ["default", "gpu"],
        running: 1,
        state: "running",
        wanted: "run",
      },
      { host_id: "two", queues: null, running: 0 },
    ]);
    const names = async (query: Record<string, string>) => (await listed(query)).map((worker) => worker.name);
    expect(await names({ order_by: "-name" })).toEqual(["two", "one"]);
    expect(await names({ queue: "gpu" })).toEqual(["one", "two"]);
    expect(await names({ queue: "other" })).toEqual(["two"]);
    expect(await names({ state: "drained" })).toEqual([]);
    expect(await names({ executor: "local" })).toEqual([]);
    expect(await names({ limit: "1", offset: "1" })).toEqual(["two"]);
  });

  it("are shown with the tasks that they run", async () => {
    const worker = await get<{ started_at: string; running_tasks: object[] }>("/api/v2/workers/one");
    expect(worker.started_at).toBe("2026-01-01T00:00:00.000Z");
    expect(worker.running_tasks).toMatchObject([
      { dag_id: "work", task_id: "a", map_index: -1, try_number: 1, queue: "gpu", attempt_id: attempts[0] },
    ]);
  });

  it("hear with the answer to a heartbeat that they should drain, and tell how far they are", async () => {
    expect(await beat("two", "running")).not.toHaveProperty("wanted");
    const asked = await server.call("POST", "/api/v2/workers/two/drain", { role: "Op" });
    expect(asked.json()).toMatchObject({ name: "two", state: "running", wanted: "drain" });
    expect(await beat("two", "running")).toMatchObject({ wanted: "drain" });
    await beat("two", "draining");
    expect(await stateOf("two")).toBe("draining");
    await beat("two", "drained");
    expect(await stateOf("two")).toBe("drained");
    // A server that is new to it keeps what people want.
    expect(await register("two", { queues: null })).toMatchObject({ wanted: "drain" });

    expect((await server.call("POST", "/api/v2/workers/two/resume", { role: "Op" })).statusCode).toBe(200);
    expect(await beat("two", "drained")).not.toHaveProperty("wanted");
    await beat("two", "running");
    expect(await listed({ state: "running" })).toHaveLength(2);
    const events = await get<{ event_logs: object[] }>("/api/v2/eventLogs", { event: "drain_worker" });
    expect(events.event_logs).toMatchObject([{ owner: "op", extra: expect.stringContaining('"host_id":"two"') }]);
  });

  it("keep what waits at them from running into its timeout while people drain them", async () => {
    const expiry = async () =>
      (await run<{ at: Date }>(server.database.db, { text: "select expires_at as at from lease where attempt_id = $1", values: [attempts[1]] }))[0]!
        .at;
    await run(server.database.db, { text: "update lease set expires_at = now() + interval '1 second' where attempt_id = $1", values: [attempts[1]] });
    const before = await expiry();
    await beat("two", "running", [attempts[1]!]);
    expect(await expiry()).toEqual(before);
    await server.call("POST", "/api/v2/workers/two/drain");
    await beat("two", "drained", [attempts[1]!]);
    expect((await expiry()).getTime()).toBeGreaterThan(before.getTime() + 60_000);
    await server.call("POST", "/api/v2/workers/two/resume");
    await beat("two", "running");
  });

  it("are offline when they are silent or said farewell, make room for the next of their name, and are forgotten", async () => {
    await register("old", { name: "nightly" });
    await silence("old", 120);
    expect(await stateOf("nightly")).toBe("offline");
    await register("new", { name: "nightly" });
    expect((await listed({ name_pattern: "night" })).map((worker) => worker.host_id)).toEqual(["new"]);
    await beat("new", "stopped");
    expect(await stateOf("new")).toBe("offline");
    await engine.sweep({ limit: 10 });
    expect(await stateOf("new")).toBe("offline");
    await silence("new", 2 * 86_400);
    await engine.sweep({ limit: 10 });
    await asHost("nameless", "hosts", { executor: "local", hostname: "box", pid: 7, version: "0.1.0", slots: 4, queues: null });
    expect(await stateOf("nameless")).toBe("running");
    await beat("nameless", "stopped");
    expect((await server.call("GET", "/api/v2/workers/nameless")).statusCode).toBe(404);
    expect((await server.call("GET", "/api/v2/workers/new")).json()).toMatchObject({
      code: "worker_not_found",
      detail: expect.stringContaining('"new"'),
    });
  });

  it("of one name are told apart by their ids", async () => {
    await register("twin-1", { name: "twin" });
    await register("twin-2", { name: "twin" });
    const answer = await server.call("POST", "/api/v2/workers/twin/drain");
    expect(answer.statusCode).toBe(409);
    expect(answer.json<{ detail: string }>().detail).toMatch(/twin-[12], twin-[12]/);
    expect((await server.call("POST", "/api/v2/workers/twin-2/drain")).json()).toMatchObject({ host_id: "twin-2", wanted: "drain" });
    await beat("twin-1", "stopped");
    expect((await server.call("POST", "/api/v2/workers/twin/resume")).json()).toMatchObject({ host_id: "twin-2", wanted: "run" });
    await beat("twin-2", "stopped");
  });

  it("are drained by operators only", async () => {
    const statuses = await Promise.all(
      (["Viewer", "User", "Op"] as const).map(async (role) => (await server.call("POST", "/api/v2/workers/one/resume", { role })).statusCode),
    );
    expect(statuses).toEqual([403, 403, 200]);
  });
});

describe("queues", () => {
  it("tell what waits, what runs and who could take it", async () => {
    expect(await get("/api/v2/queues")).toMatchObject({
      queues: [
        { queue: "default", executor: "bullmq", scheduled: 1, queued: 0, running: 0, depth: 0, workers: 2, slots: 8 },
        { queue: "gpu", executor: "bullmq", scheduled: 1, queued: 1, running: 1, depth: 2, workers: 2, slots: 8 },
      ],
      total_entries: 2,
    });
  });

  it("give a database client the same number by the query that docs/deployment.md has for autoscalers", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/deployment.md"), "utf8");
    const [, query] = /```sql\n(select [^`]*)```/.exec(page)!;
    // Also where the scaler is configured.
    expect(page.split(query!.trim())).toHaveLength(3);
    const ask = async (queue: string) =>
      (await run<{ count: number }>(server.database.db, { text: query!.replace("'default'", `'${queue}'`), values: [] })).map(({ count }) => count);
    expect(await Promise.all(["default", "gpu", "tpu"].map(ask))).toEqual([[0], [2], [0]]);
  });

  it("give an autoscaler one number, also before anybody has used them", async () => {
    expect((await server.call("GET", "/api/v2/queues/gpu", { role: "Viewer" })).json()).toEqual({
      queue: "gpu",
      scheduled: 1,
      queued: 1,
      running: 1,
      depth: 2,
      workers: 2,
      slots: 8,
    });
    expect(await get("/api/v2/queues/gpu", { executor: "local" })).toMatchObject({ depth: 0 });
    expect(await get("/api/v2/queues/tpu")).toMatchObject({ queue: "tpu", depth: 0, workers: 0 });
  });
});
