import type { AttemptGrant } from "@tradewind/contract";
import type { TaskSpec } from "@tradewind/core";
import { builder, run, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { countAlive, dagSpec, dispatchOnce, drain, failure, HOST, ok, runStateOf, startEngine, statesOf, storeDags, task } from "./fixture.ts";

const database = useTestDatabase();
let engine: Engine;
let other: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
  other = await startEngine(database);
});
afterAll(async () => {
  await engine.close();
  await other.close();
});

const actor = { name: "test" };
const day = (number: number): Date => new Date(Date.UTC(2026, 0, number));
const past = (taskId: string, fields: Partial<TaskSpec> = {}): TaskSpec =>
  task(taskId, { dependsOnPast: true, ignoreFirstDependsOnPast: true, ...fields });

async function runOf(dagId: string, number: number, by: Engine = engine): Promise<{ dagRunId: number; runId: string }> {
  return by.triggerDagRun({ dagId, logicalDate: day(number), runAfter: day(number), runId: `day_${number}`, triggeredBy: "test", actor });
}

/** Lets runs look at each other until nothing is left to look at. */
async function fireAll(...engines: Engine[]): Promise<void> {
  for (;;) {
    const results = await Promise.all((engines.length === 0 ? [engine] : engines).map((one) => one.fireTimers({ limit: 100 })));
    const left = await builder(database.db).selectFrom("dag_run_timer").selectAll().execute();
    if (results.every(({ fired }) => fired === 0) && left.length === 0) return;
  }
}

async function drainRun(runId: string, behave: (grant: AttemptGrant) => ReturnType<typeof ok> = () => ok()): Promise<AttemptGrant[]> {
  const grants = await drain(engine, (grant) => {
    if (grant.context.runId !== runId) throw new Error(`${grant.context.runId} was not to run`);
    return behave(grant);
  });
  await fireAll();
  return grants;
}

/** Starts what is ready in one run, and keeps it running. */
async function begin(): Promise<AttemptGrant[]> {
  return (await engine.exchange({ hostId: HOST, starts: await dispatchOnce(engine), finishes: [], want: 0, queues: null })).granted;
}

const finish = (by: Engine, attemptId: string, outcome: ReturnType<typeof ok> = ok()) =>
  by.exchange({ hostId: HOST, starts: [], finishes: [{ attemptId, outcome, durationMs: 1 }], want: 0, queues: null });

describe("depends_on_past: same task in the previous run must be all success/skipped", () => {
  test("unfinished counts as bad; the next run goes on when it ends well", async () => {
    await storeDags(engine, dagSpec("p1", [past("a"), task("b", { upstream: ["a"] })]));
    const first = await runOf("p1", 1);
    const second = await runOf("p1", 2);
    const third = await runOf("p1", 3);
    await fireAll();
    expect(await statesOf(database.db, first.dagRunId)).toEqual({ a: "scheduled", b: null });
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ a: null, b: null });
    const order: string[] = [];
    for (let round = 0; round < 6; round++) {
      await drain(engine, (grant) => (order.push(`${grant.context.runId}/${grant.context.taskId}`), ok()));
      await fireAll();
    }
    expect(order.filter((step) => step.endsWith("/a"))).toEqual(["day_1/a", "day_2/a", "day_3/a"]);
    for (const { dagRunId } of [first, second, third]) expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
  });

  test("a failure holds the next run back, without a deadlock, until somebody marks or clears it", async () => {
    await storeDags(engine, dagSpec("p2", [past("a")]));
    const first = await runOf("p2", 1);
    await drainRun("day_1", () => failure());
    const second = await runOf("p2", 2);
    await fireAll();
    await engine.sweep({ limit: 100 });
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ a: null });
    expect(await runStateOf(database.db, second.dagRunId)).toMatchObject({ state: "running" });
    await engine.clearTaskInstances({
      ...{ dagId: "p2", runId: "day_1", dryRun: false, onlyFailed: true, onlyRunning: false, resetDagRuns: true, actor },
      ...{ includeUpstream: false, includeDownstream: false, includeFuture: false, includePast: false },
      ...{ runOnLatestVersion: false, preventRunningTask: false },
    });
    await engine.startQueuedRuns({ limit: 10 });
    await drainRun("day_1", () => failure());
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ a: null });
    await engine.setTaskInstanceState({
      ...{ dagId: "p2", runId: "day_1", taskId: "a", state: "success", dryRun: false, actor },
      ...{ includeUpstream: false, includeDownstream: false, includeFuture: false, includePast: false },
    });
    await fireAll();
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ a: "scheduled" });
    await drainRun("day_2");
    expect(await statesOf(database.db, first.dagRunId)).toEqual({ a: "success" });
  });

  test("skipped is as good as success; every mapped instance counts", async () => {
    const mapping: TaskSpec["mapping"] = { kind: "expand", order: ["x"], inputs: { x: { kind: "value", value: [1, 2] } } };
    await storeDags(engine, dagSpec("p3", [past("a", { mapping })]));
    await runOf("p3", 1);
    const [zero, one] = await begin();
    const second = await runOf("p3", 2);
    await fireAll();
    await finish(engine, zero!.attemptId, { kind: "skipped", reason: "nothing to do" });
    await fireAll();
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ "a[0]": null, "a[1]": null });
    await finish(engine, one!.attemptId);
    await fireAll();
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ "a[0]": "scheduled", "a[1]": "scheduled" });
    await drainRun("day_2");
  });

  test("a run without a logical date has no previous run", async () => {
    await storeDags(engine, dagSpec("p4", [past("a")]));
    const held = await runOf("p4", 1);
    const { dagRunId } = await engine.triggerDagRun({ dagId: "p4", logicalDate: null, triggeredBy: "test", actor });
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "scheduled" });
    await drain(engine);
    expect(await runStateOf(database.db, held.dagRunId)).toMatchObject({ state: "success" });
  });

  test("catchup on: previous scheduled run; off: previous run of any kind", async () => {
    for (const catchup of [true, false]) {
      const dagId = catchup ? "p5" : "p6";
      await storeDags(engine, dagSpec(dagId, [past("a")], { catchup }));
      await runOf(dagId, 1);
      await drainRun("day_1");
      await builder(database.db).updateTable("dag_run").set({ run_type: "scheduled" }).where("dag_id", "=", dagId).execute();
      await runOf(dagId, 2);
      await drain(engine, () => failure());
      const third = await runOf(dagId, 3);
      await fireAll();
      // Day 2 was triggered by hand, and failed.
      expect(await statesOf(database.db, third.dagRunId)).toEqual({ a: catchup ? "scheduled" : null });
      if (catchup) await drainRun("day_3");
    }
  });
});

