import { run, seedDag, seedDagRun, seedTaskInstance, seedTry } from "@tradewind/metadata/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { dagSpec, groupSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

const server = useTestServer();

interface Grid {
  tasks: { task_id: string; group_id: string | null; is_mapped: boolean; is_removed: boolean; display_name: string }[];
  groups: { group_id: string; parent_id: string | null }[];
  letters: Record<string, string>;
  runs: { dag_run_id: string; state: string; dag_version: number; states: string; many: [number, [string | null, number][]][] }[];
}

/** What a run did with each of the tasks. */
function statesOf({ letters, tasks, runs }: Grid, index: number): Record<string, unknown> {
  const { states, many } = runs[index]!;
  return Object.fromEntries(
    tasks.map(({ task_id: id }, place) => {
      const letter = states[place]!;
      const counts = Object.fromEntries(many.find(([of]) => of === place)?.[1] ?? []);
      return [id, letter === "*" ? counts : letter === " " ? undefined : letters[letter]];
    }),
  );
}

beforeAll(async () => {
  const { db } = server.database;
  const to = { kind: "xcom" as const, taskId: "start", key: "return_value", path: [] };
  const shared = [taskSpec("each.send", { groupId: "each", upstream: ["start"], displayName: "Send it", inputs: { rows: to } }), taskSpec("start")];
  const tasks = [taskSpec("end", { upstream: ["each.send"], triggerRule: "all_done", kind: "branch" }), ...shared];
  const before = [taskSpec("old.gone", { groupId: "old", displayName: "Not any more" }), ...shared];
  const mapping = { kind: "expand" as const, order: ["to"], inputs: { to: { kind: "value" as const, value: [1, 2, 3] } } };
  const each = groupSpec("each", { mapping });
  const seedSales = async (latest: boolean) =>
    seedDag(db, { spec: dagSpec("sales", latest ? { tasks, groups: [each] } : { tasks: before, groups: [each, groupSpec("old")] }) });
  await seedSales(false);
  await seedDag(db, { spec: dagSpec("stock", { tasks: [taskSpec("only")] }) });
  for (const hour of [1, 2, 3]) {
    const runAfter = new Date(Date.UTC(2026, 0, 1, hour));
    const dagRunId = await seedDagRun(db, { dagId: "sales", runId: `r${hour}`, state: hour === 3 ? "running" : "success", runAfter });
    await seedTaskInstance(db, { dagRunId, taskId: "start", state: "success" });
    for (const mapIndex of [0, 1, 2]) {
      await seedTaskInstance(db, { dagRunId, taskId: "each.send", mapIndex, state: mapIndex === 2 ? "failed" : "success" });
    }
    await seedTaskInstance(db, { dagRunId, taskId: hour === 1 ? "old.gone" : "end", state: null });
    if (hour === 1) await seedSales(true);
  }
});

describe("GET /ui/latest_runs", () => {
  it("gives each DAG its latest runs, newest first, and none to one that has none or is not there", async () => {
    const answer = await server.call("GET", "/ui/latest_runs", { role: "Viewer", query: { dag_id: ["stock", "sales", "shop"], limit: "2" } });
    expect(answer.statusCode).toBe(200);
    const { dags } = answer.json<{ dags: { dag_id: string; runs: { dag_run_id: string }[] }[] }>();
    expect(dags.map(({ dag_id: id, runs }) => [id, runs.map(({ dag_run_id: id }) => id)])).toEqual([
      ["stock", []],
      ["sales", ["r3", "r2"]],
      ["shop", []],
    ]);
  });
});

