import { compileDag, type Json, resolveTaskInputs, validateDagSpec } from "@tradewind/core";
import { describe, expect, it } from "vitest";
import { MemoryRuntime } from "../test/memory-runtime.ts";
import { Dag, SkipTask } from "./index.ts";
import { runAttempt, toSpec } from "./internal.ts";

const noop = async () => 1;
const specOf = (dag: Dag) => validateDagSpec(toSpec(dag));
const taskOf = (dag: Dag, taskId: string) => specOf(dag).tasks.find((task) => task.taskId === taskId)!;
const groupOf = (dag: Dag, groupId: string) => specOf(dag).groups.find((group) => group.groupId === groupId)!;

/** What a task's handler gets, when the tasks above it gave these results (of mapped ones: a list by map index). */
async function received(dag: Dag, taskId: string, results: Record<string, Json | Json[]>, mapIndex = -1) {
  const graph = compileDag(specOf(dag));
  const read = ({ taskId: from }: { taskId: string }) => {
    const isMany = graph.tasks.get(from)!.spec.mapping !== null || graph.tasks.get(from)!.groupIds.length > 0;
    if (!(from in results)) return [];
    return isMany ? (results[from] as Json[]).map((value, index) => ({ mapIndex: index, value })) : [{ mapIndex: -1, value: results[from] as Json }];
  };
  const resolved = resolveTaskInputs(graph, graph.tasks.get(taskId)!, mapIndex, read);
  const runtime = new MemoryRuntime();
  runtime.context = { ...runtime.context, dagId: dag.dagId, taskId, mapIndex };
  const end = await runAttempt(dag, taskId, { ...resolved, runtime });
  return end.kind === "success" && end.result !== undefined ? (JSON.parse(end.result) as Json) : end;
}

