import { canonicalJson } from "@tradewind/core";
import { describe, expect, it } from "vitest";
import { cron, Dag } from "./index.ts";
import { SPEC_DEFAULTS, toSpec } from "./internal.ts";

function salesDag() {
  const dag = new Dag("daily_sales", {
    schedule: cron("0 6 * * *", { timezone: "Europe/Madrid" }),
    startDate: "2026-01-01",
    catchup: false,
    tags: ["sales", "a", "sales"],
  });
  const stores = dag.task("list_stores", async () => ["north", "south"]);
  const total = dag.task("store_total", async ({ store }: { store: string; currency: string }) => ({ store, total: 42 }), {
    retries: 3,
    retryDelay: "30s",
    pool: "warehouse",
  });
  const report = dag.task("report", async ({ totals }: { totals: { store: string; total: number }[] }) => totals.length);
  report({ totals: total.partial({ currency: "EUR" }).expand({ store: stores() }) });
  return dag;
}

const taskOf = (dag: Parameters<typeof toSpec>[0], taskId: string) => toSpec(dag).tasks.find((task) => task.taskId === taskId)!;

describe("toSpec", () => {
  it("gives a complete spec with Airflow's defaults", () => {
    const spec = toSpec(salesDag());
    expect(spec).toMatchObject({
      dagId: "daily_sales",
      schedule: { kind: "cron_trigger", crons: ["0 6 * * *"], timezone: "Europe/Madrid", intervalMs: 0, runImmediately: null },
      startDate: "2026-01-01T00:00:00.000Z",
      endDate: null,
      catchup: false,
      maxActiveRuns: 16,
      maxActiveTasks: 16,
      isPausedUponCreation: null,
      tags: ["a", "sales"],
    });
    expect(spec.tasks.map((task) => task.taskId)).toEqual(["list_stores", "store_total", "report"]);
    expect(spec.tasks[0]).toEqual({
      taskId: "list_stores",
      displayName: null,
      operator: "task",
      kind: "task",
      respectDownstreamRules: false,
      groupId: null,
      upstream: [],
      triggerRule: "all_success",
      inputs: {},
      mapping: null,
      retries: 0,
      retryDelayMs: 300_000,
      retryBackoff: 0,
      maxRetryDelayMs: null,
      executionTimeoutMs: null,
      pool: "default_pool",
      poolSlots: 1,
      priorityWeight: 1,
      weightRule: "downstream",
      queue: "default",
      executor: null,
      maxActiveTisPerDag: null,
      maxActiveTisPerDagrun: null,
      dependsOnPast: false,
      waitForDownstream: false,
      ignoreFirstDependsOnPast: true,
      isSetup: false,
      isTeardown: false,
      setups: [],
      onFailureFailDagRun: false,
      sensor: null,
      callbacks: [],
      isolation: "warm",
      memoryLimitMb: null,
      startDate: null,
      endDate: null,
      owner: "tradewind",
      doc: null,
    });
  });

  it("draws an edge for every result among the inputs, mapped ones too", () => {
    const [, total, report] = toSpec(salesDag()).tasks;
    expect(total).toMatchObject({
      upstream: ["list_stores"],
      inputs: { currency: { kind: "value", value: "EUR" } },
      mapping: { kind: "expand", order: ["store"], inputs: { store: { kind: "xcom", taskId: "list_stores", key: "return_value", path: [] } } },
      retries: 3,
      retryDelayMs: 30_000,
      pool: "warehouse",
    });
    expect(report).toMatchObject({ upstream: ["store_total"], inputs: { totals: { kind: "xcom", taskId: "store_total" } } });
  });

  it("keeps the order of the names in expand: the first varies slowest", () => {
    const dag = new Dag("d");
    dag.task("t", async (inputs: { a: number; z: number }) => inputs).expand({ z: [1], a: [2] });
    expect(taskOf(dag, "t").mapping).toMatchObject({ order: ["z", "a"] });
  });

  it("gives the same bytes for the same source", () => {
    expect(canonicalJson(toSpec(salesDag()))).toBe(canonicalJson(toSpec(salesDag())));
  });

  it("finds results inside lists and objects, and keeps constants whole", () => {
    const dag = new Dag("d");
    const a = dag.task("a", async () => ({ rows: [1, 2] }));
    const b = dag.task("b", async ({ x }: { x: { list: number[]; name: string }; y: number[] }) => x);
    b({ x: { list: [7, a().get("rows").get(1)], name: "n" }, y: [1, 2] });
    expect(taskOf(dag, "b").inputs).toEqual({
      x: {
        kind: "object",
        entries: {
          list: {
            kind: "list",
            items: [
              { kind: "value", value: 7 },
              { kind: "xcom", taskId: "a", key: "return_value", path: ["rows", "1"] },
            ],
          },
          name: { kind: "value", value: "n" },
        },
      },
      y: { kind: "value", value: [1, 2] },
    });
    expect(taskOf(dag, "b").upstream).toEqual(["a"]);
  });

  it("takes the id from the handler's name, and numbers further placements as Airflow does", () => {
    const dag = new Dag("d");
    const extract = dag.task(async function extract() {
      return 1;
    });
    extract();
    extract();
    extract();
    extract.withId("other")();
    dag.task(async () => 1, { taskId: "named" })();
    expect(toSpec(dag).tasks.map((task) => task.taskId)).toEqual(["extract", "extract__1", "extract__2", "other", "named"]);
  });

  it("lets the nearest default win: task over group over outer group over DAG", () => {
    const dag = new Dag("d", { defaultArgs: { retries: 1, pool: "dag", queue: "dag", owner: "ann" } });
    const outer = dag.taskGroup("outer", { defaultArgs: { pool: "outer", queue: "outer" } });
    outer.taskGroup("inner", { defaultArgs: { queue: "inner" } }).task("t", async () => 1, { owner: "bob", retries: undefined })();
    expect(taskOf(dag, "outer.inner.t")).toMatchObject({ retries: 1, pool: "outer", queue: "inner", owner: "bob" });
  });

  it("writes the types of runs it may have in their order, and nothing when all are allowed", () => {
    expect(toSpec(new Dag("d")).allowedRunTypes).toBeUndefined();
    expect(toSpec(new Dag("d", { allowedRunTypes: ["manual", "scheduled", "manual"] })).allowedRunTypes).toEqual(["scheduled", "manual"]);
    expect(() => toSpec(new Dag("d", { allowedRunTypes: [] }))).toThrow(
      /Option "allowedRunTypes" of DAG "d" is \[\]: it must be a list of one or more of scheduled,/,
    );
  });

  it("reads backoff and past dependence as Airflow: true doubles; waitForDownstream implies dependsOnPast", () => {
    const dag = new Dag("d");
    dag.task("t", async () => 1, { retryExponentialBackoff: true, waitForDownstream: true, maxRetryDelay: "1h", executionTimeout: 90_000 })();
    expect(taskOf(dag, "t")).toMatchObject({
      retryBackoff: 2,
      dependsOnPast: true,
      waitForDownstream: true,
      maxRetryDelayMs: 3_600_000,
      executionTimeoutMs: 90_000,
    });
  });

  it("reads dates without an offset in the DAG's time zone", () => {
    const dag = new Dag("d", { timezone: "Europe/Madrid", schedule: "@daily", startDate: "2026-07-01", endDate: "2026-12-31T10:00:00Z" });
    expect(toSpec(dag)).toMatchObject({
      startDate: "2026-06-30T22:00:00.000Z",
      endDate: "2026-12-31T10:00:00.000Z",
      schedule: { kind: "cron_trigger", crons: ["@daily"], timezone: "Europe/Madrid" },
    });
  });
});

