import { describe, expect, it } from "vitest";
import type { InputSpec, Json } from "./dag-spec.ts";
import { hasErrorCode } from "./errors.ts";
import { compileDag } from "./dag-graph.ts";
import { listXComRefs, resolveTaskInputs } from "./inputs.ts";
import { dagSpec, taskSpec } from "./plain-spec.ts";

const xcom = (taskId: string, path: string[] = [], key = "return_value"): InputSpec => ({ kind: "xcom", taskId, key, path });

const XCOMS: Record<string, Json> = {
  "list return_value": ["north", { name: "south", tags: [] }],
  "stats return_value": { total: 3, by: { "a.b": null } },
  "stats rows": 7,
  "count return_value": 5,
};

function resolve(input: InputSpec): Json {
  const graph = compileDag(dagSpec({ tasks: [taskSpec("report", { inputs: { it: input } })] }));
  const read = ({ taskId, key }: { taskId: string; key: string }) => {
    const value = XCOMS[`${taskId} ${key}`];
    return value === undefined ? [] : [{ mapIndex: -1, value }];
  };
  return resolveTaskInputs(graph, graph.tasks.get("report")!, -1, read).inputs.it!;
}

describe("resolveTaskInputs", () => {
  it.each<[InputSpec, Json]>([
    [{ kind: "value", value: { a: [1] } }, { a: [1] }],
    [xcom("list"), XCOMS["list return_value"]!],
    [xcom("list", ["1", "name"]), "south"],
    [xcom("stats", ["by", "a.b"]), null],
    [xcom("stats", [], "rows"), 7],
    [{ kind: "list", items: [xcom("count"), { kind: "value", value: 1 }] }, [5, 1]],
    [
      { kind: "object", entries: { n: xcom("count"), deep: { kind: "list", items: [xcom("stats", ["total"])] } } },
      { n: 5, deep: [3] },
    ],
  ])("%o is %o", (input, value) => {
    expect(resolve(input)).toEqual(value);
  });

  it("gives null for the result of a task that has none, such as a skipped one above a join", () => {
    expect(resolve(xcom("skipped"))).toBeNull();
  });

  it.each<[InputSpec, string]>([
    [xcom("skipped", ["total"]), 'comes from task "skipped", which has no result (it may have been skipped, or have returned nothing).'],
    [xcom("stats", [], "size"), 'comes from task "stats", which has no XCom "size" (it may'],
    [xcom("stats", ["totl"]), 'comes from task "stats", whose result is an object of "total", "by" without "totl".'],
    [xcom("stats", ["total", "x"]), 'comes from task "stats", whose result at total is the value 3 without "x".'],
    [xcom("stats", ["toString"]), 'without "toString"'],
    [xcom("list", ["2"]), 'comes from task "list", whose result is a list of 2 without "2".'],
    [xcom("list", ["length"]), 'without "length"'],
    [xcom("list", ["01"]), 'without "01"'],
    [xcom("list", ["1", "tags", "0"]), 'whose result at [1].tags is a list of 0 without "0".'],
    [xcom("stats", ["x"], "rows"), 'whose XCom "rows" is the value 7 without "x".'],
  ])("%o is refused", (input, message) => {
    try {
      resolve(input);
      expect.unreachable();
    } catch (error) {
      expect(hasErrorCode(error, "input_unavailable")).toBe(true);
      expect((error as Error).message).toContain('Input "it" of task "report" ');
      expect((error as Error).message).toContain(message);
    }
  });
});

it("lists the XComs a task needs, each once, also those it is mapped over", () => {
  const task = taskSpec("it", {
    inputs: {
      a: { kind: "list", items: [xcom("x"), { kind: "object", entries: { b: xcom("y", [], "k") } }] },
      c: xcom("x", ["0"]),
      d: { kind: "value", value: 1 },
    },
    mapping: { kind: "expand", order: ["e"], inputs: { e: xcom("z") } },
  });
  const graph = compileDag(dagSpec({ tasks: [task] }));
  expect(listXComRefs(graph, graph.tasks.get("it")!)).toEqual([
    { taskId: "x", key: "return_value" },
    { taskId: "y", key: "k" },
    { taskId: "z", key: "return_value" },
  ]);
});