describe("lists made of results", () => {
  const make = () => {
    const dag = new Dag("d");
    const letters = dag.task("letters", async () => ["a", "b", "c"]);
    const numbers = dag.task("numbers", async () => [1, 2]);
    const echo = dag.task("echo", async (inputs: { x: unknown }) => inputs.x as Json);
    return { dag, letters: letters(), numbers: numbers(), echo };
  };
  const results = { letters: ["a", "b", "c"], numbers: [1, 2] };

  it("go through functions in the process of the task that takes them, one after the other", async () => {
    const { dag, letters, echo } = make();
    echo({ x: letters.map((letter) => letter.toUpperCase()).map(async (letter) => `${letter}!`) });
    expect(taskOf(dag, "echo")).toMatchObject({
      upstream: ["letters"],
      inputs: { x: { kind: "map", input: { kind: "map", mapId: "map_0" }, mapId: "map_1" } },
    });
    expect(await received(dag, "echo", results)).toEqual(["A!", "B!", "C!"]);
  });

  it("leave out what a function skips, and do not show it to the next function", async () => {
    const { dag, letters, echo } = make();
    const seen: string[] = [];
    const kept = letters.map((letter) => {
      if (letter === "b") throw new SkipTask("no b");
      return letter;
    });
    echo({ x: kept.map((letter) => (seen.push(letter), letter)) });
    expect(await received(dag, "echo", results)).toEqual(["a", "c"]);
    expect(seen).toEqual(["a", "c"]);
  });

  it("skip the instance of a mapped task whose item is dropped", async () => {
    const { dag, letters, echo } = make();
    echo.expand({
      x: letters.map((letter) => {
        if (letter === "b") throw new SkipTask("no b");
        return { letter };
      }),
    });
    expect(await received(dag, "echo", results, 0)).toEqual({ letter: "a" });
    expect(await received(dag, "echo", results, 1)).toEqual({ kind: "thrown", verdict: { kind: "skip", message: "no b" } });
  });

  it("are put side by side by zip, as long as the shortest, or as the longest with a filling", async () => {
    const { dag, letters, numbers, echo } = make();
    echo({ x: letters.zip(numbers) });
    echo({ x: letters.zipLongest({ fill: null }, numbers, [true]) });
    expect(await received(dag, "echo", results)).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
    expect(await received(dag, "echo__1", results)).toEqual([
      ["a", 1, true],
      ["b", 2, null],
      ["c", null, null],
    ]);
  });

  it("are put one after the other by concat; a function sees the items of its own list only", async () => {
    const { dag, letters, numbers, echo } = make();
    echo({
      x: letters.concat(
        numbers.map((number) => number * 10),
        ["z"],
      ),
    });
    expect(taskOf(dag, "echo").upstream).toEqual(["letters", "numbers"]);
    expect(await received(dag, "echo", results)).toEqual(["a", "b", "c", 10, 20, "z"]);
  });

  it("drop the whole tuple when a function drops one side of it", async () => {
    const { dag, letters, numbers, echo } = make();
    const odd = numbers.map((number) => {
      if (number % 2 === 0) throw new SkipTask("even");
      return number;
    });
    echo({ x: letters.zip(odd) });
    expect(await received(dag, "echo", results)).toEqual([["a", 1]]);
  });

  it("make the inputs of expandKwargs", async () => {
    const dag = new Dag("d");
    const letters = dag.task("letters", async () => ["a", "b", "c"])();
    const pair = dag.task("pair", async (inputs: { x: string; y: number }) => inputs);
    pair.partial({ y: 1 }).expandKwargs(letters.map((x) => ({ x })));
    pair.expandKwargs([
      { x: "a", y: 2 },
      { x: letters.get(1), y: 3 },
    ]);
    expect(taskOf(dag, "pair").mapping).toMatchObject({ kind: "expand_kwargs", input: { kind: "map" } });
    expect(await received(dag, "pair", results, 2)).toEqual({ y: 1, x: "c" });
    expect(await received(dag, "pair__1", results, 1)).toEqual({ x: "b", y: 3 });
  });

  it.each<[string, (dag: Dag) => unknown, RegExp]>([
    [
      "a map() without a function",
      (dag) =>
        dag
          .task("a", async () => [1])()
          .map(1 as never),
      /map\(\) in DAG "d" was given 1/,
    ],
    [
      "a filling that is missing",
      (dag) =>
        dag
          .task("a", async () => [1])()
          .zipLongest({} as never, [1]),
      /zipLongest\(\) in DAG "d" needs what to fill with/,
    ],
    [
      "what is no input",
      (dag) =>
        dag
          .task("a", async () => [1])()
          .zip([() => 1] as never),
      /argument 1 of zip\(\) in DAG "d" is the function/,
    ],
    [
      "kwargs that are no list",
      (dag) => dag.task("a", async (i: { x: number }) => i).expandKwargs({ x: 1 } as never),
      /expandKwargs\(\) of task "a" in DAG "d" was given \{"x":1\}/,
    ],
    [
      "kwargs that are no objects",
      (dag) => dag.task("a", async (i: { x: number }) => i).expandKwargs([{ x: 1 }, 2] as never),
      /has at place 1 what is no object/,
    ],
    [
      "a name twice",
      (dag) =>
        dag
          .task("a", async (i: { x: number; y?: number }) => i)
          .partial({ x: 1 })
          .expandKwargs([{ x: 1 }] as never),
      /Input "x" of task "a" in DAG "d" is in partial\(\) and in expandKwargs\(\)/,
    ],
  ])("refuse %s", (_what, define, message) => {
    expect(() => define(new Dag("d"))).toThrow(message);
  });
});

