import { type Json, validateDagSpec } from "@tradewind/core";
import { describe, expect, it } from "vitest";
import { Dag, getContext, SkipTask } from "./index.ts";
import { type AnyDag, findTask, runTask, toSpec } from "./internal.ts";
import { MemoryRuntime } from "../test/memory-runtime.ts";

async function run(dag: AnyDag, taskId: string, inputs: Record<string, Json> = {}, runtime = new MemoryRuntime()) {
  runtime.context = { ...runtime.context, dagId: dag.dagId, taskId };
  const { result, resultLength } = await runTask(dag, taskId, { inputs, runtime });
  return { value: result === undefined ? undefined : (JSON.parse(result) as Json), resultLength };
}

const noop = async () => 1;

describe("runTask", () => {
  it("calls the handler with its inputs, inside its context, and gives the result as JSON", async () => {
    const dag = new Dag("d", { tags: ["x"] });
    dag.task("t", async ({ n }: { n: number }) => {
      await Promise.resolve();
      const { dag: info, task } = getContext();
      return { n, dagId: info.dagId, operator: task.operator, at: new Date(0), gone: undefined };
    })({ n: 1 });
    expect(await run(dag, "t", { n: 7 })).toEqual({ value: { n: 7, dagId: "d", operator: "task", at: "1970-01-01T00:00:00.000Z" }, resultLength: 4 });
  });

  it.each<[string, unknown, unknown, number | undefined]>([
    ["a list", [1, 2], [1, 2], 2],
    ["an empty object", {}, {}, 0],
    ["a text", "north", "north", undefined],
    ["null", null, null, undefined],
    ["nothing", undefined, undefined, undefined],
    ["a date, which is no object any more", new Date(0), "1970-01-01T00:00:00.000Z", undefined],
  ])("tells the length of what can be mapped over: %s", async (_what, result, value, resultLength) => {
    const dag = new Dag("d");
    dag.task("t", () => result)();
    expect(await run(dag, "t")).toEqual({ value, resultLength });
  });

  it.each<[string, () => unknown]>([
    ["a bigint", () => 1n],
    ["a function", () => () => 1],
    [
      "a circle",
      () => {
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        return circle;
      },
    ],
  ])("refuses a result that is not JSON: %s", async (_what, handler) => {
    const dag = new Dag("d");
    dag.task("t", handler)();
    await expect(run(dag, "t")).rejects.toMatchObject({
      code: "not_json",
      message: expect.stringContaining('The result of task "t" in DAG "d" is not JSON'),
    });
  });

  it("passes on what the handler throws", async () => {
    const dag = new Dag("d");
    const thrown = new SkipTask("no rows");
    dag.task("t", () => {
      throw thrown;
    })();
    await expect(run(dag, "t")).rejects.toBe(thrown);
  });

  it("names the tasks there are when one is unknown", async () => {
    const dag = new Dag("d");
    dag.taskGroup("g").task("t", noop)();
    await expect(run(dag, "t")).rejects.toMatchObject({ code: "task_not_found", message: expect.stringContaining("It has g.t.") });
    expect(findTask(dag, "g.t")).toEqual({ taskId: "g.t", operator: "task" });
    expect(findTask(dag, "t")).toBeUndefined();
  });
});

describe("a branch", () => {
  function branching(choice: unknown) {
    const dag = new Dag("d");
    const a = dag.task("a", noop)();
    const group = dag.taskGroup("g", () => ({ first: dag.task("first", noop)(), second: dag.task("second", noop)() }));
    group.result.first.before(group.result.second);
    const far = dag.task("far", noop)().after(a);
    const options: Record<string, unknown> = { a, group, far };
    dag
      .branch("pick", (() => (typeof choice === "string" && choice.startsWith("$") ? options[choice.slice(1)] : choice)) as () => string)()
      .before(a, group);
    return dag;
  }

  it.each<[unknown, string[]]>([
    ["a", ["a"]],
    [
      ["a", "g.first", "a"],
      ["a", "g.first"],
    ],
    ["g", ["g.first"]],
    ["$a", ["a"]],
    ["$group", ["g.first"]],
    [null, []],
    [undefined, []],
    [[], []],
  ])("that returns %j follows %j", async (choice, followed) => {
    expect((await run(branching(choice), "pick")).value).toEqual(followed);
  });

  it.each(["far", "nowhere", "g.second", "$far"])("may not name what is not directly below it: %s", async (choice) => {
    await expect(run(branching(choice), "pick")).rejects.toMatchObject({
      code: "branch_invalid",
      message: expect.stringContaining("Directly below are: a, g.first"),
    });
  });
});

