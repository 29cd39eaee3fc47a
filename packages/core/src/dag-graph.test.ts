import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dagSpec, groupSpec, taskSpec, tasks } from "../test/dag-spec-factory.ts";
import { compileDag, describeCycle, getTaskNode, listAncestors, listDescendants } from "./dag-graph.ts";
import type { DagSpec, WeightRule } from "./dag-spec.ts";
import { findDagSpecProblems } from "./validate-dag-spec.ts";

/** Random DAGs whose tasks are listed in any order: an edge goes from a smaller to a larger rank. */
const randomDag: fc.Arbitrary<DagSpec> = fc
  .record({
    edges: fc.array(fc.tuple(fc.nat(14), fc.nat(14)), { maxLength: 40 }),
    count: fc.integer({ min: 1, max: 15 }),
    weights: fc.array(fc.integer({ min: -5, max: 50 }), { minLength: 15, maxLength: 15 }),
    rule: fc.constantFrom<WeightRule>("downstream", "upstream", "absolute"),
    shuffle: fc.array(fc.nat(), { minLength: 15, maxLength: 15 }),
  })
  .map(({ edges, count, weights, rule, shuffle }) => {
    const list = Array.from({ length: count }, (_, rank) => {
      const upstream = edges.filter(([from, to]) => to === rank && from < rank).map(([from]) => `t${from}`);
      return taskSpec(`t${rank}`, { upstream: [...new Set(upstream)].sort(), priorityWeight: weights[rank]!, weightRule: rule });
    });
    return dagSpec({
      tasks: list
        .map((task, i) => ({ task, at: shuffle[i]! }))
        .sort((a, b) => a.at - b.at)
        .map(({ task }) => task),
    });
  });

describe("compileDag", () => {
  const graph = compileDag(dagSpec({ tasks: tasks("join < left, right", "left < start", "right < start", "start", "alone") }));

  it("knows what is above and below", () => {
    expect(getTaskNode(graph, "start").downstream).toEqual(["left", "right"]);
    expect(getTaskNode(graph, "join")).toMatchObject({ upstream: ["left", "right"], downstream: [], index: 0, topologicalIndex: 4 });
    expect(graph.rootIds).toEqual(["start", "alone"]);
    expect(graph.leafIds).toEqual(["join", "alone"]);
    expect(graph.topologicalOrder).toEqual(["start", "alone", "left", "right", "join"]);
    expect(listDescendants(graph, ["left"])).toEqual(new Set(["join"]));
    expect(listDescendants(graph, ["start"])).toEqual(new Set(["left", "right", "join"]));
    expect(listAncestors(graph, ["join"])).toEqual(new Set(["left", "right", "start"]));
  });

  it("names the task that is not there, and the one that may be meant", () => {
    expect(() => getTaskNode(graph, "letf")).toThrow('DAG "sales" has no task "letf"; did you mean "left"?');
    expect(() => getTaskNode(graph, "zzz")).toThrow('DAG "sales" has no task "zzz".');
  });

  it("an order of a DAG holds every task, each after its upstreams", () => {
    fc.assert(
      fc.property(randomDag, (spec) => {
        const { topologicalOrder, tasks: nodes } = compileDag(spec);
        expect([...topologicalOrder].sort()).toEqual(spec.tasks.map((task) => task.taskId).sort());
        for (const node of nodes.values()) {
          for (const id of node.upstream) expect(nodes.get(id)!.topologicalIndex).toBeLessThan(node.topologicalIndex);
        }
      }),
    );
  });

  it("a weight is the task's own and that of each task below (or above), once", () => {
    fc.assert(
      fc.property(randomDag, (spec) => {
        const graph = compileDag(spec);
        for (const node of graph.tasks.values()) {
          const rule = node.spec.weightRule;
          const others =
            rule === "absolute" ? [] : rule === "downstream" ? listDescendants(graph, [node.taskId]) : listAncestors(graph, [node.taskId]);
          const expected = [...others].reduce((sum, id) => sum + getTaskNode(graph, id).spec.priorityWeight, node.spec.priorityWeight);
          expect(node.effectivePriorityWeight).toBe(expected);
        }
      }),
    );
  });

  it("weights stay within 32 bits", () => {
    const weigh = (priorityWeight: number): number[] => {
      const list = tasks("a", "b < a").map((task) => ({ ...task, priorityWeight }));
      return [...compileDag(dagSpec({ tasks: list })).tasks.values()].map((node) => node.effectivePriorityWeight);
    };
    expect(weigh(2 ** 31 - 1)).toEqual([2 ** 31 - 1, 2 ** 31 - 1]);
    expect(weigh(-(2 ** 31))).toEqual([-(2 ** 31), -(2 ** 31)]);
  });

  it("a group has the tasks of the groups inside it, its roots and its leaves", () => {
    const inGroup = (groupId: string) => (task: ReturnType<typeof taskSpec>) => ({ ...task, groupId });
    const spec = dagSpec({
      groups: [groupSpec("outer"), groupSpec("outer.inner", "outer"), groupSpec("empty")],
      tasks: [
        ...tasks("before"),
        ...tasks("outer.a < before").map(inGroup("outer")),
        ...tasks("outer.inner.b < outer.a", "outer.inner.c < outer.inner.b").map(inGroup("outer.inner")),
        ...tasks("after < outer.inner.c"),
      ],
    });
    const { groups, tasks: nodes } = compileDag(spec);
    expect(groups.get("outer")).toMatchObject({
      taskIds: ["outer.a", "outer.inner.b", "outer.inner.c"],
      rootIds: ["outer.a"],
      leafIds: ["outer.inner.c"],
    });
    expect(groups.get("outer.inner")).toMatchObject({ rootIds: ["outer.inner.b"], leafIds: ["outer.inner.c"] });
    expect(groups.get("empty")).toMatchObject({ taskIds: [], rootIds: [], leafIds: [] });
    expect(nodes.get("outer.inner.b")!.groupIds).toEqual(["outer", "outer.inner"]);
    expect(nodes.get("before")!.groupIds).toEqual([]);
  });

  it("refuses a cycle and an unknown upstream by itself", () => {
    expect(() => compileDag(dagSpec({ tasks: tasks("a < c", "b < a", "c < b") }))).toThrow('form a cycle: "a" → "b" → "c" → "a"');
    expect(() => compileDag(dagSpec({ tasks: tasks("a < b") }))).toThrow('Task "a" of DAG "sales" has the unknown upstream "b"');
  });

  it("takes 10,000 tasks, in a chain as well as in layers", () => {
    const chain = tasks(...Array.from({ length: 10_000 }, (_, i) => (i === 0 ? "t0" : `t${i} < t${i - 1}`)));
    const layers = Array.from({ length: 10_000 }, (_, i) => {
      const above = i < 50 ? [] : Array.from({ length: 50 }, (_, k) => `t${50 * (Math.floor(i / 50) - 1) + k}`);
      return taskSpec(`t${i}`, { upstream: above.sort() });
    });
    for (const [spec, weight] of [
      [dagSpec({ tasks: chain }), 10_000],
      [dagSpec({ tasks: layers }), 9_951],
    ] as const) {
      expect(findDagSpecProblems(spec)).toEqual([]);
      expect(getTaskNode(compileDag(spec), "t0").effectivePriorityWeight).toBe(weight);
    }
  });
});

it("shortens a long cycle in the middle", () => {
  const text = describeCycle(Array.from({ length: 100 }, (_, i) => `t${i}`));
  expect(text).toContain('"t5" → … 90 more … → "t96"');
  expect(text.endsWith('"t99" → "t0"')).toBe(true);
});
