import { describe, expect, it } from "vitest";
import { Dag, every, getClient, getContext, RescheduleTask, SkipTask } from "../index.ts";
import { crash, fail, skip, testDag, timeout } from "./index.ts";

const noop = async () => 1;

function pipeline() {
  const dag = new Dag("sales", { schedule: "@daily", startDate: "2026-01-01", params: { limit: { type: "integer", default: 10 } } });
  const extract = dag.task("extract", async () => [1, 2, 3], { retries: 2, retryDelay: "10m" });
  const double = dag.task("double", async ({ n, by }: { n: number; by: number }) => n * by);
  const sum = dag.task("sum", async ({ all }: { all: number[] }) => all.reduce((one, other) => one + other, 0));
  sum({ all: double.partial({ by: 2 }).expand({ n: extract() }) });
  return dag;
}

describe("testDag", () => {
  it("runs the handlers and gives states, results, order and logs", async () => {
    const run = await testDag(pipeline()).run();
    expect(run.state).toBe("success");
    expect(run.states).toEqual({ extract: "success", "double[0]": "success", "double[1]": "success", "double[2]": "success", sum: "success" });
    expect(run.order).toEqual(["extract", "double[0]", "double[1]", "double[2]", "sum"]);
    expect(run.xcom("double")).toEqual([2, 4, 6]);
    expect(run.task("sum")).toMatchObject({ result: 12, tryNumber: 1, attempts: [{ inputs: { all: [2, 4, 6] }, outcome: "success" }] });
    expect(run.task("double", 1).result).toBe(4);
    expect(() => run.task("double")).toThrow('has double[0], double[1], double[2] of task "double"; say which one');
    expect(() => run.task("dubble")).toThrow('has no task "dubble"');
  });

  it("takes what an installation would give: params, variables, connections, dates", async () => {
    const dag = new Dag("d", { schedule: "@daily", params: { limit: { type: "integer", default: 10, maximum: 20 } } });
    dag.task("t", async () => {
      const { params, ds, run, log, logicalDate } = getContext();
      const { variables, connections, xcom } = getClient();
      log.info({ ds }, "hello");
      await xcom.set("extra", { ds });
      await variables.set("seen", "yes");
      const { host, port, login, password, schema, connType } = await connections.get("db");
      return {
        params,
        run: run.type,
        at: logicalDate,
        region: await variables.get("region"),
        url: `${connType}:${login}:${password}@${host}:${port}/${schema}`,
      };
    })();
    const test = testDag(dag);
    const run = await test.run({
      logicalDate: "2026-02-03T04:00:00Z",
      params: { limit: 5 },
      variables: { region: "eu" },
      connections: { db: "postgres://ann:secret@db.example.com:5433/sales" },
    });
    expect(run.task("t")).toMatchObject({
      result: {
        params: { limit: 5 },
        run: "manual",
        at: "2026-02-03T04:00:00.000Z",
        region: "eu",
        url: "postgres:ann:secret@db.example.com:5433/sales",
      },
      xcoms: { extra: { ds: "2026-02-03" } },
      logs: [{ level: "info", message: "hello", fields: { ds: "2026-02-03" } }],
    });
    await expect(test.run({ params: { limit: 50 } })).rejects.toMatchObject({ code: "invalid_params" });
    const without = await test.run();
    expect(without.state).toBe("failed");
    expect(without.task("t").reason).toContain('asked for connection "db"');
  });

  it("has stand-ins for tasks: a result, or a function that gets the inputs", async () => {
    const run = await testDag(pipeline()).run({ mocks: { extract: [10], double: ({ n }: { n: number }) => n + getContext().task.mapIndex } });
    expect(run.task("sum").result).toBe(10);
    await expect(testDag(pipeline()).run({ mocks: { extrakt: [] } })).rejects.toThrow('DAG "sales" has no task "extrakt"');
  });

  it("jumps over retry delays", async () => {
    const run = await testDag(pipeline()).run({ faults: [fail("extract", { attempt: 1 }), crash("extract", { attempt: 2 })] });
    expect(run.state).toBe("success");
    expect(run.task("extract")).toMatchObject({ tryNumber: 3, attempts: [{ outcome: "failed" }, { outcome: "failed" }, { outcome: "success" }] });
    expect(run.durationMs).toBe(20 * 60_000);
    expect(run.timeline.filter(({ taskId }) => taskId === "extract").map(({ state }) => state)).toEqual([
      "scheduled",
      "running",
      "up_for_retry",
      "scheduled",
      "running",
      "up_for_retry",
      "scheduled",
      "running",
      "success",
    ]);
    const failed = await testDag(pipeline()).run({ faults: [fail("extract")] });
    expect(failed.states).toEqual({ extract: "failed", double: "upstream_failed", sum: "upstream_failed" });
    expect(failed.reason).toBe("task_failure");
  });

  it("makes any kind of fault, where it is told to", async () => {
    const run = await testDag(pipeline()).run({ faults: [timeout("double", { mapIndex: 0 }), skip("double", { mapIndex: 1 })] });
    expect(run.states).toMatchObject({ "double[0]": "failed", "double[1]": "skipped", "double[2]": "success", sum: "upstream_failed" });
    expect(run.task("double", 0).reason).toContain('Task "double[0]" ran longer than its execution timeout');
  });

  it("gives branches, skips and callbacks as an installation does", async () => {
    const seen: string[] = [];
    const dag = new Dag("d", { onFailure: ({ reason, task }) => seen.push(`dag ${reason} ${task?.taskId}`) });
    const [left, right] = ["left", "right"].map((id) => dag.task(id, noop)());
    dag
      .if(dag.task("check", async () => false)())
      .then(left!)
      .else(right!);
    dag.task("broken", async () => Promise.reject(new Error("oh")), {
      retries: 1,
      onRetry: () => seen.push("retry"),
      onFailure: ({ error }) => seen.push(`failure ${error?.message}`),
    })();
    dag.task(
      "gone",
      () => {
        throw new SkipTask("none");
      },
      { onSkipped: ({ reason }) => seen.push(`skipped ${reason}`) },
    )();
    const run = await testDag(dag).run();
    expect(run.states).toEqual({ left: "skipped", right: "success", check: "success", broken: "failed", gone: "skipped" });
    expect(seen).toEqual(["retry", "skipped none", "failure oh", "dag task_failure broken"]);
    expect(run.callbacks.map(({ event, taskId }) => [event, taskId])).toEqual([
      ["retry", "broken"],
      ["skipped", "gone"],
      ["failure", "broken"],
      ["failure", null],
    ]);
    seen.length = 0;
    await testDag(dag).run({ callbacks: false });
    expect(seen).toEqual([]);
  });

  it("runs some tasks and what they need", async () => {
    const run = await testDag(pipeline()).run({ only: ["double"] });
    expect(Object.keys(run.states)).toEqual(["extract", "double[0]", "double[1]", "double[2]"]);
    expect(run.state).toBe("success");
  });
});