describe("the installation's defaults", () => {
  const defaults = {
    ...SPEC_DEFAULTS,
    timezone: "Europe/Madrid",
    catchup: true,
    maxActiveRuns: 2,
    maxActiveTasks: 5,
    retries: 3,
    retryDelayMs: 60_000,
    executionTimeoutMs: 90_000,
    weightRule: "absolute" as const,
    ignoreFirstDependsOnPast: false,
    maxConsecutiveFailedDagRuns: 4,
  };

  it("hold where the author says nothing, for dates without an offset too", () => {
    const dag = new Dag("d", { schedule: "0 6 * * *", startDate: "2026-01-01" });
    dag.task("t", async () => 1, { startDate: "2026-07-01" })();
    expect(toSpec(dag, defaults)).toMatchObject({
      schedule: { crons: ["0 6 * * *"], timezone: "Europe/Madrid" },
      startDate: "2025-12-31T23:00:00.000Z",
      catchup: true,
      maxActiveRuns: 2,
      maxActiveTasks: 5,
      maxConsecutiveFailedDagRuns: 4,
      tasks: [
        {
          ...{ retries: 3, retryDelayMs: 60_000, executionTimeoutMs: 90_000, weightRule: "absolute", ignoreFirstDependsOnPast: false },
          startDate: "2026-06-30T22:00:00.000Z",
        },
      ],
    });
  });

  it("give way to what the DAG, a group's or the DAG's defaultArgs, or the task says, zero and false included", () => {
    const dag = new Dag("d", {
      schedule: "0 6 * * *",
      timezone: "UTC",
      catchup: false,
      maxActiveRuns: 1,
      maxActiveTasks: 1,
      maxConsecutiveFailedDagRuns: 0,
      defaultArgs: { retryDelay: "1s", weightRule: "upstream" },
    });
    dag.task("t", async () => 1, { retries: 0, executionTimeout: "1s", ignoreFirstDependsOnPast: true })();
    expect(toSpec(dag, defaults)).toMatchObject({
      schedule: { timezone: "UTC" },
      catchup: false,
      maxActiveRuns: 1,
      maxActiveTasks: 1,
      maxConsecutiveFailedDagRuns: 0,
      tasks: [{ retries: 0, retryDelayMs: 1_000, executionTimeoutMs: 1_000, weightRule: "upstream", ignoreFirstDependsOnPast: true }],
    });
  });

  it("leave a continuous DAG its one run at a time", () => {
    expect(toSpec(new Dag("d", { schedule: "@continuous" }), defaults).maxActiveRuns).toBe(1);
  });

  it('take "utc", as Airflow writes its default, for UTC', () => {
    const dag = new Dag("d", { schedule: "0 6 * * *" });
    expect(toSpec(dag, { ...SPEC_DEFAULTS, timezone: "utc" })).toEqual(toSpec(dag));
  });
});

