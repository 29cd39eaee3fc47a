import { describe, expect, it } from "vitest";
import type { Home } from "../api/home.ts";
import { listAttention } from "./attention.ts";
import { placeBars, sumBars } from "./throughput.ts";

const at = "2026-11-21T08:00:00.000Z";
const none = { total: 0, items: [] };
const well: Home = {
  now: at,
  components: [{ id: "scheduler", status: "healthy", detail: "alive", last_heartbeat: at }],
  counts: { running_runs: 0, queued_runs: 0, running_tasks: 0, queued_tasks: 0, scheduled_tasks: 0, active_dags: 1, paused_dags: 0 },
  ...{ failing: none, late: none, stuck: none, import_errors: none, paused_by_failures: none },
  ...{ running: [], recent: [], pools: [] },
  throughput: { since: at, span_seconds: 1800, spans: 4, bars: [{ place: 1, success: 3, failed: 1, running: 0 }] },
};

const failed = (dagId: string) => ({
  ...{ dag_id: dagId, dag_run_id: "r1", end_date: at, failures: 3, task_id: "load", map_index: 2 },
  reason: "connection refused\n  at load.ts:3",
});

describe("what needs attention", () => {
  it("is nothing on a good day", () => {
    expect(listAttention(well)).toEqual({ items: [], more: [], total: 0 });
  });

  it("names the task that failed, and the first line of why", () => {
    const { items } = listAttention({ ...well, failing: { total: 1, items: [failed("sales")] } });
    expect(items).toMatchObject([
      {
        title: "sales failed",
        detail: "Failed 3 times in 24 hours. load [2]: connection refused",
        dagId: "sales",
        runId: "r1",
        taskId: "load",
        mapIndex: 2,
      },
    ]);
  });

  it("tells of a DAG that was paused because it fails once, and counts what is not shown", () => {
    const { items, more, total } = listAttention({
      ...well,
      failing: { total: 9, items: [failed("sales"), failed("stock")] },
      paused_by_failures: { total: 1, items: [{ dag_id: "sales", at, reason: "the last 3 runs failed" }] },
    });
    expect(items.map(({ kind, title, detail }) => [kind, title, detail])).toEqual([
      ["failing", "stock failed", "Failed 3 times in 24 hours. load [2]: connection refused"],
      ["paused", "sales was paused by the scheduler", "The last 3 runs failed."],
    ]);
    expect(more).toEqual([{ kind: "failing", count: 7 }]);
    expect(total).toBe(9);
  });

  it("has parts that are not well before everything else", () => {
    const components: Home["components"] = [{ id: "scheduler", status: "unhealthy", detail: "silent", last_heartbeat: at }];
    const { items } = listAttention({ ...well, components, late: { total: 1, items: [{ dag_id: "sales", next_run_at: at, is_blocked: true }] } });
    expect(items.map(({ title }) => title)).toEqual(["Scheduler is not healthy", "sales is late"]);
  });
});

describe("runs by time", () => {
  it("has a bar for every span, with the instants between which it lies", () => {
    const bars = placeBars(well.throughput);
    expect(bars.map(({ total }) => total)).toEqual([0, 4, 0, 0]);
    expect(bars[1]).toMatchObject({ from: "2026-11-21T08:30:00.000Z", to: "2026-11-21T09:00:00.000Z", success: 3, failed: 1 });
    expect(sumBars(bars)).toEqual({ success: 3, failed: 1, running: 0, total: 4 });
  });
});