describe("GET /ui/grid/{dag_id}", () => {
  it("gives tasks with upstreams first, and for each run how many instances of a task are in which state", async () => {
    const grid = (await server.call("GET", "/ui/grid/sales", { role: "Viewer", query: { limit: "2" } })).json<Grid>();
    expect(grid.tasks.map(({ task_id: id, is_mapped: isMapped }) => [id, isMapped])).toEqual([
      ["start", false],
      ["each.send", true],
      ["end", false],
    ]);
    expect(grid.tasks[1]).toMatchObject({ display_name: "Send it", group_id: "each" });
    expect(grid.groups).toMatchObject([{ group_id: "each", parent_id: null, is_mapped: true, max_iterations: null }]);
    expect(grid.runs.map(({ dag_run_id: id }) => id)).toEqual(["r3", "r2"]);
    expect(statesOf(grid, 0)).toEqual({ start: "success", "each.send": { failed: 1, success: 2 }, end: "none" });
  });

  it("shows what ran of a task that is not in the DAG any more, where the version of the run has it", async () => {
    const query = { run_after_lte: "2026-01-01T01:00:00Z" };
    const grid = (await server.call("GET", "/ui/grid/sales", { query })).json<Grid>();
    expect(grid.runs.map(({ dag_run_id: id, dag_version: version }) => [id, version])).toEqual([["r1", 1]]);
    expect(grid.tasks.find(({ task_id: id }) => id === "old.gone")).toMatchObject({
      is_removed: true,
      group_id: "old",
      display_name: "Not any more",
    });
    expect(grid.groups.map(({ group_id: id }) => id)).toEqual(["each", "old"]);
    expect(statesOf(grid, 0)).toMatchObject({ "old.gone": "none", "each.send": { failed: 1, success: 2 } });
    expect(statesOf(grid, 0)["end"]).toBeUndefined();
  });

  it("takes only runs of a state or type, so many", async () => {
    const ids = async (query: Record<string, string | string[]>) =>
      (await server.call("GET", "/ui/grid/sales", { query })).json<Grid>().runs.map(({ dag_run_id: id }) => id);
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

describe("GET /ui/graph/{dag_id}", () => {
  interface Graph {
    version_number: number;
    tasks: { task_id: string; upstream: unknown[]; trigger_rule: string; kind: string }[];
    groups: unknown[];
  }

  it("gives the tasks of the latest version, what each waits for, and which inputs come from there", async () => {
    const graph = (await server.call("GET", "/ui/graph/sales", { role: "Viewer" })).json<Graph>();
    expect(graph.version_number).toBe(2);
    expect(graph.tasks).toMatchObject([
      { task_id: "start", upstream: [] },
      { task_id: "each.send", upstream: [{ task_id: "start", inputs: ["rows"] }], is_mapped: true },
      { task_id: "end", upstream: [{ task_id: "each.send", inputs: [] }], trigger_rule: "all_done", kind: "branch" },
    ]);
  });

  it("gives those of the version that is asked for", async () => {
    const graph = (await server.call("GET", "/ui/graph/sales", { query: { version_number: "1" } })).json<Graph>();
    expect(graph.tasks.map(({ task_id: id }) => id)).toContain("old.gone");
    expect((await server.call("GET", "/ui/graph/sales", { query: { version_number: "7" } })).statusCode).toBe(404);
    expect((await server.call("GET", "/ui/graph/shop")).statusCode).toBe(404);
  });
});

describe("GET /ui/gantt/{dag_id}/{dag_run_id}", () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 2, 0, 0, second));

  beforeAll(async () => {
    const { db } = server.database;
    const dagRunId = await seedDagRun(db, { dagId: "sales", runId: "timed", state: "running", runAfter: at(0) });
    const start = { dagRunId, taskId: "start", state: "success" as const, tryNumber: 2, startDate: at(10), endDate: at(15) };
    const taskInstanceId = await seedTaskInstance(db, start);
    await seedTry(db, { taskInstanceId, tryNumber: 1, state: "failed" });
    for (const mapIndex of [0, 1]) {
      const isOver = mapIndex === 0;
      const times = { startDate: at(20 + mapIndex), endDate: isOver ? at(30) : null };
      await seedTaskInstance(db, { dagRunId, taskId: "each.send", mapIndex, state: isOver ? "success" : "running", tryNumber: 1, ...times });
    }
  });

  it("gives the tries of each task in order, and of a mapped task one span that has no end while an instance runs", async () => {
    const answer = await server.call("GET", "/ui/gantt/sales/timed", { role: "Viewer" });
    const { tasks } = answer.json<{ tasks: { task_id: string; tries: object[] }[] }>();
    expect(tasks.find(({ task_id: id }) => id === "start")).toMatchObject({
      instances: 1,
      tries: [
        { try_number: 1, state: "failed" },
        { try_number: 2, state: "success", start_date: at(10).toISOString(), end_date: at(15).toISOString() },
      ],
    });
    const send = tasks.find(({ task_id: id }) => id === "each.send")!;
    expect(send).toMatchObject({ instances: 2 });
    expect(send.tries).toHaveLength(1);
    expect(send.tries[0]).toMatchObject({ start_date: at(20).toISOString(), end_date: null });
  });

  it("is for whoever may see task instances, of a run that is there", async () => {
    expect((await server.call("GET", "/ui/gantt/sales/timed", { role: "Public" })).statusCode).toBe(403);
    expect((await server.call("GET", "/ui/gantt/sales/never")).statusCode).toBe(404);
  });
});

describe("GET /ui/dag_facts/{dag_id}", () => {
  interface Facts {
    pools: unknown[];
    next_runs: { run_after: string }[];
  }

  it("gives the runs that the schedule asks for next, and what the tasks have in common", async () => {
    const { db } = server.database;
    const schedule = { kind: "cron_trigger" as const, crons: ["0 6 * * *"], timezone: "Europe/Madrid", intervalMs: 0, runImmediately: false };
    const tasks = [taskSpec("a", { pool: "p" }), taskSpec("b", { retries: 2 })];
    await seedDag(db, { spec: dagSpec("daily", { schedule, tasks }) });
    // The change of clocks is between the second and the third.
    const text = "update dag set timetable_periodic = true, next_logical_date = $1, next_run_at = $1 where dag_id = 'daily'";
    await run(db, { text, values: ["2026-03-27T05:00:00Z"] });
    const facts = (await server.call("GET", "/ui/dag_facts/daily", { role: "Viewer" })).json<Facts>();
    expect(facts).toMatchObject({ tasks: 2, groups: 0, retries: [0, 2], operators: [{ name: "task", tasks: 2 }] });
    expect(facts.pools).toContainEqual({ name: "p", tasks: 1 });
    expect(facts.next_runs.slice(0, 3).map((next) => next.run_after)).toEqual([
      "2026-03-27T05:00:00.000Z",
      "2026-03-28T05:00:00.000Z",
      "2026-03-29T04:00:00.000Z",
    ]);
    expect((await server.call("GET", "/ui/dag_facts/shop")).statusCode).toBe(404);
  });
});
