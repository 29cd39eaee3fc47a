import type { Json } from "@tradewind/core";
import { describe, expect, it } from "vitest";
import { MemoryRuntime } from "../test/memory-runtime.ts";
import { type CallbackContext, Dag, FailTask, getClient, getContext, RetryTask, type RetryRule, SkipTask, type TaskOptions } from "./index.ts";
import { callbackAfter, runAttempt, runDagCallbacks, runTaskCallbacks, toSpec } from "./internal.ts";

function runtimeOf(dag: Dag, taskId: string, mapIndex = -1): MemoryRuntime {
  const runtime = new MemoryRuntime();
  runtime.context = { ...runtime.context, dagId: dag.dagId, taskId, mapIndex };
  return runtime;
}

async function attempt(handler: () => unknown, options: TaskOptions, inputs: Record<string, Json> = {}, mapIndex = -1) {
  const dag = new Dag("d");
  dag.task("t", handler as () => Json, options)();
  const runtime = runtimeOf(dag, "t", mapIndex);
  return { end: await runAttempt(dag, "t", { inputs, runtime }), runtime, dag };
}

class RateLimited extends Error {
  code = "E429";
}
class VeryRateLimited extends RateLimited {}

describe("a retry policy", () => {
  const thrower = (error: unknown) => () => {
    throw error;
  };

  it.each<[string, RetryRule[], unknown, object]>([
    ["no rule fits", [{ code: "E1", action: "fail" }], new RateLimited("slow"), { kind: "error", type: "Error" }],
    ["by class", [{ error: RateLimited, action: "fail", reason: "never" }], new VeryRateLimited("slow"), { kind: "fail", reason: "never" }],
    ["by the name of a class above", [{ error: "RateLimited", action: "fail" }], new VeryRateLimited("slow"), { kind: "fail" }],
    ["by a pattern for names", [{ error: /^Type/, action: "fail" }], new TypeError("x"), { kind: "fail" }],
    ["by a function", [{ error: (error) => (error as Error).message === "slow", action: "fail" }], new Error("slow"), { kind: "fail" }],
    ["by a part of the message", [{ message: "low", action: "fail" }], new Error("slow"), { kind: "fail" }],
    ["by a pattern for messages", [{ message: /^low/, action: "fail" }], new Error("slow"), { kind: "error" }],
    ["by code", [{ code: ["A", "E429"], action: "retry", delay: "5s" }], new RateLimited("slow"), { kind: "retry", afterMs: 5000 }],
    ["all of a rule must fit", [{ code: "E429", message: "fast", action: "fail" }], new RateLimited("slow"), { kind: "error" }],
    [
      "the first that fits decides",
      [{ code: "E429", action: "default", reason: "as always" }, { action: "fail" }],
      new RateLimited("slow"),
      { kind: "error", reason: "as always" },
    ],
    ["a retry without a delay has the task's", [{ action: "retry" }], new Error("x"), { kind: "retry", afterMs: undefined }],
    ["what is thrown need not be an error", [{ error: "string", message: "oh", action: "fail" }], "oh no", { kind: "fail" }],
    ["FailTask is not asked about", [{ action: "retry", delay: "1s" }], new FailTask("no"), { kind: "fail" }],
    ["nor RetryTask", [{ action: "fail" }], new RetryTask("later", { after: "9s" }), { kind: "retry", afterMs: 9000 }],
    ["nor SkipTask", [{ action: "fail" }], new SkipTask("none"), { kind: "skip", message: "none" }],
  ])("%s", async (_what, retryPolicy, thrown, verdict) => {
    const { end } = await attempt(thrower(thrown), { retryPolicy });
    expect(end).toMatchObject({ kind: "thrown", verdict });
  });

  it("that fails itself leaves the task's own retries, and is told of", async () => {
    const broken: RetryRule = {
      error: () => {
        throw new Error("policy");
      },
      action: "fail",
    };
    const { end, runtime } = await attempt(thrower(new Error("x")), { retryPolicy: [broken] });
    expect(end).toMatchObject({ kind: "thrown", verdict: { kind: "error" } });
    expect(runtime.lines()).toContain("The retry policy failed: policy. The task's own retries decide.");
  });

  it.each<[unknown, RegExp]>([
    [{}, /must be a list of rules/],
    [[1], /has at place 0 a rule that is 1/],
    [[{ action: "fail" }, { action: "again" }], /has at place 1 a rule that has the action "again"/],
    [[{ action: "fail", delay: "1s" }], /has a delay with the action "fail"/],
    [[{ action: "retry", delay: "soon" }], /has no good delay/],
    [[{ action: "fail", type: "x" }], /has "type"; known are error, message/],
  ])("is checked when the file is loaded: %j", (retryPolicy, message) => {
    const dag = new Dag("d");
    dag.task("t", async () => 1, { retryPolicy: retryPolicy as never })();
    expect(() => toSpec(dag)).toThrow(message);
  });
});

