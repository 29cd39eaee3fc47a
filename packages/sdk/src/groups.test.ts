import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Dag, type Linkable } from "./index.ts";
import { toSpec } from "./internal.ts";

const upstreams = (dag: Dag) => Object.fromEntries(toSpec(dag).tasks.map((task) => [task.taskId, task.upstream]));
const noop = async () => 1;
const plain = { inputs: {}, mapping: null, loop: null, retries: 0, retryDelayMs: 300_000 };

describe("task groups", () => {
  it("prefix ids, nest, and hold what their builder places", () => {
    const dag = new Dag("d");
    const shared = dag.task("shared", noop);
    const outer = dag.taskGroup(
      "outer",
      (group) => {
        shared();
        return { inner: group.taskGroup("inner", () => shared()) };
      },
      { tooltip: "all of it" },
    );
    shared();
    const spec = toSpec(dag);
    expect(spec.tasks.map(({ taskId, groupId }) => [taskId, groupId])).toEqual([
      ["outer.shared", "outer"],
      ["outer.inner.shared", "outer.inner"],
      ["shared", null],
    ]);
    expect(spec.groups).toEqual([
      { groupId: "outer", displayName: null, parentId: null, tooltip: "all of it", ...plain },
      { groupId: "outer.inner", displayName: null, parentId: "outer", tooltip: "", ...plain },
    ]);
    expect(outer.result.inner.result.taskId).toBe("outer.inner.shared");
  });

  it("leave ids alone with prefixGroupId: false", () => {
    const dag = new Dag("d");
    dag.taskGroup("g", { prefixGroupId: false }).task("t", noop)();
    expect(toSpec(dag).tasks[0]).toMatchObject({ taskId: "t", groupId: "g" });
  });

  it("take edges at their roots and give them from their leaves", () => {
    const dag = new Dag("d");
    const g = dag.taskGroup("g");
    const [a, b, c] = ["a", "b", "c"].map((id) => g.task(id, noop)());
    a!.before(b!);
    const [first, last] = ["first", "last"].map((id) => dag.task(id, noop)());
    g.after(first!).before(last!);
    expect(upstreams(dag)).toEqual({ "g.a": ["first"], "g.b": ["g.a"], "g.c": ["first"], first: [], last: ["g.b", "g.c"] });
    expect(c!.taskId).toBe("g.c");
  });

  it("resolve edges between inner groups before those of the outer one, in whatever order they were drawn", () => {
    const dag = new Dag("d");
    const outer = dag.taskGroup("o");
    const start = dag.task("start", noop)().before(outer);
    const one = outer.taskGroup("one");
    const two = outer.taskGroup("two");
    one.task("a", noop)();
    two.task("b", noop)();
    one.before(two);
    expect(start.taskId).toBe("start");
    expect(upstreams(dag)).toEqual({ start: [], "o.one.a": ["start"], "o.two.b": ["o.one.a"] });
  });

  it("can be drawn to and from lists", () => {
    const dag = new Dag("d");
    const [a, b, c] = ["a", "b", "c"].map((id) => dag.task(id, noop)());
    a!.before([b!, [c!]]);
    expect(upstreams(dag)).toEqual({ a: [], b: ["a"], c: ["a"] });
  });

  it("order every pair of tasks across an edge between groups (property)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { maxLength: 8 }),
        (inLeft, inRight) => {
          const dag = new Dag("d");
          const build = (id: string, edges: [number, number][]): Linkable => {
            const group = dag.taskGroup(id);
            const tasks = [0, 1, 2, 3].map((index) => group.task(`t${index}`, noop)());
            for (const [from, to] of edges) if (from < to) tasks[from]!.before(tasks[to]!);
            return group;
          };
          const [left, right] = [build("left", inLeft), build("right", inRight)];
          (left as { before(...to: Linkable[]): unknown }).before(right);
          const edges = upstreams(dag);
          const reaches = (from: string, to: string): boolean => edges[to]!.includes(from) || edges[to]!.some((middle) => reaches(from, middle));
          for (let l = 0; l < 4; l++) for (let r = 0; r < 4; r++) expect(reaches(`left.t${l}`, `right.t${r}`)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });
});