describe("a mapped group", () => {
  it("has its mapping and constants; its tasks take them by name, and its roots run after what it is mapped over", async () => {
    const dag = new Dag("d");
    const files = dag.task("files", async () => [{ path: "a" }, { path: "b" }])();
    const mode = dag.task("mode", async () => "full")();
    const load = dag.task("load", async (inputs: { path: string; mode: string }) => inputs);
    const check = dag.task("check", async ({ row }: { row: unknown }) => row as Json);
    const report = dag.task("report", async ({ rows }: { rows: unknown[] }) => rows as Json);
    const group = dag
      .taskGroup("etl")
      .partial({ mode })
      .expand({ file: files }, ({ file, mode }) => {
        const loaded = load({ path: file.get("path"), mode });
        return { checked: check({ row: loaded }) };
      });
    report({ rows: group.result.checked });
    expect(groupOf(dag, "etl")).toMatchObject({
      inputs: { mode: { kind: "xcom", taskId: "mode" } },
      mapping: { kind: "expand", order: ["file"], inputs: { file: { kind: "xcom", taskId: "files" } } },
    });
    expect(taskOf(dag, "etl.load").upstream).toEqual(["files", "mode"]);
    expect(taskOf(dag, "etl.check").upstream).toEqual(["etl.load"]);
    const results = { files: [{ path: "a" }, { path: "b" }], mode: "full", "etl.load": [1, 2], "etl.check": [3, 4] };
    expect(await received(dag, "etl.load", results, 1)).toEqual({ path: "b", mode: "full" });
    expect(await received(dag, "etl.check", results, 1)).toBe(2);
    expect(await received(dag, "report", results)).toEqual([3, 4]);
  });

  it("is mapped over objects of inputs as well, whatever their names", async () => {
    const dag = new Dag("d");
    const plan = dag.task("plan", async () => [{ from: "a", to: "b" }])();
    const copy = dag.task("copy", async (inputs: { from: string; to: string }) => inputs);
    dag.taskGroup("g").expandKwargs(plan, ({ from, to }) => copy({ from, to }));
    expect(await received(dag, "g.copy", { plan: [{ from: "a", to: "b" }] }, 0)).toEqual({ from: "a", to: "b" });
  });

  it.each<[string, (dag: Dag) => void, RegExp]>([
    [
      "a mapped task",
      (dag) => void dag.taskGroup("g").expand({ x: [1] }, () => dag.task("t", async ({ y }: { y: number }) => y).expand({ y: [1] })),
      /mapped task group "g" in DAG "d" holds the mapped task "g.t"/,
    ],
    [
      "another mapped group",
      (dag) =>
        void dag.taskGroup("g").expand({ x: [1] }, (_inputs, group) => {
          group.taskGroup("h").expand({ y: [1] }, () => dag.task("t", noop)());
        }),
      /mapped task group "g" in DAG "d" holds the mapped task group "g.h"/,
    ],
    [
      "a task that always runs",
      (dag) => void dag.taskGroup("g").expand({ x: [1] }, () => dag.task("t", noop, { triggerRule: "always" })()),
      /holds task "g.t" with the trigger rule "always"/,
    ],
    ["no tasks", (dag) => void dag.taskGroup("g").expand({ x: [1] }, () => 1), /mapped task group "g" in DAG "d" has no tasks/],
    [
      "nothing to expand over",
      (dag) => void dag.taskGroup("g").expand({}, () => 1),
      /expand\(\) of task group "g" in DAG "d" has nothing to expand over/,
    ],
    [
      "a second mapping",
      (dag) => {
        const group = dag.taskGroup("g");
        group.expand({ x: [1] }, () => dag.task("t", noop)());
        group.expand({ x: [1] }, () => 1);
      },
      /"g" in DAG "d" is mapped already and can't be made mapped again/,
    ],
    [
      "a part of a result as its own",
      (dag) =>
        void dag.taskGroup("g").expand({ x: [1] }, () => ({
          part: dag
            .task("t", async () => ({ a: 1 }))()
            .get("a"),
        })),
      /returns a part \(a\) of the result of "g.t"/,
    ],
    [
      "its inputs outside of it",
      (dag) => {
        let leaked: unknown;
        dag.taskGroup("g").expand({ x: [1] }, ({ x }) => ((leaked = x), dag.task("t", noop)()));
        dag.task("outside", async ({ x }: { x: number }) => x)({ x: leaked as never });
      },
      /"outside" in DAG "d" takes an input of the task group "g", but is not in it/,
    ],
  ])("refuses %s", (_what, define, message) => {
    const dag = new Dag("d");
    expect(() => {
      define(dag);
      toSpec(dag);
    }).toThrow(message);
  });
});

