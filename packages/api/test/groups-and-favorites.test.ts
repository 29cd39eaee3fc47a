import { createEngine, type Engine } from "@tradewind/engine";
import { createFernet, generateFernetKey } from "@tradewind/metadata";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dagSpec, groupSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

let engine: Engine;
const server = useTestServer({
  makeEngine: (database, tokens) =>
    (engine = createEngine({
      db: database.db,
      hot: database.hot,
      fernet: createFernet(generateFernetKey()),
      issueAttemptToken: ({ attemptId, ttlMs }) => tokens.issue("attempt", attemptId, ttlMs),
      defaultExecutor: "local",
      dagsArePausedAtCreation: false,
      listens: false,
    })),
});

beforeAll(async () => {
  const tasks = [
    taskSpec("extract"),
    taskSpec("load.orders", { upstream: ["extract"], groupId: "load" }),
    taskSpec("load.checks.sums", { upstream: ["load.orders"], groupId: "load.checks" }),
    taskSpec("report", { upstream: ["load.checks.sums"] }),
  ];
  const spec = dagSpec("sales", { tasks, groups: [groupSpec("load"), groupSpec("load.checks", { parentId: "load" })] });
  await engine.recordDagFile({
    bundleName: "dags",
    relativePath: "sales.ts",
    fingerprint: null,
    parseDurationMs: 1,
    resolveFrom: [],
    result: {
      ok: true,
      bundle: { sha256: "0".repeat(64), code: "export {};" },
      source: "// source\n",
      dags: [{ dagId: "sales", exportName: "dag", spec, specJson: JSON.stringify(spec), specSha256: "1".repeat(64) }],
    },
  });
});

afterAll(() => engine.close());

const DAG = "/api/v2/dags/sales";
const RUNS = `${DAG}/dagRuns`;

interface Instances {
  task_instances: { task_id: string; state: string | null; note: string | null }[];
  total_entries: number;
}

async function makeRun(runId: string): Promise<void> {
  await server.call("POST", RUNS, { body: { logical_date: null, dag_run_id: runId } });
  await engine.startQueuedRuns({ limit: 10 });
}

async function states(runId: string): Promise<Record<string, string | null>> {
  const { task_instances } = (await server.call("GET", `${RUNS}/${runId}/taskInstances`)).json<Instances>();
  return Object.fromEntries(task_instances.map(({ task_id, state }) => [task_id, state]));
}

describe("PATCH taskGroupInstances", () => {
  it("sets the state of all tasks in a group and in the groups inside it, at once", async () => {
    await makeRun("grouped");
    const planned = await server.call("PATCH", `${RUNS}/grouped/taskGroupInstances/load/dry_run`, { body: { new_state: "success" } });
    expect(
      planned
        .json<Instances>()
        .task_instances.map(({ task_id }) => task_id)
        .sort(),
    ).toEqual(["load.checks.sums", "load.orders"]);
    expect(await states("grouped")).toMatchObject({ "load.orders": null });

    const marked = await server.call("PATCH", `${RUNS}/grouped/taskGroupInstances/load`, { body: { new_state: "success", note: "by hand" } });
    expect(marked.statusCode).toBe(200);
    expect(marked.json<Instances>().task_instances.map(({ state, note }) => [state, note])).toEqual([
      ["success", "by hand"],
      ["success", "by hand"],
    ]);
    expect(await states("grouped")).toMatchObject({ "load.orders": "success", "load.checks.sums": "success", report: "scheduled" });
  });

  it("knows groups only by their ids", async () => {
    await makeRun("none");
    const answer = await server.call("PATCH", `${RUNS}/none/taskGroupInstances/extract`, { body: { new_state: "success" } });
    expect({ status: answer.statusCode, ...answer.json<object>() }).toMatchObject({ status: 404, code: "task_not_found" });
  });
});

describe("dependencies", () => {
  const dependencies = async (runId: string, taskId: string) =>
    (await server.call("GET", `${RUNS}/${runId}/taskInstances/${taskId}/dependencies`)).json<{ dependencies: { name: string; reason: string }[] }>()
      .dependencies;

  it("says what keeps a task instance that has not begun, and nothing of one that has ended", async () => {
    await makeRun("waiting");
    expect(await dependencies("waiting", "report")).toEqual([{ name: "upstreams", reason: expect.stringContaining("load.checks.sums") as string }]);
    await server.call("PATCH", `${RUNS}/waiting/taskInstances/report`, { body: { new_state: "skipped" } });
    expect(await dependencies("waiting", "report")).toEqual([]);
  });
});

describe("POST clearDagRuns", () => {
  it("plans by default; then clears what failed in each run", async () => {
    for (const runId of ["one", "two"]) {
      await makeRun(runId);
      await server.call("PATCH", `${RUNS}/${runId}`, { body: { state: "failed" } });
    }
    const dag_runs = [{ dag_run_id: "one" }, { dag_run_id: "two" }];
    const planned = await server.call("POST", `${DAG}/clearDagRuns`, { body: { dag_runs } });
    expect(planned.json<Instances>().total_entries).toBeGreaterThanOrEqual(2);
    expect((await server.call("GET", `${RUNS}/one`)).json<{ state: string }>().state).toBe("failed");

    const cleared = await server.call("POST", `${DAG}/clearDagRuns`, { body: { dag_runs, dry_run: false } });
    const { dag_runs: runs } = cleared.json<{ dag_runs: { dag_run_id: string; state: string }[] }>();
    expect(runs.map(({ dag_run_id, state }) => [dag_run_id, state])).toEqual([
      ["one", "queued"],
      ["two", "queued"],
    ]);
  });

  it.each([
    ["/api/v2/dags/sales/clearDagRuns", {}, 400],
    ["/api/v2/dags/~/clearDagRuns", { dag_runs: [{ dag_run_id: "one" }] }, 400],
    ["/api/v2/dags/sales/clearDagRuns", { dag_runs: [{ dag_run_id: "nothing" }] }, 404],
    ["/api/v2/dags/sales/clearDagRuns", { dag_runs: [{ dag_run_id: 7 }] }, 422],
  ])("%s refuses %j", async (path, body, status) => {
    expect((await server.call("POST", path, { body })).statusCode).toBe(status);
  });
});

describe("favorites", () => {
  it("are each user's own", async () => {
    const marked = async (role: "Admin" | "Viewer"): Promise<number> =>
      (await server.call("GET", "/api/v2/dags", { role, query: { is_favorite: "true" } })).json<{ total_entries: number }>().total_entries;
    expect((await server.call("POST", `${DAG}/favorite`, { role: "Viewer" })).statusCode).toBe(204);
    expect((await server.call("POST", `${DAG}/favorite`, { role: "Viewer" })).statusCode).toBe(204);
    expect([await marked("Viewer"), await marked("Admin")]).toEqual([1, 0]);
    expect((await server.call("GET", `${DAG}/details`, { role: "Viewer" })).json()).toMatchObject({ is_favorite: true });
    expect((await server.call("POST", `${DAG}/unfavorite`, { role: "Viewer" })).statusCode).toBe(204);
    expect((await server.call("POST", `${DAG}/unfavorite`, { role: "Viewer" })).statusCode).toBe(409);
    expect((await server.call("POST", "/api/v2/dags/nothing/favorite")).statusCode).toBe(404);
  });
});
