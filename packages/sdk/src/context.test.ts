import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Dag, FailTask, getClient, getContext, RescheduleTask, RetryTask, SkipTask, type TaskContext } from "./index.ts";
import { classifyError, collectDags, isDag, runTask, toSpec } from "./internal.ts";
import { MemoryRuntime } from "../test/memory-runtime.ts";

/** Runs `body` as a task's handler. */
async function inTask<T>(runtime: MemoryRuntime, body: (context: TaskContext) => T | Promise<T>): Promise<T> {
  let result: T;
  const dag = new Dag("d", { description: "x", tags: ["t"], owner: "ann" });
  dag.task("t", async () => {
    result = await body(getContext());
  })();
  await runTask(dag, "t", { inputs: {}, runtime });
  return result!;
}

describe("getContext", () => {
  it("tells all about the run, the task and the attempt", async () => {
    const context = await inTask(new MemoryRuntime(), (it) => it);
    expect(context).toMatchObject({
      dag: { dagId: "d", description: "x", tags: ["t"], owner: "ann", version: 4 },
      run: { runId: "manual__1", type: "manual", conf: { day: 1 }, startedAt: new Date("2026-01-31T06:00:01Z") },
      task: { taskId: "t", mapIndex: -1, operator: "task" },
      attempt: { id: "0199", tryNumber: 2, maxTries: 3 },
      logicalDate: new Date("2026-01-31T06:00:00Z"),
      dataInterval: { start: new Date("2026-01-30T06:00:00Z"), end: new Date("2026-01-31T06:00:00Z") },
      ds: "2026-01-31",
      dsNodash: "20260131",
      ts: "2026-01-31T06:00:00.000Z",
      tsNodash: "20260131T060000",
      params: { region: "eu" },
    });
  });

  it("falls back to runAfter for a run without a logical date", async () => {
    const runtime = new MemoryRuntime();
    runtime.context = { ...runtime.context, logicalDate: null, dataIntervalStart: null, dataIntervalEnd: null, runAfter: "2026-02-01T09:30:00.000Z" };
    const { logicalDate, run, dataInterval, ds } = await inTask(runtime, (it) => it);
    const at = new Date("2026-02-01T09:30:00Z");
    expect({ logicalDate, interval: run.dataInterval, dataInterval, ds }).toEqual({
      logicalDate: null,
      interval: null,
      dataInterval: { start: at, end: at },
      ds: "2026-02-01",
    });
  });

  it("keeps two tasks apart that run at the same time", async () => {
    const dag = new Dag("d");
    dag.task("t", async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return getContext().attempt.id;
    })();
    const runAs = (attemptId: string) => {
      const runtime = new MemoryRuntime();
      runtime.context = { ...runtime.context, attemptId };
      return runTask(dag, "t", { inputs: {}, runtime });
    };
    expect(await Promise.all([runAs("a"), runAs("b")])).toEqual([{ result: '"a"' }, { result: '"b"' }]);
  });

  it("explains where it works when it is called outside of a task", () => {
    expect(() => getContext()).toThrow(/getContext\(\) was called outside of a running task.*move the call into a handler/s);
    expect(() => getClient()).toThrow(/getClient\(\) was called outside/);
  });

  it("logs texts and fields, and shows errors in fields", async () => {
    const runtime = new MemoryRuntime();
    await inTask(runtime, ({ log }) => {
      log.info("plain");
      log.warn({ rows: 3 }, "with fields");
      log.error({ cause: new RangeError("boom") });
    });
    expect(runtime.entries).toEqual([
      { level: "info", message: "plain" },
      { level: "warn", message: "with fields", fields: { rows: 3 } },
      { level: "error", message: "", fields: { cause: { type: "RangeError", message: "boom", stack: expect.stringContaining("boom") } } },
    ]);
  });

  it("reports progress as a share, as numbers and as words", async () => {
    const runtime = new MemoryRuntime();
    await inTask(runtime, ({ progress }) => {
      progress(0.25);
      progress(7);
      progress({ current: 3, total: 4 });
      progress({ current: 3 });
      progress({ message: "nearly" });
      progress({ current: 0, total: 0 });
    });
    expect(runtime.reports).toEqual([
      { fraction: 0.25, message: null },
      { fraction: 1, message: null },
      { fraction: 0.75, message: "3 of 4" },
      { fraction: null, message: "3" },
      { fraction: null, message: "nearly" },
      { fraction: null, message: "0 of 0" },
    ]);
  });
});