describe("waiting", () => {
  it("lets others run while a sensor waits in its process, and takes no time", async () => {
    const dag = new Dag("d");
    let isThere = false;
    dag.sensor("wait", async () => isThere, { pokeInterval: "1h", timeout: "1d" })();
    dag.task("make", async () => void (isThere = true), { retries: 1, retryDelay: "150m" })();
    const run = await testDag(dag).run({ faults: [fail("make", { attempt: 1 })] });
    expect(run.states).toEqual({ wait: "success", make: "success" });
    expect(run.order).toEqual(["wait", "make", "make"]);
    expect(run.durationMs).toBe(3 * 3_600_000);
  });

  it("begins a rescheduled sensor again as the same try, until its timeout over all of them", async () => {
    const dag = new Dag("d");
    const seen: number[] = [];
    dag.sensor("wait", async () => (seen.push(getContext().attempt.rescheduleCount), false), {
      mode: "reschedule",
      pokeInterval: "1h",
      timeout: "3h",
    })();
    const run = await testDag(dag).run();
    expect(run.task("wait")).toMatchObject({ state: "failed", tryNumber: 1 });
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(run.durationMs).toBe(3 * 3_600_000);
  });

  it("stops what runs longer than its execution timeout, by whichever clock it waits", async () => {
    const dag = new Dag("d");
    dag.sensor("poke", async () => false, { pokeInterval: "1h", executionTimeout: "90m" })();
    dag.task("hang", () => new Promise(() => undefined), { executionTimeout: 20 })();
    const run = await testDag(dag).run();
    expect(run.states).toEqual({ poke: "failed", hang: "failed" });
    expect(run.task("poke").reason).toContain("execution timeout of 5400 s");
    expect(run.durationMs).toBe(90 * 60_000);
  });

  it("ends a run that takes longer than it may", async () => {
    const dag = new Dag("d", { dagrunTimeout: "2h" });
    dag.task("t", () => Promise.reject(new Error("x")), { retries: 9, retryDelay: "50m" })();
    dag.sensor("wait", async () => false, { pokeInterval: "30m" })();
    const run = await testDag(dag).run();
    expect([run.state, run.reason, run.durationMs]).toEqual(["failed", "timed_out", 2 * 3_600_000]);
    expect(run.states).toEqual({ t: "skipped", wait: "skipped" });
    expect(run.task("wait").attempts).toMatchObject([{ outcome: "cancelled" }]);
  });

  it("passes the tries of whole groups", async () => {
    const dag = new Dag("d");
    const group = dag.taskGroup("g", () => dag.task("a", noop)().before(dag.task("b", noop)()), { retries: 1, retryDelay: "1h" });
    group.before(dag.task("after", noop)());
    const run = await testDag(dag).run({ faults: [fail("g.b", { attempt: 1 })] });
    expect(run.order).toEqual(["g.a", "g.b", "g.a", "g.b", "after"]);
    expect(run.state).toBe("success");
    expect(run.durationMs).toBe(3_600_000);
  });

  it("runs loops and mapped groups", async () => {
    const dag = new Dag("d");
    const step = dag.task("step", async ({ previous, index }: { previous: number | null; index: number }) => (previous ?? 1) * 2 + index);
    const loop = dag
      .taskGroup("l")
      .loop({ maxIterations: 5, until: (value: number) => value > 10 }, ({ previous, index }) => step({ previous, index }));
    dag.task("use", async ({ value }: { value: number }) => value)({ value: loop.result });
    const add = dag.task("add", async ({ x }: { x: number }) => x + 1);
    const group = dag.taskGroup("g").expand({ x: [1, 2] }, ({ x }) => add({ x: add({ x }) }));
    dag.task("all", async ({ values }: { values: number[] }) => values)({ values: group.result });
    const run = await testDag(dag).run();
    expect(run.xcom("use")).toBe(12);
    expect(run.xcom("all")).toEqual([3, 4]);
    expect(Object.keys(run.states).filter((name) => name.startsWith("l."))).toEqual([
      "l.step[0]",
      "l.step[1]",
      "l.step[2]",
      "l.loop_gate[0]",
      "l.loop_gate[1]",
      "l.loop_gate[2]",
    ]);
  });
});