describe("conditions", () => {
  it.each<[string, TaskOptions, object]>([
    ["skipIf true", { skipIf: () => true }, { kind: "thrown", verdict: { kind: "skip", message: "skipIf gave true" } }],
    ["skipIf with a reason", { skipIf: async () => "a holiday" }, { kind: "thrown", verdict: { kind: "skip", message: "a holiday" } }],
    ["skipIf false", { skipIf: () => false }, { kind: "success", result: "1" }],
    ["runIf false", { runIf: () => false }, { kind: "thrown", verdict: { kind: "skip", message: "runIf gave false" } }],
    ["runIf true", { runIf: ({ inputs, ds }) => inputs.x === 1 && ds === "2026-01-31" }, { kind: "success", result: "1" }],
    ["one that throws", { runIf: () => Promise.reject(new Error("oh")) }, { kind: "thrown", verdict: { kind: "error", message: "oh" } }],
  ])("%s", async (_what, options, end) => {
    expect((await attempt(() => 1, options, { x: 1 })).end).toMatchObject(end);
  });

  it("make an empty task one that is executed", async () => {
    const { empty } = await import("./operators/index.ts");
    const dag = new Dag("d");
    dag.add(empty("e", { skipIf: () => true }));
    dag.add(empty("f"));
    expect(toSpec(dag).tasks.map(({ kind }) => kind)).toEqual(["task", "empty"]);
    expect(await runAttempt(dag, "e", { inputs: {}, runtime: runtimeOf(dag, "e") })).toMatchObject({ verdict: { kind: "skip" } });
  });
});

describe("labels of mapped instances", () => {
  const mapIndexTemplate: TaskOptions["mapIndexTemplate"] = ({ inputs, result }) => `${inputs.x as string}:${JSON.stringify(result)}`;

  it("are made from inputs and result when the handler has ended, well or not", async () => {
    expect((await attempt(() => [7], { mapIndexTemplate }, { x: "a" }, 0)).end).toMatchObject({ kind: "success", mapIndexLabel: "a:[7]" });
    const failed = await attempt(() => Promise.reject(new Error("x")), { mapIndexTemplate }, { x: "a" }, 0);
    expect(failed.end).toMatchObject({ kind: "thrown", mapIndexLabel: "a:undefined" });
  });

  it("are left out where there is no index, and where they can't be made", async () => {
    expect((await attempt(() => 1, { mapIndexTemplate }, { x: "a" })).end).not.toHaveProperty("mapIndexLabel");
    const broken = await attempt(() => 1, { mapIndexTemplate: () => Promise.reject(new Error("no label")) }, {}, 0);
    expect(broken.end).toEqual({ kind: "success", result: "1" });
    expect(broken.runtime.lines()).toEqual(["mapIndexTemplate failed: no label"]);
  });
});