describe("getClient", () => {
  it("reads and writes variables", async () => {
    const runtime = new MemoryRuntime();
    await inTask(runtime, async () => {
      const { variables } = getClient();
      await variables.set("limits", { rows: 3 });
      await variables.set("region", "eu");
      expect(await variables.getJson<{ rows: number }>("limits")).toEqual({ rows: 3 });
      expect(await variables.get("region")).toBe("eu");
      expect(await variables.get("none", { default: null })).toBeNull();
      await expect(variables.get("none")).rejects.toMatchObject({
        code: "variable_not_found",
        message: expect.stringContaining('Task "t" of DAG "d" asked for variable "none"'),
      });
      await expect(variables.getJson("region")).rejects.toMatchObject({ code: "not_json", message: expect.not.stringContaining('eu"') });
      expect([await variables.delete("region"), await variables.delete("region")]).toEqual([true, false]);
    });
  });

  it("finds connections, XComs and runs, or says what is missing", async () => {
    const runtime = new MemoryRuntime();
    runtime.xcoms.set("other.return_value", [1]);
    runtime.states = ["running"];
    await inTask(runtime, async () => {
      const { connections, xcom, dagRuns } = getClient();
      await expect(connections.get("db")).rejects.toMatchObject({ code: "connection_not_found" });
      expect(await xcom.get({ taskId: "other" })).toEqual([1]);
      expect(await xcom.get({ taskId: "other", key: "none" })).toBeNull();
      await xcom.set("mine", { a: 1 });
      await expect(xcom.set("mine", new Date() as never)).rejects.toMatchObject({ code: "not_json" });
      expect(await dagRuns.trigger({ dagId: "next", logicalDate: "2026-01-01", conf: { a: 1 } })).toEqual({
        dagId: "next",
        runId: "operator_triggered__1",
        state: "queued",
      });
      expect(await dagRuns.state("next", "x")).toBe("running");
      runtime.states = [];
      await expect(dagRuns.state("next", "x")).rejects.toMatchObject({ code: "dag_run_not_found" });
    });
    expect(runtime.xcoms.get("t.mine")).toEqual({ a: 1 });
    expect(runtime.triggered).toEqual([{ dagId: "next", logicalDate: "2026-01-01T00:00:00.000Z", conf: { a: 1 } }]);
  });
});

describe("classifyError", () => {
  it("knows the three errors an author may throw", () => {
    expect(classifyError(new SkipTask("no rows"))).toEqual({ kind: "skip", message: "no rows" });
    expect(classifyError(new FailTask("bad key"))).toMatchObject({ kind: "fail", type: "FailTask", message: "bad key" });
    expect(classifyError(new RetryTask("busy", { after: "90s" }))).toMatchObject({ kind: "retry", message: "busy", afterMs: 90_000 });
    expect(classifyError(new RetryTask("busy"))).toMatchObject({ kind: "retry", afterMs: undefined });
    expect(() => new RetryTask("busy", { after: "soon" })).toThrow(/RetryTask's after "soon" is not a duration/);
    expect(classifyError(new RescheduleTask({ after: "5m", message: "no file yet" }))).toEqual({
      kind: "reschedule",
      message: "no file yet",
      afterMs: 300_000,
    });
  });

  it("knows those of another loaded copy of this package, by their symbol", () => {
    const foreign = Object.assign(new Error("no rows"), { [Symbol.for("tradewind.task-signal")]: "skip" });
    expect(classifyError(foreign)).toEqual({ kind: "skip", message: "no rows" });
  });

  it.each<[string, unknown, object]>([
    [
      "an error with causes",
      new TypeError("outer", { cause: new Error("inner") }),
      { type: "TypeError", message: "outer", stack: expect.stringMatching(/outer[^]*Caused by: Error: inner/) },
    ],
    ["a text", "boom", { type: "string", message: "boom", stack: undefined }],
    ["nothing", undefined, { type: "undefined", message: "undefined" }],
    ["an object without a prototype", Object.create(null), { type: "object" }],
  ])("takes anything else for an error: %s", (_what, thrown, verdict) => {
    expect(classifyError(thrown)).toMatchObject({ kind: "error", ...verdict });
  });
});

describe("params", () => {
  const specOf = (params: object) => toSpec(new Dag("d", { params } as never)).params;

  it("keep the author's order, which is said where names would not come back in it", () => {
    const orderOf = (params: object) => toSpec(new Dag("d", { params } as never)).paramOrder;
    expect(orderOf({ to: "", from: "", at: "" })).toEqual(["to", "from", "at"]);
    expect(orderOf({ at: "", from: "", to: "" })).toBeUndefined();
  });

  it("may be JSON schemas, zod schemas and plain defaults", () => {
    expect(
      specOf({
        limit: { type: "integer", default: 10, minimum: 1, description: "rows" },
        day: { type: "string" },
        region: "eu",
        list: [1, 2],
        mode: z.enum(["full", "delta"]).default("delta").describe("how much"),
        size: z.number().min(1),
      }),
    ).toEqual({
      limit: { schema: { type: "integer", minimum: 1 }, default: 10, description: "rows" },
      day: { schema: { type: "string" }, description: null },
      region: { schema: {}, default: "eu", description: null },
      list: { schema: {}, default: [1, 2], description: null },
      mode: { schema: { type: "string", enum: ["full", "delta"] }, default: "delta", description: "how much" },
      size: { schema: { type: "number", minimum: 1 }, description: null },
    });
  });

  it("may not be objects without a schema's words, nor zod schemas that no JSON schema can say", () => {
    expect(() => specOf({ box: { width: 1 } })).toThrow(/Param "box" of DAG "d" is .*not a JSON schema.*type: "object"/);
    expect(() => specOf({ box: z.string().transform(Number) })).toThrow(/Param "box" of DAG "d" is a schema of "zod" that has no JSON schema/);
    expect(() => specOf({ at: { type: "string", default: new Date() } })).toThrow(/Param "at" of DAG "d" is not JSON/);
  });
});

describe("collectDags", () => {
  it("finds DAGs that are exports, in lists and in objects, each once", () => {
    const [a, b, c] = ["a", "b", "c"].map((id) => new Dag(id));
    expect(
      collectDags({ default: a, a, list: [b, a], object: { c, n: 1 }, n: 1, f: () => a, nothing: null })
        .map((dag) => dag.dagId)
        .sort(),
    ).toEqual(["a", "b", "c"]);
    expect(isDag({ dagId: "a" })).toBe(false);
  });

  it("refuses two DAGs with one id", () => {
    expect(() => collectDags({ a: new Dag("same"), b: new Dag("same") })).toThrow(/exports two DAGs with the id "same"/);
  });
});
