import { describe, expect, it } from "vitest";
import type { GraphTask } from "../api/dag-runs-page.ts";
import { gridGroup } from "../grid/grid-samples.ts";
import { arrowPath, linePath } from "./edge-path.ts";
import { graphElements } from "./graph-elements.ts";
import { fromElkGraph, toElkGraph } from "./graph-layout.ts";
import { nextNode } from "./next-node.ts";

const task = (taskId: string, upstream: (string | [string, string])[] = [], fields: Partial<GraphTask> = {}): GraphTask => ({
  task_id: taskId,
  display_name: taskId,
  group_id: null,
  operator: "task",
  kind: "task",
  trigger_rule: "all_success",
  is_mapped: false,
  is_setup: false,
  is_teardown: false,
  is_sensor: false,
  retries: 0,
  upstream: upstream.map((one) => (typeof one === "string" ? { task_id: one, inputs: [] } : { task_id: one[0], inputs: [one[1]] })),
  ...fields,
});

const graph = {
  tasks: [
    task("up", [], { is_setup: true }),
    task("a.one", ["up"], { group_id: "a" }),
    task("a.b.two", [["a.one", "rows"]], { group_id: "a.b" }),
    task("a.b.three", [["a.one", "more"]], { group_id: "a.b" }),
    task("down", ["up", "a.b.three"], { is_teardown: true }),
  ],
  groups: [gridGroup("a.b", "a"), gridGroup("a"), gridGroup("empty")],
};

describe("graphElements", () => {
  it("has groups before what is in them, without empty ones, and says what comes from where", () => {
    const { nodes, edges } = graphElements(graph, new Set());
    expect(nodes.map(({ id, parentId }) => [id, parentId])).toEqual([
      ["a", null],
      ["a.b", "a"],
      ["up", null],
      ["a.one", "a"],
      ["a.b.two", "a.b"],
      ["a.b.three", "a.b"],
      ["down", null],
    ]);
    expect(edges.map(({ from, to, kind, label }) => [from, to, kind, label])).toEqual([
      ["up", "a.one", "order", ""],
      ["a.one", "a.b.two", "data", "rows"],
      ["a.one", "a.b.three", "data", "more"],
      ["up", "down", "setup", ""],
      ["a.b.three", "down", "order", ""],
    ]);
  });

  it("leads what leads into a folded group to the group, once, and drops what is within", () => {
    const inner = graphElements(graph, new Set(["a.b"]));
    expect(inner.nodes.map(({ id }) => id)).toEqual(["a", "a.b", "up", "a.one", "down"]);
    expect(inner.edges.find(({ to }) => to === "a.b")).toMatchObject({ from: "a.one", kind: "data", label: "rows, more" });
    const outer = graphElements(graph, new Set(["a", "a.b"]));
    expect(outer.nodes).toMatchObject([{ id: "a", isFolded: true, tasks: 3 }, { id: "up" }, { id: "down" }]);
    expect(outer.edges.map(({ from, to }) => [from, to])).toEqual([
      ["up", "a"],
      ["up", "down"],
      ["a", "down"],
    ]);
  });
});

describe("the layout", () => {
  it("asks for boxes within boxes, and all edges at the root", () => {
    const elk = toElkGraph(graphElements(graph, new Set()), "TB");
    expect(elk.layoutOptions).toMatchObject({ "elk.direction": "DOWN" });
    expect(elk.children!.map(({ id, children }) => [id, children?.length])).toEqual([
      ["a", 2],
      ["up", undefined],
      ["down", undefined],
    ]);
    expect(elk.edges).toHaveLength(5);
    expect(elk.edges![1]!.labels).toMatchObject([{ text: "rows" }]);
  });

  it("is read as places within parents and within the whole", () => {
    const layout = fromElkGraph({
      id: "/",
      width: 100,
      height: 80,
      children: [{ id: "a", x: 10, y: 20, width: 50, height: 50, children: [{ id: "a.one", x: 5, y: 6, width: 10, height: 10 }] }],
      edges: [{ id: "e", sources: ["x"], targets: ["y"], sections: [{ id: "s", startPoint: { x: 0, y: 0 }, endPoint: { x: 9, y: 0 } }] }],
    });
    expect(layout.inParent.get("a.one")).toMatchObject({ x: 5, y: 6 });
    expect(layout.inWhole.get("a.one")).toMatchObject({ x: 15, y: 26 });
    expect(layout.lines.get("e")).toEqual({
      points: [
        { x: 0, y: 0 },
        { x: 9, y: 0 },
      ],
      label: null,
    });
  });
});

it("draws lines with round corners, and a head where they end", () => {
  const points = [
    { x: 0, y: 0 },
    { x: 20, y: 0 },
    { x: 20, y: 4 },
  ];
  expect(linePath(points)).toBe("M0 0L14 0Q20 0 20 2L20 4");
  expect(linePath(points.slice(0, 1))).toBe("");
  expect(arrowPath(points)).toBe("M20 4L16.5 -3L23.5 -3Z");
});

it("goes with an arrow to the nearest node that way, straight on rather than aside", () => {
  const box = (x: number, y: number) => ({ x, y, width: 10, height: 10 });
  const boxes = new Map([
    ["a", box(0, 0)],
    ["far", box(90, 0)],
    ["aside", box(40, 60)],
    ["below", box(0, 40)],
  ]);
  expect(nextNode(boxes, "a", "ArrowRight")).toBe("far");
  expect(nextNode(boxes, "a", "ArrowDown")).toBe("below");
  expect(nextNode(boxes, "a", "ArrowUp")).toBeUndefined();
  expect(nextNode(boxes, "a", "Enter")).toBeUndefined();
});
