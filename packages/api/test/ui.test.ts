import { seedDag, seedDagRun, seedTaskInstance } from "@tradewind/metadata/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { dagSpec, groupSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

const server = useTestServer();

interface Grid {
  tasks: { task_id: string; group_id: string | null; is_mapped: boolean; display_name: string }[];
  groups: { group_id: string; parent_id: string | null }[];
  runs: { dag_run_id: string; state: string; cells: [string, string | null, number][] }[];
}

beforeAll(async () => {
  const { db } = server.database;
  const tasks = [
    taskSpec("end", { upstream: ["each.send"] }),
    taskSpec("each.send", { groupId: "each", upstream: ["start"], displayName: "Send it" }),
    taskSpec("start"),
  ];
  const mapping = { kind: "expand" as const, order: ["to"], inputs: { to: { kind: "value" as const, value: [1, 2, 3] } } };
  await seedDag(db, { spec: dagSpec("sales", { tasks, groups: [groupSpec("each", { mapping })] }) });
  await seedDag(db, { spec: dagSpec("stock", { tasks: [taskSpec("only")] }) });
  for (const hour of [1, 2, 3]) {
    const runAfter = new Date(Date.UTC(2026, 0, 1, hour));
    const dagRunId = await seedDagRun(db, { dagId: "sales", runId: `r${hour}`, state: hour === 3 ? "running" : "success", runAfter });
    await seedTaskInstance(db, { dagRunId, taskId: "start", state: "success" });
    for (const mapIndex of [0, 1, 2]) {
      await seedTaskInstance(db, { dagRunId, taskId: "each.send", mapIndex, state: mapIndex === 2 ? "failed" : "success" });
    }
    await seedTaskInstance(db, { dagRunId, taskId: hour === 1 ? "gone" : "end", state: null });
  }
});

describe("GET /ui/latest_runs", () => {
  it("gives each DAG its latest runs, newest first, and none to one that has none or is not there", async () => {
    const answer = await server.call("GET", "/ui/latest_runs", { role: "Viewer", query: { dag_id: ["stock", "sales", "shop"], limit: "2" } });
    expect(answer.statusCode).toBe(200);
    const { dags } = answer.json<{ dags: { dag_id: string; runs: { dag_run_id: string }[] }[] }>();
    expect(dags.map(({ dag_id: id, runs }) => [id, runs.map((run) => run.dag_run_id)])).toEqual([
      ["stock", []],
      ["sales", ["r3", "r2"]],
      ["shop", []],
    ]);
  });
});

describe("GET /ui/grid/{dag_id}", () => {
  it("gives tasks with upstreams first, and for each run how many instances of a task are in which state", async () => {
    const grid = (await server.call("GET", "/ui/grid/sales", { role: "Viewer" })).json<Grid>();
    expect(grid.tasks.map(({ task_id: id, is_mapped: isMapped }) => [id, isMapped])).toEqual([
      ["start", false],
      ["each.send", true],
      ["end", false],
    ]);
    expect(grid.tasks[1]).toMatchObject({ display_name: "Send it", group_id: "each" });
    expect(grid.groups).toEqual([{ group_id: "each", display_name: "each", parent_id: null, tooltip: "" }]);
    expect(grid.runs.map(({ dag_run_id: id }) => id)).toEqual(["r3", "r2", "r1"]);
    expect(grid.runs[0]!.cells.toSorted(([a, stateA], [b, stateB]) => `${a} ${stateA ?? ""}`.localeCompare(`${b} ${stateB ?? ""}`))).toEqual([
      ["each.send", "failed", 1],
      ["each.send", "success", 2],
      ["end", null, 1],
      ["start", "success", 1],
    ]);
  });

  it("shows what ran of a task that is not in the DAG any more", async () => {
    const grid = (await server.call("GET", "/ui/grid/sales", { query: { run_after_lte: "2026-01-01T01:00:00Z" } })).json<Grid>();
    expect(grid.runs.map(({ dag_run_id: id }) => id)).toEqual(["r1"]);
    expect(grid.runs[0]!.cells).toContainEqual(["gone", null, 1]);
  });

  it("takes only runs of a state or type, so many", async () => {
    const ids = async (query: Record<string, string | string[]>) =>
      (await server.call("GET", "/ui/grid/sales", { query })).json<Grid>().runs.map((run) => run.dag_run_id);
    expect(await ids({ state: ["success"] })).toEqual(["r2", "r1"]);
    expect(await ids({ run_type: "manual", limit: "1" })).toHaveLength(1);
    expect(await ids({ run_type: "backfill" })).toEqual([]);
    expect((await server.call("GET", "/ui/grid/sales", { query: { state: "strange" } })).statusCode).toBe(422);
  });

  it("is for whoever may see task instances", async () => {
    expect((await server.call("GET", "/ui/grid/sales", { role: "Public" })).statusCode).toBe(403);
    expect((await server.call("GET", "/ui/grid/sales", { role: null })).statusCode).toBe(401);
    expect((await server.call("GET", "/ui/grid/shop")).statusCode).toBe(404);
  });
});