describe("with wait_for_past_depends_before_skipping the move to skipped waits until depends_on_past is met", () => {
  test("a task below a skipped one, and one that a branch did not follow, are skipped when the run before has ended them", async () => {
    const patient = (taskId: string, upstream: string[]): TaskSpec => past(taskId, { upstream, waitForPastDependsBeforeSkipping: true });
    await storeDags(engine, dagSpec("s1", [task("branch", { kind: "branch" }), patient("left", ["branch"]), patient("right", ["branch"])]));
    const first = await runOf("s1", 1);
    const second = await runOf("s1", 2);
    const [branchOfFirst, branchOfSecond] = (await begin()).sort((one, two) => one.context.runId.localeCompare(two.context.runId));
    await finish(engine, branchOfSecond!.attemptId, ok("left"));
    await fireAll();
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ branch: "success", left: null, right: null });
    await finish(engine, branchOfFirst!.attemptId, ok("right"));
    await fireAll();
    // In the first run there is no past: what is not followed is skipped at once, and lets the second run's instance go on.
    expect(await statesOf(database.db, first.dagRunId)).toEqual({ branch: "success", left: "skipped", right: "scheduled" });
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ branch: "success", left: "scheduled", right: null });
    await drain(engine, () => ok());
    await fireAll();
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ branch: "success", left: "success", right: "skipped" });
    for (const { dagRunId } of [first, second]) expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });
});

describe("ignore_first_depends_on_past (default True): the task never ran before", () => {
  test("a new task does not wait for a run that lacks it; with the option off it is blocked", async () => {
    await storeDags(engine, dagSpec("i1", [task("a")]));
    await runOf("i1", 1);
    await drainRun("day_1");
    await storeDags(engine, dagSpec("i1", [task("a"), past("fresh"), past("strict", { ignoreFirstDependsOnPast: false })]));
    const second = await runOf("i1", 2);
    await drain(engine);
    await fireAll();
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ a: "success", fresh: "success", strict: null });
    // "If the previous run lacks the task: blocked": a person has to.
    await engine.setDagRunState({ dagId: "i1", runId: "day_2", state: "failed", actor });
  });
});

