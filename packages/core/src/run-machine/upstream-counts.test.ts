import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dagSpec, groupSpec, taskSpec } from "../plain-spec.ts";
import { tasks } from "../../test/dag-spec-factory.ts";
import { compileDag } from "../dag-graph.ts";
import type { MappingSpec } from "../dag-spec.ts";
import { type MaybeState } from "../state-transitions.ts";
import { TASK_INSTANCE_STATES } from "../states.ts";
import { countUpstreams } from "../trigger-rule.ts";
import { recountUpstreams, sameCounts } from "./upstream-counts.ts";

const graph = compileDag(dagSpec({ tasks: tasks("a", "b", "c < a, b", "d < c") }));

const instance = (taskId: string, state: MaybeState, mapIndex = -1) => ({ taskId, mapIndex, state });

describe("recountUpstreams", () => {
  it("`N counts every expanded instance (a not yet expanded mapped task counts as one)`", () => {
    const c = instance("c", null);
    const d = instance("d", null);
    const a = instance("a", "success");
    const counts = recountUpstreams(graph, [a, instance("b", "failed", 0), instance("b", "success", 1), instance("b", "running", 2), c, d]);
    expect(counts.get(c)).toEqual({ total: 4, success: 2, failed: 1, skipped: 0, upstreamFailed: 0, removed: 0 });
    expect(counts.get(d)).toEqual({ total: 1, success: 0, failed: 0, skipped: 0, upstreamFailed: 0, removed: 0 });
    expect(counts.get(a)!.total).toBe(0);
  });

  it("leaves out instances of tasks that are not in the graph, and upstreams without instances", () => {
    const gone = instance("gone", "success");
    const c = instance("c", null);
    const counts = recountUpstreams(graph, [gone, instance("a", "skipped"), c]);
    expect(counts.get(c)).toEqual({ total: 1, success: 0, failed: 0, skipped: 1, upstreamFailed: 0, removed: 0 });
    expect(counts.has(gone)).toBe(false);
  });

  it("`mapped TG: instance i depends only on instance i of its group siblings; a task outside sees the whole list`", () => {
    const mapping: MappingSpec = { kind: "expand", order: ["x"], inputs: { x: { kind: "value", value: [1, 2] } } };
    const mapped = compileDag(
      dagSpec({
        groups: [groupSpec("g", { mapping })],
        tasks: [
          taskSpec("one", { groupId: "g" }),
          taskSpec("two", { groupId: "g", upstream: ["one"], triggerRule: "one_success" }),
          taskSpec("out", { upstream: ["two"] }),
        ],
      }),
    );
    const second = instance("two", "failed", 1);
    const out = instance("out", null);
    const counts = recountUpstreams(mapped, [instance("one", "failed", 0), instance("one", "success", 1), instance("two", null, 0), second, out]);
    expect(counts.get(second)).toMatchObject({ total: 1, success: 1, failed: 0 });
    expect(counts.get(out)).toMatchObject({ total: 2, failed: 1 });
  });

  it("gives what counting the upstreams of each task one by one gives", () => {
    const states = fc.constantFrom(null, ...TASK_INSTANCE_STATES);
    const instances = fc.array(
      fc.record({ taskId: fc.constantFrom("a", "b", "c", "d", "gone"), state: states, mapIndex: fc.integer({ min: -1, max: 3 }) }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(instances, (all) => {
        for (const [one, counts] of recountUpstreams(graph, all)) {
          const { upstream } = graph.tasks.get(one.taskId)!;
          expect(counts).toEqual(countUpstreams(all.filter((item) => upstream.includes(item.taskId)).map((item) => item.state)));
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