describe("a loop", () => {
  const body = (dag: Dag) => dag.task("improve", async ({ previous, index }: { previous: number | null; index: number }) => (previous ?? 0) + index);

  it("ends in its gate, which everything after the loop waits for", async () => {
    const dag = new Dag("d");
    const improve = body(dag);
    const loop = dag
      .taskGroup("refine")
      .loop({ maxIterations: 3, until: (result: number) => result > 2 }, ({ previous, index }) => improve({ previous, index }));
    dag.task("publish", async ({ result }: { result: number }) => result)({ result: loop.result });
    loop.before(dag.task("after", noop)());
    expect(groupOf(dag, "refine").loop).toEqual({ maxIterations: 3, hasUntil: true, resultTaskId: "refine.improve", gateTaskId: "refine.loop_gate" });
    expect(taskOf(dag, "refine.loop_gate")).toMatchObject({
      kind: "loop_gate",
      upstream: ["refine.improve"],
      inputs: { result: { kind: "xcom", taskId: "refine.improve" } },
    });
    expect(taskOf(dag, "publish").upstream).toEqual(["refine.improve", "refine.loop_gate"]);
    expect(taskOf(dag, "after").upstream).toEqual(["refine.loop_gate"]);
    const results = { "refine.improve": [0, 1, 3] };
    expect(await received(dag, "refine.improve", results, 0)).toBe(0);
    expect(await received(dag, "refine.improve", results, 2)).toBe(3);
    expect(await received(dag, "refine.loop_gate", results, 1)).toBe(false);
    expect(await received(dag, "refine.loop_gate", results, 2)).toBe(true);
    expect(await received(dag, "publish", results)).toBe(3);
  });

  it("needs a verdict that is true or false", async () => {
    const dag = new Dag("d");
    const improve = body(dag);
    dag.taskGroup("g").loop({ maxIterations: 3, until: (() => "yes") as never }, ({ index }) => improve({ previous: null, index }));
    expect(await received(dag, "g.loop_gate", { "g.improve": [1] }, 0)).toMatchObject({
      kind: "thrown",
      verdict: { kind: "error", message: '"until" of the loop "g" in DAG "d" gave "yes", and not true or false. Return a boolean from it.' },
    });
  });

  it.each<[string, (dag: Dag) => void, RegExp]>([
    [
      "no iterations",
      (dag) => void dag.taskGroup("g").loop({ maxIterations: 0 }, () => dag.task("t", noop)()),
      /"maxIterations" of the loop "g" in DAG "d" is 0/,
    ],
    [
      "a builder without a task",
      (dag) => void dag.taskGroup("g").loop({ maxIterations: 1 }, (() => 1) as never),
      /loop "g" in DAG "d" must return its last placed task/,
    ],
    [
      "two ends",
      (dag) =>
        void dag.taskGroup("g").loop({ maxIterations: 1 }, () => {
          dag.task("other", noop)();
          return dag.task("t", noop)();
        }),
      /loop "g" in DAG "d" ends in "g.t" and in "g.other"/,
    ],
    [
      "an end that is not the last",
      (dag) =>
        void dag.taskGroup("g").loop({ maxIterations: 1 }, () => {
          const [first, last] = ["first", "last"].map((id) => dag.task(id, noop)());
          return first!.before(last!);
        }),
      /ends in "g.first" and in "g.last"/,
    ],
    [
      "a mapped task",
      (dag) => void dag.taskGroup("g").loop({ maxIterations: 1 }, () => dag.task("t", async ({ y }: { y: number }) => y).expand({ y: [1] })),
      /loop "g" in DAG "d" holds the mapped task "g.t"/,
    ],
    [
      "another loop",
      (dag) =>
        void dag
          .taskGroup("g")
          .loop({ maxIterations: 1 }, (_loop, group) => group.taskGroup("h").loop({ maxIterations: 1 }, () => dag.task("t", noop)()).result),
      /loop "g" in DAG "d" holds the loop "g.h"/,
    ],
    [
      "a teardown",
      (dag) =>
        void dag.taskGroup("g").loop({ maxIterations: 1 }, () => {
          const work = dag.task("t", noop)();
          work.before(dag.task("down", noop)().asTeardown());
          return work;
        }),
      /loop "g" in DAG "d" holds the teardown "g.down"/,
    ],
  ])("refuses %s", (_what, define, message) => {
    const dag = new Dag("d");
    expect(() => {
      define(dag);
      toSpec(dag);
    }).toThrow(message);
  });
});

it("a group may be run again as a whole", () => {
  const dag = new Dag("d");
  dag.taskGroup("g", () => dag.task("t", noop)(), { retries: 2, retryDelay: "1m", defaultArgs: { retries: 1 } });
  dag.taskGroup("h", () => dag.task("u", noop)(), { retries: 1 });
  expect(groupOf(dag, "g")).toMatchObject({ retries: 2, retryDelayMs: 60_000 });
  expect(groupOf(dag, "h")).toMatchObject({ retries: 1, retryDelayMs: 300_000 });
  expect(taskOf(dag, "g.t").retries).toBe(1);
  expect(() => dag.taskGroup("i", { retries: -1 })).toThrow('Option "retries" of task group "i" in DAG "d" is -1');
});