describe("a DAG that is not allowed", () => {
  const bad = (build: (dag: Dag) => void, options = {}) => {
    const dag = new Dag("d", options);
    build(dag);
    return () => toSpec(dag);
  };

  it("has a task that was never called, and the error points at its declaration", () => {
    const spec = bad((dag) => dag.task("lost", async () => 1));
    expect(spec).toThrow(/Task "lost" in DAG "d" is declared but never called/);
    try {
      spec();
    } catch (error) {
      expect((error as Error).stack!.split("\n")[1]).toContain("to-spec.test.ts");
    }
  });

  it.each<[string, (dag: Dag) => void, object]>([
    ["a bad schedule", () => {}, { schedule: "sometimes" }],
    ["a bad date", () => {}, { startDate: "soon" }],
    ["a bad option", () => {}, { maxActiveRuns: -1 }],
    ["a bad duration of a task", (dag) => void dag.task("a", async () => 1, { retryDelay: "soon" })(), {}],
    ["a bad option of a task", (dag) => void dag.task("a", async () => 1, { pool: "" })(), {}],
  ])("has %s, and the error points at the author's line", (_what, build, options) => {
    try {
      bad(build, options)();
      expect.unreachable();
    } catch (error) {
      expect((error as Error).stack!.split("\n")[1]).toContain("to-spec.test.ts");
    }
  });

  it("has a cycle, which is named in order", () => {
    expect(
      bad((dag) => {
        const [a, b, c] = ["a", "b", "c"].map((id) => dag.task(id, async () => 1)());
        a!.before(b!);
        b!.before(c!);
        c!.before(a!);
      }),
    ).toThrow('DAG "d" has a cycle: "a" -> "b" -> "c" -> "a"');
  });

  it.each<[string, (dag: Dag) => void, RegExp]>([
    [
      "a task twice",
      (dag) => {
        dag.task("a", async () => 1)();
        dag.task("a", async () => 2)();
      },
      /has a task "a" already/,
    ],
    [
      "a task with a group's id",
      (dag) => {
        dag.taskGroup("g");
        dag.task("g", async () => 1)();
      },
      /has a task group "g" already/,
    ],
    [
      "a bad task id",
      (dag) => {
        dag.task("no spaces", async () => 1);
      },
      /task id "no spaces" in DAG "d" is not allowed/,
    ],
    [
      "a group id with a dot",
      (dag) => {
        dag.taskGroup("a.b");
      },
      /task group id "a.b" in DAG "d" is not allowed/,
    ],
    [
      "a handler without a name",
      (dag) => {
        dag.task(async () => 1);
      },
      /has no id. Write dag.task\("my_task_id", handler\)/,
    ],
    [
      "an uncalled task as input",
      (dag) => {
        const a = dag.task("a", async () => 1);
        dag.task("b", async ({ x }: { x: number }) => x)({ x: a as never });
      },
      /Input "x" of task "b" in DAG "d" is the function .*call it/,
    ],
    [
      "a date as input",
      (dag) => {
        dag.task("b", async ({ x }: { x: string }) => x)({ x: new Date(0) as never });
      },
      /Input "x" of task "b" in DAG "d" is a Date.*toISOString/,
    ],
    [
      "a result as the whole of the inputs",
      (dag) => {
        const a = dag.task("a", async () => ({ x: 1 }))();
        dag.task("b", async ({ x }: { x: number }) => x)(a as never);
      },
      /was called with the result of task "a"/,
    ],
    [
      "a task of another DAG",
      (dag) => {
        dag
          .task("b", async () => 1)()
          .after(new Dag("other").task("a", async () => 1)());
      },
      /given task "a" of DAG "other"/,
    ],
    [
      "an unknown option",
      (dag) => {
        dag.task("a", async () => 1, { retrys: 1 } as never)();
      },
      /Option "retrys" of task "a" in DAG "d"/,
    ],
    [
      "a bad option",
      (dag) => {
        dag.task("a", async () => 1, { poolSlots: 0 })();
      },
      /Option "poolSlots" of task "a" in DAG "d" is 0: it must be a whole number of 1 or more/,
    ],
    [
      "a bad trigger rule",
      (dag) => {
        dag.task("a", async () => 1, { triggerRule: "sometimes" as never })();
      },
      /must be one of all_success/,
    ],
    [
      "a bad duration",
      (dag) => {
        dag.task("a", async () => 1, { retryDelay: "soon" })();
      },
      /retryDelay of task "a" in DAG "d" "soon" is not a duration/,
    ],
    [
      "an empty expand",
      (dag) => {
        dag.task("a", async () => 1).expand({});
      },
      /nothing to expand over/,
    ],
    [
      "an input in partial and expand",
      (dag) => {
        dag
          .task("a", async ({ x }: { x: number }) => x)
          .partial({ x: 1 })
          .expand({ x: [1] });
      },
      /Input "x" of task "a" in DAG "d" is in partial\(\) and in expand\(\)/,
    ],
    [
      "an edge to an empty group",
      (dag) => {
        dag
          .task("a", async () => 1)()
          .before(dag.taskGroup("g"));
      },
      /Task group "g" in DAG "d" has no tasks/,
    ],
    [
      "an edge from a group to its own task",
      (dag) => {
        const g = dag.taskGroup("g");
        g.before(g.task("a", async () => 1)());
      },
      /one of them is inside the other/,
    ],
    [
      "an async group builder",
      (dag) => {
        dag.taskGroup("g", async () => 1);
      },
      /builder of task group "g" in DAG "d" is async/,
    ],
  ])("has %s", (_what, build, message) => {
    expect(() => bad(build)()).toThrow(message);
  });

  it.each<[string, object, RegExp]>([
    ["an unknown option", { schedul: "@daily" }, /Option "schedul" of DAG "d"/],
    ["a bad number", { maxActiveRuns: 0 }, /Option "maxActiveRuns" of DAG "d" is 0/],
    ["an unknown time zone", { timezone: "Mars/Olympus" }, /timezone "Mars\/Olympus" of DAG "d" is not known/],
    ["a continuous schedule with several runs", { schedule: "@continuous", maxActiveRuns: 2 }, /continuous schedule and maxActiveRuns 2/],
    ["an end before its start", { startDate: "2026-02-01", endDate: "2026-01-01" }, /ends \(2026-01-01.*before it starts/],
    ["a date that does not exist", { startDate: "2026-02-30" }, /startDate of DAG "d" is "2026-02-30", which is no date/],
  ])("has %s among its options", (_what, options, message) => {
    expect(bad(() => {}, options)).toThrow(message);
  });

  it("has failFast and a task with another rule than all_success", () => {
    expect(bad((dag) => dag.task("a", async () => 1, { triggerRule: "all_done" })(), { failFast: true })).toThrow(
      /has the trigger rule "all_done", but the DAG has failFast/,
    );
  });

  it("has an id with spaces", () => {
    expect(() => new Dag("my dag")).toThrow(/The DAG id "my dag" is not allowed/);
  });
});
