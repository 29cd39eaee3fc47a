import { compileDag, countUpstreams, TASK_INSTANCE_STATES } from "@tradewind/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dagSpec } from "../../test/fixture.ts";
import { tasksOf } from "../../test/task-lines.ts";
import { recountUpstreams, sameCounts } from "./recount-upstreams.ts";

const graph = compileDag(dagSpec("d", tasksOf(["a", "b", "c < a, b", "d < c"])));

describe("recountUpstreams", () => {
  it("`N counts every expanded instance (a not yet expanded mapped task counts as one)`", () => {
    const counts = recountUpstreams(graph, [
      { taskId: "a", state: "success" },
      { taskId: "b", state: "failed" },
      { taskId: "b", state: "success" },
      { taskId: "b", state: "running" },
      { taskId: "c", state: null },
      { taskId: "d", state: null },
    ]);
    expect(counts.get("c")).toEqual({ total: 4, success: 2, failed: 1, skipped: 0, upstreamFailed: 0, removed: 0 });
    expect(counts.get("d")).toEqual({ total: 1, success: 0, failed: 0, skipped: 0, upstreamFailed: 0, removed: 0 });
    expect(counts.get("a")!.total).toBe(0);
  });

  it("leaves out instances of tasks that are not in the graph, and upstreams without instances", () => {
    const counts = recountUpstreams(graph, [
      { taskId: "gone", state: "success" },
      { taskId: "a", state: "skipped" },
    ]);
    expect(counts.get("c")).toEqual({ total: 1, success: 0, failed: 0, skipped: 1, upstreamFailed: 0, removed: 0 });
    expect(counts.has("gone")).toBe(false);
  });

  it("gives what counting the upstreams of each task one by one gives", () => {
    const states = fc.constantFrom(null, ...TASK_INSTANCE_STATES);
    const instances = fc.array(fc.record({ taskId: fc.constantFrom("a", "b", "c", "d", "gone"), state: states }), { maxLength: 30 });
    fc.assert(
      fc.property(instances, (all) => {
        const counts = recountUpstreams(graph, all);
        for (const node of graph.tasks.values()) {
          const expected = countUpstreams(all.filter((item) => node.upstream.includes(item.taskId)).map((item) => item.state));
          expect(counts.get(node.taskId)).toEqual(expected);
        }
      }),
    );
  });
});

describe("sameCounts", () => {
  it("compares each counter", () => {
    const counts = countUpstreams(["success", "failed", null]);
    expect(sameCounts(counts, { ...counts })).toBe(true);
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) expect(sameCounts(counts, { ...counts, [key]: 9 })).toBe(false);
  });
});
