import type { TimetableSpec } from "@tradewind/core";
import { seedDag, seedDagRun, seedTaskInstance } from "@tradewind/metadata/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { dagSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

const server = useTestServer();

beforeAll(async () => {
  const { db } = server.database;
  const tasks = [
    taskSpec("extract"),
    taskSpec("load", { upstream: ["extract"], displayName: "Load it" }),
    taskSpec("report", { upstream: ["load"] }),
  ];
  const schedule: TimetableSpec = { kind: "cron_trigger", crons: ["0 6 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: false };
  await seedDag(db, { spec: dagSpec("sales", { tasks, schedule, startDate: "2026-01-01T00:00:00.000Z" }) });
  await seedDag(db, { spec: dagSpec("resting", { tasks: [], schedule, startDate: "2026-01-01T00:00:00.000Z" }), isPaused: true });
  for (const hour of [1, 2, 30]) {
    const runAfter = new Date(Date.UTC(2026, 0, 1, hour));
    const dagRunId = await seedDagRun(db, { dagId: "sales", runId: `r${hour}`, state: hour === 2 ? "failed" : "success", runAfter });
    const startDate = runAfter;
    const ended = (seconds: number) => ({ startDate, endDate: new Date(runAfter.getTime() + seconds * 1000), duration: seconds });
    await seedTaskInstance(db, { dagRunId, taskId: "extract", state: "success", ...ended(hour) });
    for (const mapIndex of [0, 1]) {
      await seedTaskInstance(db, {
        dagRunId,
        taskId: "load",
        mapIndex,
        state: hour === 2 && mapIndex === 1 ? "failed" : "success",
        ...ended(10 + mapIndex),
      });
    }
    await seedTaskInstance(db, { dagRunId, taskId: "report", state: null });
  }
});

const get = async <T>(path: string, query: Record<string, string> = {}): Promise<T> => {
  const answer = await server.call("GET", path, { role: "Viewer", query });
  expect({ status: answer.statusCode, body: answer.statusCode === 200 ? "" : answer.body }).toEqual({ status: 200, body: "" });
  return answer.json<T>();
};

describe("GET /ui/calendar/{dag_id}", () => {
  interface Calendar {
    cells: { starts_at: string; runs: Record<string, number>; planned: number }[];
  }

  it("counts runs by day on the wall clock of a zone", async () => {
    const window = { from: "2025-12-01T00:00:00Z", to: "2026-02-01T00:00:00Z" };
    expect((await get<Calendar>("/ui/calendar/sales", window)).cells.map((cell) => [cell.starts_at, cell.runs])).toEqual([
      ["2026-01-01T00:00", { failed: 1, success: 1 }],
      ["2026-01-02T00:00", { success: 1 }],
    ]);
    const inNewYork = await get<Calendar>("/ui/calendar/sales", { ...window, unit: "hour", zone: "America/New_York" });
    expect(inNewYork.cells.map((cell) => cell.starts_at)).toEqual(["2025-12-31T20:00", "2025-12-31T21:00", "2026-01-02T01:00"]);
  });

  it("tells what the schedule plans, unless the DAG is paused", async () => {
    const from = new Date();
    const to = new Date(from.getTime() + 10 * 86_400_000);
    const window = { from: from.toISOString(), to: to.toISOString() };
    const planned = async (dagId: string): Promise<number> =>
      (await get<Calendar>(`/ui/calendar/${dagId}`, window)).cells.reduce((sum, cell) => sum + cell.planned, 0);
    expect([await planned("sales"), await planned("resting")]).toEqual([10, 0]);
  });

  it("refuses a zone that is none, and a DAG that is not there", async () => {
    const window = { from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" };
    expect((await server.call("GET", "/ui/calendar/sales", { query: { ...window, zone: "Europe/Nowhere" } })).statusCode).toBe(422);
    expect((await server.call("GET", "/ui/calendar/shop", { query: window })).statusCode).toBe(404);
  });
});

describe("GET /ui/durations", () => {
  it("gives each task's usual and longest time over the latest runs", async () => {
    const { tasks } = await get<{ tasks: Record<string, unknown>[] }>("/ui/durations/sales", { runs: "3" });
    expect(tasks).toMatchObject([
      { task_id: "load", instances: 6, failed: 1, median_seconds: 10.5, longest_seconds: 11, total_seconds: 63 },
      { task_id: "extract", instances: 3, failed: 0, median_seconds: 2, longest_seconds: 30, total_seconds: 33 },
    ]);
    const latest = await get<{ tasks: Record<string, unknown>[] }>("/ui/durations/sales", { runs: "1" });
    expect(latest.tasks.map((task) => [task["task_id"], task["instances"]])).toEqual([
      ["extract", 1],
      ["load", 2],
    ]);
  });

  it("gives the times of runs, newest first", async () => {
    const { runs } = await get<{ runs: Record<string, unknown>[] }>("/ui/run_times/sales", { runs: "2" });
    expect(runs).toMatchObject([
      { dag_run_id: "r30", state: "success", run_after: "2026-01-02T06:00:00.000Z" },
      { dag_run_id: "r2", state: "failed" },
    ]);
    expect((await server.call("GET", "/ui/run_times/sales", { query: { runs: "501" } })).statusCode).toBe(422);
  });

  it("gives a task by its runs, newest first", async () => {
    const { runs } = await get<{ runs: Record<string, unknown>[] }>("/ui/durations/sales/load");
    expect(runs.map((run) => [run["dag_run_id"], run["state"], run["instances"], run["seconds"]])).toEqual([
      ["r30", "success", 2, 11],
      ["r2", "failed", 2, 11],
      ["r1", "success", 2, 11],
    ]);
  });
});

describe("GET /ui/versions", () => {
  it("says which runs are of a version, and what it is", async () => {
    const { versions } = await get<{ versions: Record<string, unknown>[] }>("/ui/versions/sales");
    expect(versions).toMatchObject([{ version_number: 1, runs: 3, last_run_id: "r30", first_run_after: "2026-01-01T01:00:00.000Z" }]);
    const version = await get<{ spec: { tasks: { taskId: string }[] } }>("/ui/versions/sales/1");
    expect(version.spec.tasks.map(({ taskId }) => taskId)).toEqual(["extract", "load", "report"]);
    expect((await server.call("GET", "/ui/versions/sales/7")).statusCode).toBe(404);
  });
});

describe("GET /ui/task/{dag_id}/{dag_run_id}/{task_id}", () => {
  it("gives what is around a task, and what its version says about it", async () => {
    const around = await get<Record<string, unknown>>("/ui/task/sales/r2/load");
    expect(around).toMatchObject({
      version_number: 1,
      states: [
        ["failed", 1],
        ["success", 1],
      ],
      upstream: [{ task_id: "extract", display_name: "extract", states: [["success", 1]] }],
      downstream: [{ task_id: "report", states: [[null, 1]] }],
      spec: { taskId: "load", displayName: "Load it" },
    });
    expect(await get("/ui/task/sales/r2/gone")).toMatchObject({ upstream: [], downstream: [], spec: null });
    expect((await server.call("GET", "/ui/task/sales/r9/load")).statusCode).toBe(404);
  });
});