describe("wait_for_downstream: also the direct children of the previous instance must be success/skipped", () => {
  test("direct ones, not those below them", async () => {
    await storeDags(engine, dagSpec("w1", [past("a", { waitForDownstream: true }), task("b", { upstream: ["a"] }), task("c", { upstream: ["b"] })]));
    await runOf("w1", 1);
    const [a] = await begin();
    await finish(engine, a!.attemptId);
    const second = await runOf("w1", 2);
    await fireAll();
    expect(await statesOf(database.db, second.dagRunId)).toMatchObject({ a: null });
    const [b] = await begin();
    expect(b!.context.taskId).toBe("b");
    await finish(engine, b!.attemptId);
    await fireAll();
    expect(await statesOf(database.db, second.dagRunId)).toMatchObject({ a: "scheduled" });
    await drain(engine);
    await fireAll();
    await drain(engine);
  });
});

describe("runs that come and go between two others", () => {
  test("a run that is made in between is waited for; when a run is deleted, the one before it is", async () => {
    await storeDags(engine, dagSpec("b1", [past("a")]));
    await runOf("b1", 1);
    const [first] = await begin();
    const fourth = await runOf("b1", 4);
    await fireAll();
    const second = await runOf("b1", 2);
    await fireAll();
    await finish(engine, first!.attemptId);
    await fireAll();
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ a: "scheduled" });
    expect(await statesOf(database.db, fourth.dagRunId)).toEqual({ a: null });
    const [again] = await begin();
    await finish(engine, again!.attemptId, failure());
    await fireAll();
    expect(await statesOf(database.db, fourth.dagRunId)).toEqual({ a: null });
    await engine.deleteDagRun({ dagId: "b1", runId: "day_2", actor });
    await fireAll();
    expect(await statesOf(database.db, fourth.dagRunId)).toEqual({ a: "scheduled" });
    await drain(engine);
  });
});

describe("races", () => {
  /** Holds the lock of a run, as a transaction of another process would; gives what lets it go. */
  async function hold(dagRunId: number): Promise<() => Promise<void>> {
    const held = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<void>();
    const holding = builder(database.open({ maxConnections: 1 }))
      .transaction()
      .execute(async (tx) => {
        await tx.selectFrom("dag_run").select("id").where("id", "=", dagRunId).forUpdate().execute();
        held.resolve();
        await letGo.promise;
      });
    await held.promise;
    return async () => {
      letGo.resolve();
      await holding;
    };
  }

  async function untilBlocked(count: number): Promise<void> {
    for (const giveUpAt = performance.now() + 10_000; ;) {
      const text = "select count(*) as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
      const [row] = await run<{ waiting: number }>(database.db, { text });
      if (row!.waiting >= count) return;
      if (performance.now() > giveUpAt) throw new Error(`${count} transactions were to wait for a lock`);
    }
  }

  test.each(["the end first", "the wait first"])("the end of a run and the wait for it, in either order: %s", async (order) => {
    const dagId = order === "the end first" ? "r1" : "r2";
    await storeDags(engine, dagSpec(dagId, [past("a")]));
    const first = await runOf(dagId, 1);
    const [attempt] = await begin();
    const second = await runOf(dagId, 2, other);
    const release = await hold(first.dagRunId);
    const end = (): Promise<unknown> => finish(engine, attempt!.attemptId);
    const wait = (): Promise<unknown> => other.fireTimers({ limit: 100 });
    const steps = order === "the end first" ? [end, wait] : [wait, end];
    const running: Promise<unknown>[] = [];
    for (const [index, step] of steps.entries()) {
      running.push(step());
      await untilBlocked(index + 1);
    }
    await release();
    await Promise.all(running);
    await fireAll(engine, other);
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ a: "scheduled" });
    await drain(engine);
  });

  test("many runs are made while the ones before end, by two engines at once: none is left waiting", async () => {
    await storeDags(
      engine,
      dagSpec("r3", [past("a"), past("b", { upstream: ["a"], waitForDownstream: true }), task("c", { upstream: ["b"] })], { maxActiveRuns: 100 }),
    );
    const runs: number[] = [];
    const make = async (): Promise<void> => {
      for (let number = 1; number <= 25; number++) runs.push((await runOf("r3", number, number % 2 === 0 ? engine : other)).dagRunId);
    };
    let isMade = false;
    const work = async (by: Engine): Promise<void> => {
      for (let idle = 0; !isMade || idle < 3;) {
        const { fired } = await by.fireTimers({ limit: 3 });
        const grants = await drain(by);
        idle = fired === 0 && grants.length === 0 ? idle + 1 : 0;
      }
    };
    await Promise.all([make().finally(() => (isMade = true)), work(engine), work(other)]);
    await fireAll(engine, other);
    await drain(engine);
    await fireAll();
    expect(await Promise.all(runs.map(async (id) => (await runStateOf(database.db, id)).state))).toEqual(runs.map(() => "success"));
  });
});