describe("the timetable", () => {
  it("is simulated: the next runs, and those of a period with catchup", async () => {
    const dag = new Dag("d", { schedule: "0 6 * * *", timezone: "Europe/Madrid", startDate: "2026-03-28" });
    dag.task("t", async () => getContext().ds)();
    const test = testDag(dag);
    expect(test.next(2).map(({ runAfter }) => runAfter.toISOString())).toEqual(["2026-03-28T05:00:00.000Z", "2026-03-29T04:00:00.000Z"]);
    const planned = test.schedule({ from: "2026-03-28", to: "2026-03-31" });
    expect(planned.map(({ runId }) => runId)).toEqual([
      "scheduled__2026-03-28T05:00:00+00:00",
      "scheduled__2026-03-29T04:00:00+00:00",
      "scheduled__2026-03-30T04:00:00+00:00",
    ]);
    const run = await test.run(planned[1]);
    expect([run.runId, run.xcom("t")]).toEqual([planned[1]!.runId, "2026-03-29"]);
  });

  it("makes up missed runs only with catchup", () => {
    const make = (catchup: boolean) => testDag(new Dag("d", { schedule: every("1d"), startDate: "2026-01-01", catchup }));
    expect(make(true).schedule({ from: "2026-01-03", to: "2026-01-04" })).toHaveLength(4);
    expect(make(false).schedule({ from: "2026-01-03", to: "2026-01-04" })).toHaveLength(2);
  });

  it("lets runs see the ones before", async () => {
    const dag = new Dag("d", { schedule: "@daily", startDate: "2026-01-01" });
    dag.task("t", noop, { dependsOnPast: true })();
    const test = testDag(dag);
    const [first, second] = test.next(2);
    expect((await test.run({ ...first!, faults: [fail("t")] })).state).toBe("failed");
    const run = await test.run(second);
    expect(run.state).toBe("running");
    expect(run.task("t").reason).toContain("depends on its past");
  });

  it("makes only runs of types that the DAG allows", async () => {
    const dag = new Dag("d", { schedule: "@daily", allowedRunTypes: ["scheduled"] });
    dag.task("t", noop)();
    const test = testDag(dag);
    expect((await test.run()).runId).toMatch(/^scheduled__/);
    await expect(test.run({ runType: "manual" })).rejects.toThrow('Tried to make a manual run of DAG "d", which allows only scheduled runs');
    expect(testDag(new Dag("e", { schedule: "@daily", allowedRunTypes: ["manual"] })).next(2)).toEqual([]);
  });

  it("has what is to be skipped wait for its past, when it is told to", async () => {
    const dag = new Dag("d", { schedule: "@daily", startDate: "2026-01-01" });
    const first = dag.task("first", noop);
    const then = dag.task("then", noop, { dependsOnPast: true, waitForPastDependsBeforeSkipping: true });
    first().before(then());
    const test = testDag(dag);
    const [one, two] = test.next(2);
    await test.run({ ...one!, faults: [fail("then")] });
    const run = await test.run({ ...two!, faults: [skip("first")] });
    expect([run.task("then").state, run.state]).toEqual([null, "running"]);
    expect(run.task("then").reason).toContain("depends on its past");
  });

  it("gives sensors a clock that begins with the run", async () => {
    const dag = new Dag("d", { schedule: "@daily" });
    dag.task(
      "t",
      () => {
        throw new RescheduleTask({ after: "1h" });
      },
      {},
    )();
    const run = await testDag(dag).run({ runAfter: "2026-05-01", only: ["t"], faults: [skip("t", { attempt: 1 })] });
    expect(run.timeline[0]!.at.toISOString()).toBe("2026-05-01T00:00:00.000Z");
  });
});