describe("callbacks", () => {
  it("are named in the spec, the nearest of task, groups and DAG", () => {
    const dag = new Dag("d", { defaultArgs: { onFailure: () => 1 }, onSuccess: [() => 1], onFailure: [] });
    const group = dag.taskGroup("g", { defaultArgs: { onExecute: [() => 1, () => 2] } });
    group.task("a", async () => 1, { onFailure: [], onSkipped: () => 1 })();
    dag.task("b", async () => 1)();
    const spec = toSpec(dag);
    expect(spec.callbacks).toEqual(["success"]);
    expect(spec.tasks.map(({ callbacks }) => callbacks)).toEqual([["execute", "skipped"], ["failure"]]);
  });

  it("on execute are called before the handler, inside the task; what they throw is logged", async () => {
    const order: unknown[] = [];
    const { end, runtime } = await attempt(() => order.push("handler"), {
      onExecute: [
        ({ event, task }) => order.push(event, task.taskId, getContext().run.runId),
        async function failing() {
          throw new Error("oh");
        },
        () => order.push("third"),
      ],
    });
    expect(order).toEqual(["execute", "t", "manual__1", "third", "handler"]);
    expect(end.kind).toBe("success");
    expect(runtime.lines()[0]).toMatch(/^The callback onExecute "failing" failed: Error: oh\n/);
  });

  it("get what happened, may use the client, and say which of them failed", async () => {
    const seen: unknown[] = [];
    const dag = new Dag("d");
    dag.task("t", async () => 1, {
      onFailure: [
        async ({ error, reason, attempt, log }) => {
          log.info("notified");
          seen.push(error, reason, attempt.tryNumber, await getClient().variables.get("v", { default: "none" }));
        },
        () => {
          throw new Error("down");
        },
      ],
    })();
    const runtime = runtimeOf(dag, "t");
    const report = await runTaskCallbacks(dag, "t", "failure", runtime, { error: { message: "the process died" }, reason: "lost" });
    expect(seen).toEqual([{ type: null, message: "the process died", stack: null }, "lost", 2, "none"]);
    expect(report).toEqual({ called: 2, failures: [{ index: 1, name: "onFailure number 2", message: "down" }] });
    expect(await runTaskCallbacks(dag, "t", "failure", runtime, {}, [1])).toMatchObject({ called: 1, failures: [{ index: 1 }] });
    expect(await runTaskCallbacks(dag, "t", "success", runtime)).toEqual({ called: 0, failures: [] });
  });

  it("of a DAG get the run and the task that tells most", async () => {
    const seen: CallbackContext[] = [];
    const dag = new Dag("d", { onFailure: (context) => seen.push(context) });
    dag.task("t", async () => 1)();
    await runDagCallbacks(dag, "failure", runtimeOf(dag, ""), {
      state: "failed",
      reason: "task_failure",
      task: { taskId: "t", mapIndex: -1, state: "failed" },
    });
    expect(seen).toMatchObject([
      {
        level: "dag",
        event: "failure",
        state: "failed",
        reason: "task_failure",
        task: { taskId: "t" },
        run: { runId: "manual__1" },
        ds: "2026-01-31",
      },
    ]);
    expect(seen[0]).not.toHaveProperty("attempt");
  });

  it.each<[string, Parameters<typeof callbackAfter>, string | null]>([
    ["success", [{ kind: "success" }, { tryNumber: 1, maxTries: 0 }, 0], "success"],
    [
      "a failure with tries left",
      [{ kind: "thrown", verdict: { kind: "error", type: "E", message: "", stack: undefined } }, { tryNumber: 1, maxTries: 1 }, 1],
      "retry",
    ],
    [
      "the last failure",
      [{ kind: "thrown", verdict: { kind: "error", type: "E", message: "", stack: undefined } }, { tryNumber: 2, maxTries: 1 }, 1],
      "failure",
    ],
    [
      "FailTask",
      [{ kind: "thrown", verdict: { kind: "fail", type: "E", message: "", stack: undefined } }, { tryNumber: 1, maxTries: 1 }, 1],
      "failure",
    ],
    ["a skip", [{ kind: "thrown", verdict: { kind: "skip", message: "" } }, { tryNumber: 1, maxTries: 1 }, 1], "skipped"],
    ["a reschedule", [{ kind: "thrown", verdict: { kind: "reschedule", message: "", afterMs: 1 } }, { tryNumber: 1, maxTries: 1 }, 1], null],
  ])("follow the end of an attempt: %s", (_what, given, event) => {
    expect(callbackAfter(...given)).toBe(event);
  });

  it("must be functions", () => {
    const dag = new Dag("d", { onSuccess: "tell" as never });
    expect(() => toSpec(dag)).toThrow('Option "onSuccess" of DAG "d" is "tell": it must be a function or a list of functions.');
    const other = new Dag("d");
    other.task("t", async () => 1, { onRetry: [1] as never })();
    expect(() => toSpec(other)).toThrow('Option "onRetry" of task "t" in DAG "d" is [1]: it must be a function or a list of functions.');
  });
});

describe("latestOnly", () => {
  const passes = async (now: string, run: object) => {
    const dag = new Dag("d", { schedule: "@daily", timezone: "Europe/Madrid" });
    dag.latestOnly("newest");
    const task = toSpec(dag).tasks[0]!;
    expect(task).toMatchObject({ kind: "short_circuit", operator: "latest_only", respectDownstreamRules: true });
    const runtime = Object.assign(runtimeOf(dag, "newest"), { now: () => Date.parse(now) });
    Object.assign(runtime.context, { runType: "scheduled", dataIntervalStart: "2026-01-29T23:00:00Z", dataIntervalEnd: "2026-01-30T23:00:00Z" }, run);
    const inputs = { timetable: (task.inputs.timetable as { value: Json }).value };
    const end = await runAttempt(dag, "newest", { inputs, runtime });
    return end.kind === "success" && end.result === "true";
  };

  it("passes from the end of its interval to the end of the next", async () => {
    expect(await passes("2026-01-30T22:59:59Z", {})).toBe(false);
    expect(await passes("2026-01-31T22:59:59Z", {})).toBe(true);
    expect(await passes("2026-01-31T23:00:01Z", {})).toBe(false);
  });

  it("passes runs by hand, and runs whose interval is empty", async () => {
    expect(await passes("2026-03-01T00:00:00Z", { runType: "manual" })).toBe(true);
    expect(await passes("2026-03-01T00:00:00Z", { dataIntervalStart: "2026-01-30T23:00:00Z" })).toBe(true);
  });
});
