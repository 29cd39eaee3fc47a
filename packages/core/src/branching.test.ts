import { describe, expect, it } from "vitest";
import { dagSpec, groupSpec, taskSpec, tasks } from "../test/dag-spec-factory.ts";
import { planBranch, planShortCircuit } from "./branching.ts";
import { compileDag } from "./dag-graph.ts";
import type { Json } from "./dag-spec.ts";
import { hasErrorCode } from "./errors.ts";

describe("planBranch", () => {
  const graph = compileDag(
    dagSpec({
      groups: [groupSpec("g"), groupSpec("g.inner", "g"), groupSpec("far")],
      tasks: [
        taskSpec("pick", { kind: "branch" }),
        ...tasks("a < pick", "b < pick", "join < a, pick", "after < b"),
        taskSpec("g.x", { groupId: "g", upstream: ["pick"] }),
        taskSpec("g.inner.y", { groupId: "g.inner", upstream: ["pick"] }),
        taskSpec("g.z", { groupId: "g", upstream: ["g.x"] }),
        taskSpec("far.w", { groupId: "far", upstream: ["after"] }),
      ],
    }),
  );

  it.each<[Json | undefined, string[], string[]]>([
    ["b", ["b"], ["a", "join", "g.x", "g.inner.y"]],
    [
      ["a", "b"],
      ["a", "b", "join"],
      ["g.x", "g.inner.y"],
    ],
    ["g", ["g.x", "g.inner.y"], ["a", "b", "join"]],
    ["g.inner", ["g.inner.y"], ["a", "b", "join", "g.x"]],
    [
      ["g", "b"],
      ["b", "g.x", "g.inner.y"],
      ["a", "join"],
    ],
    [null, [], ["a", "b", "join", "g.x", "g.inner.y"]],
    [undefined, [], ["a", "b", "join", "g.x", "g.inner.y"]],
    [[], [], ["a", "b", "join", "g.x", "g.inner.y"]],
  ])("%o follows %o and skips %o", (result, follow, skip) => {
    expect(planBranch(graph, "pick", result)).toEqual({ follow, skip });
  });

  it("a child below a followed one is followed, also when it is not named", () => {
    expect(planBranch(graph, "pick", "a")).toEqual({ follow: ["a", "join"], skip: ["b", "g.x", "g.inner.y"] });
  });

  it.each<[Json, string]>([
    [7, "returned 7, which is no id."],
    [true, "returned true, which is no id."],
    [["a", { id: "b" }], 'returned {"id":"b"}, which is no id.'],
    ["jion", 'returned "jion", which is not in the DAG; did you mean "join"? It may return "a", "b", "join", "g.x", "g.inner.y", "g", "g.inner".'],
    ["zzz", 'returned "zzz", which is not in the DAG. It may return "a", "b", "join"'],
    ["after", 'returned "after", which is in the DAG, but not directly downstream of it. It may return'],
    ["far", 'returned "far", which is in the DAG, but not directly downstream of it. It may return'],
  ])("refuses %o", (result, message) => {
    try {
      planBranch(graph, "pick", result);
      expect.unreachable();
    } catch (error) {
      expect(hasErrorCode(error, "branch_invalid")).toBe(true);
      expect((error as Error).message).toContain(`Branch task "pick" ${message}`);
    }
  });

  it("says so when there is nothing to choose from", () => {
    expect(() => planBranch(graph, "join", "a")).toThrow("It has no direct children.");
  });
});

describe("planShortCircuit", () => {
  const graphWith = (respectDownstreamRules: boolean) =>
    compileDag(
      dagSpec({
        tasks: [
          taskSpec("check", { kind: "short_circuit", respectDownstreamRules }),
          ...tasks("a < check", "b < a"),
          taskSpec("always", { upstream: ["b"], triggerRule: "always" }),
          taskSpec("elsewhere"),
        ],
      }),
    );

  it.each<Json | undefined>([false, 0, "", null, undefined])("falsy (%o): skips all downstream, ignoring their rules", (result) => {
    expect(planShortCircuit(graphWith(false), "check", result)).toEqual({ follow: [], skip: ["a", "b", "always"] });
  });

  it("falsy: only direct children when asked to respect rules", () => {
    expect(planShortCircuit(graphWith(true), "check", false)).toEqual({ follow: [], skip: ["a"] });
  });

  it.each<Json>([true, 1, "no", [], {}])("anything else (%o) skips nothing", (result) => {
    expect(planShortCircuit(graphWith(false), "check", result)).toEqual({ follow: ["a"], skip: [] });
  });
});