describe("dag.if", () => {
  function conditional(answer: unknown) {
    const dag = new Dag("d");
    const check = dag.task("check", async () => answer as { ok: boolean })();
    const [yes, no, audit] = ["yes", "no", "audit"].map((id) => dag.task(id, noop)());
    const count = dag.task("count", async ({ verdict }: { verdict: { ok: boolean } }) => verdict)({ verdict: check });
    const done = dag.task("done", noop)();
    const own = dag.task("own", noop, { triggerRule: "all_done" })();
    check.before(audit!);
    dag.if(check.get("ok")).then(yes!).else(no!).join(done, own);
    return { dag, count };
  }

  it("makes the condition a branch whose sides meet again in join", () => {
    const spec = validateDagSpec(toSpec(conditional({ ok: true }).dag));
    const byId = Object.fromEntries(spec.tasks.map((task) => [task.taskId, task]));
    expect(byId.check).toMatchObject({ kind: "branch", operator: "branch" });
    expect(byId.yes!.upstream).toEqual(["check"]);
    expect(byId.done).toMatchObject({ upstream: ["no", "yes"], triggerRule: "none_failed_min_one_success" });
    expect(byId.own).toMatchObject({ upstream: ["no", "yes"], triggerRule: "all_done" });
  });

  it.each([
    [true, ["yes", "count", "audit"]],
    [false, ["no", "count", "audit"]],
  ])("when %s follows that side, and always what is below the condition without being a side", async (ok, followed) => {
    const runtime = new MemoryRuntime();
    const { value } = await run(conditional({ ok }).dag, "check", {}, runtime);
    expect(new Set(value as string[])).toEqual(new Set(followed));
    // Whoever takes the condition as an input gets what its handler returned, not the list of children.
    expect(runtime.xcoms.get("check.decision")).toEqual({ ok });
  });

  it("gives the handler's result to those who take it as an input", () => {
    const { dag } = conditional({ ok: true });
    expect(toSpec(dag).tasks.find((task) => task.taskId === "count")!.inputs).toEqual({
      verdict: { kind: "xcom", taskId: "check", key: "decision", path: [] },
    });
  });

  it("refuses anything but a boolean", async () => {
    await expect(run(conditional({ ok: 1 }).dag, "check")).rejects.toMatchObject({
      code: "branch_invalid",
      message: expect.stringContaining("gave 1, and not true or false"),
    });
  });

  it("without else follows nothing when false, and keeps no result that nobody takes", async () => {
    const dag = new Dag("d");
    const side = dag.task("side", noop)();
    dag
      .if(function closed() {
        return false;
      })
      .then(side);
    const runtime = new MemoryRuntime();
    expect((await run(dag, "closed", {}, runtime)).value).toEqual([]);
    expect(runtime.xcoms.size).toBe(0);
  });

  it("explains itself when it is awaited", async () => {
    const dag = new Dag("d");
    const check = dag.task("check", () => true)();
    await expect((async () => await (dag.if(check) as unknown as Promise<unknown>))()).rejects.toThrow(/was awaited.*drop the await/);
  });

  it("needs a condition that decides nothing else and is not mapped", () => {
    const dag = new Dag("d");
    const check = dag.task("check", () => true)();
    dag.if(check);
    expect(() => dag.if(check)).toThrow(/"check" in DAG "d" can't decide dag.if\(\): it decides a dag.if\(\) already/);
    const mapped = dag.task("mapped", ({ n }: { n: number }) => n > 1).expand({ n: [1, 2] });
    expect(() => dag.if(mapped as never)).toThrow(/it is mapped/);
    expect(() => dag.if(dag.task("t", () => true) as never)).toThrow(/Give it a placed task/);
  });
});

describe("dag.switch", () => {
  function switching(answer: (dag: Dag) => unknown) {
    const dag = new Dag("d");
    const [one, two, three, other] = ["one", "two", "three", "other"].map((id) => dag.task(id, noop)());
    const decider = dag.task("decider", () => answer(dag))();
    dag.switch(decider).case("small", one!).case({ size: 3 }, two!, three!).case(three!).default(other!);
    return dag;
  }

  it.each<[string, () => unknown, string[]]>([
    ["a value", () => "small", ["one"]],
    ["an equal object", () => ({ size: 3 }), ["two", "three"]],
    ["something else", () => "huge", ["other"]],
    ["the id of a case, which is only a text", () => "three", ["other"]],
    ["nothing", () => undefined, ["other"]],
  ])("follows the case that equals %s", async (_what, answer, followed) => {
    expect((await run(switching(answer), "decider")).value).toEqual(followed);
  });

  it("follows the case that is the task the decider returned", async () => {
    const dag = new Dag("d");
    const daily = dag.task("daily", noop)();
    const weekly = dag.taskGroup("weekly", () => dag.task("send", noop)());
    dag
      .switch(dag.task("cadence", () => weekly)())
      .case(daily)
      .case(weekly);
    expect((await run(dag, "cadence")).value).toEqual(["weekly.send"]);
    validateDagSpec(toSpec(dag));
  });
});

it("short circuits carry their rule, and operators are run by the spec's kinds", () => {
  const dag = new Dag("d");
  dag.shortCircuit("hard", () => true)();
  dag.shortCircuit("soft", () => 0, { respectDownstreamRules: true, retries: 1 })();
  expect(
    toSpec(dag).tasks.map(({ kind, operator, respectDownstreamRules, retries }) => ({ kind, operator, respectDownstreamRules, retries })),
  ).toEqual([
    { kind: "short_circuit", operator: "short_circuit", respectDownstreamRules: false, retries: 0 },
    { kind: "short_circuit", operator: "short_circuit", respectDownstreamRules: true, retries: 1 },
  ]);
});
