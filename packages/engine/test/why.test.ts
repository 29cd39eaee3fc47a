import type { Cause, Why, WhyCode } from "@tradewind/core";
import { builder, run, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { dagSpec, dispatchOnce, drain, failure, HOST, ok, SCHEDULER, startEngine, storeDags, task, trigger } from "./fixture.ts";
import { groupSpec } from "@tradewind/core/plain-spec";

const database = useTestDatabase();
let engine: Engine;
const actor = { name: "ada" };
const mapping = { kind: "expand" as const, order: ["x"], inputs: { x: { kind: "xcom" as const, taskId: "list", key: "return_value", path: [] } } };

beforeAll(async () => {
  engine = await startEngine(database, { parallelism: 100, executorCapacity: { local: 100 } });
  await engine.registerJob({ jobId: SCHEDULER, jobType: "SchedulerJob", hostname: "box", pid: 1 });
  await builder(database.db)
    .insertInto("pool")
    .values([{ name: "warehouse", slots: 1 }])
    .execute();
});
afterAll(() => engine.close());

/** Codes of all causes, depth first. */
function codesOf(causes: readonly Cause[]): WhyCode[] {
  return causes.flatMap((cause) => [cause.code, ...codesOf(cause.because)]);
}

async function whyTask(dagId: string, runId: string, taskId: string, mapIndex?: number): Promise<Why> {
  return engine.explainTaskInstance({ dagId, runId, taskId, mapIndex });
}

/** Begins everything that is ready, and leaves it running. */
async function begin(): Promise<{ attemptId: string; taskId: string }[]> {
  const starts = await dispatchOnce(engine);
  const { granted } = await engine.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null });
  return granted.map((grant) => ({ attemptId: grant.attemptId, taskId: grant.context.taskId }));
}

async function end(attemptId: string, outcome: ReturnType<typeof ok> = ok()): Promise<void> {
  await engine.exchange({ hostId: HOST, starts: [], finishes: [{ attemptId, outcome, durationMs: 1 }], want: 0, queues: null });
}

test("a paused DAG: its run does not begin, and what is ready in one that runs is not dispatched", async () => {
  await storeDags(engine, dagSpec("quiet", [task("a"), task("b", { upstream: ["a"] })]));
  const { runId } = await trigger(engine, "quiet");
  await engine.setPaused({ dagId: "quiet", isPaused: true, actor });
  const a = await whyTask("quiet", runId, "a");
  expect(a.status).toBe("waiting");
  expect(a.causes).toMatchObject([{ code: "dag_paused", sentence: 'DAG "quiet" is paused, by ada.', action: { id: "unpause_dag", dagId: "quiet" } }]);
  const b = await whyTask("quiet", runId, "b");
  expect(codesOf(b.causes)).toEqual(["upstreams", "dag_paused"]);
  expect(b.summary).toBe('It waits for its upstream task: "a" (scheduled). "a": DAG "quiet" is paused, by ada.');
  expect(codesOf((await engine.explainDag({ dagId: "quiet" })).causes)).toEqual(["dag_paused", "no_schedule"]);
  const second = await trigger(engine, "quiet");
  expect(codesOf((await engine.explainDagRun({ dagId: "quiet", runId: second.runId })).causes)).toEqual(["dag_paused"]);
  expect(codesOf((await whyTask("quiet", second.runId, "a")).causes)).toEqual(["run_queued", "dag_paused"]);
  await engine.deleteDag({ dagId: "quiet", actor });
});

test("max_active_runs: the queued run names those that hold it", async () => {
  await storeDags(engine, dagSpec("narrow", [task("a")], { maxActiveRuns: 1 }));
  const first = await trigger(engine, "narrow");
  const { runId } = await trigger(engine, "narrow");
  const why = await engine.explainDagRun({ dagId: "narrow", runId });
  expect(why.causes).toMatchObject([{ code: "max_active_runs", named: [{ runId: first.runId, state: "running" }] }]);
  expect(why.summary).toContain(first.runId);
  await drain(engine);
  expect(await engine.explainDagRun({ dagId: "narrow", runId: first.runId })).toMatchObject({ status: "ended", causes: [{ code: "succeeded" }] });
});

test("a full pool at the end of a chain of upstreams: who holds it, and what can be done", async () => {
  await storeDags(engine, dagSpec("hog", [task("holder", { pool: "warehouse" })]));
  await storeDags(engine, dagSpec("chain", [task("a", { pool: "warehouse" }), task("b", { upstream: ["a"] }), task("c", { upstream: ["b"] })]));
  await trigger(engine, "hog");
  const [holder] = await begin();
  const { runId } = await trigger(engine, "chain");
  expect(await begin()).toEqual([]);
  const why = await whyTask("chain", runId, "c");
  expect(codesOf(why.causes)).toEqual(["upstreams", "pool_full"]);
  expect(why.causes[0]!.because[0]).toMatchObject({
    about: { taskId: "a", state: "scheduled" },
    action: { id: "edit_pool", pool: "warehouse" },
    named: [{ dagId: "hog", taskId: "holder", state: "running" }],
    sentence: 'Pool "warehouse" is full: 1 task instance in 1 slot ("holder" of hog).',
  });
  expect(codesOf((await engine.explainDagRun({ dagId: "chain", runId })).causes)).toEqual(["pool_full"]);
  const unseen = await engine.explainTaskInstance({ dagId: "chain", runId, taskId: "a", sees: (dagId) => dagId === "chain" });
  expect(unseen.causes).toMatchObject([{ sentence: 'Pool "warehouse" is full: 1 task instance in 1 slot.', named: [] }]);
  await end(holder!.attemptId);
  expect(codesOf((await whyTask("chain", runId, "a")).causes)).toEqual(["ready_for_dispatch"]);
  await drain(engine);
});

test("limits on live task instances: of the run, of the task in it, and of the task over all runs", async () => {
  const many = { mapping: { kind: "expand" as const, order: ["x"], inputs: { x: { kind: "value" as const, value: [1, 2, 3] } } } };
  await storeDags(
    engine,
    dagSpec("limits", [task("each", { ...many, maxActiveTisPerDagrun: 1 }), task("one", { ...many, maxActiveTisPerDag: 1 })], { maxActiveTasks: 16 }),
  );
  await storeDags(engine, dagSpec("thin", [task("a", { priorityWeight: 5 }), task("b")], { maxActiveTasks: 1 }));
  const { runId } = await trigger(engine, "limits");
  const thin = await trigger(engine, "thin");
  const live = await begin();
  expect(live.map((one) => one.taskId).toSorted()).toEqual(["a", "each", "one"]);
  expect(codesOf((await whyTask("limits", runId, "each", 1)).causes)).toEqual(["max_active_tis_per_dagrun"]);
  expect(codesOf((await whyTask("limits", runId, "one", 1)).causes)).toEqual(["max_active_tis_per_dag"]);
  const b = await whyTask("thin", thin.runId, "b");
  expect(b.causes).toMatchObject([{ code: "max_active_tasks", named: [{ taskId: "a", state: "running" }] }]);
  for (const { attemptId } of live) await end(attemptId);
  await drain(engine);
});

test("pools that can never take it", async () => {
  await storeDags(engine, dagSpec("lost", [task("nowhere", { pool: "missing" }), task("greedy", { pool: "warehouse", poolSlots: 2 })]));
  const { runId } = await trigger(engine, "lost");
  expect((await whyTask("lost", runId, "nowhere")).causes).toMatchObject([{ code: "pool_missing", action: { id: "create_pool", pool: "missing" } }]);
  expect(codesOf((await whyTask("lost", runId, "greedy")).causes)).toEqual(["pool_too_small"]);
  await engine.deleteDag({ dagId: "lost", actor });
});

test("no place at the executor, parallelism, an executor that is not configured, no scheduler", async () => {
  const full = await startEngine(database, { parallelism: 1, executorCapacity: { local: 1 } });
  await storeDags(engine, dagSpec("two", [task("a", { priorityWeight: 5 }), task("b"), task("elsewhere", { executor: "gone" })]));
  const { runId } = await trigger(engine, "two");
  expect(await dispatchOnce(engine, { parallelism: 1 })).toHaveLength(1);
  const ask = (taskId: string): Promise<Why> => full.explainTaskInstance({ dagId: "two", runId, taskId });
  expect(codesOf((await ask("b")).causes)).toEqual(["workers_busy", "parallelism"]);
  expect((await ask("elsewhere")).causes[0]).toMatchObject({
    code: "executor_missing",
    sentence: 'No executor "gone" is configured; there are: "local".',
  });
  await engine.endJob(SCHEDULER);
  expect((await whyTask("two", runId, "b")).causes[0]).toMatchObject({ code: "scheduler_not_alive" });
  await run(database.db, { text: "delete from job" });
  await engine.registerJob({ jobId: SCHEDULER, jobType: "SchedulerJob", hostname: "box", pid: 1 });
  await full.close();
  await engine.deleteDag({ dagId: "two", actor });
});

test("queued: no worker for its queue, all draining, all places taken, just given out", async () => {
  await storeDags(engine, dagSpec("gpu", [task("train", { queue: "gpu", executor: "remote" })]));
  const { runId } = await trigger(engine, "gpu");
  const { commands } = await engine.dispatch({ schedulerId: SCHEDULER, parallelism: 100, executors: [{ name: "remote", free: null }], limit: 10 });
  expect(commands).toHaveLength(1);
  const codes = async (): Promise<WhyCode[]> => codesOf((await whyTask("gpu", runId, "train")).causes);
  expect((await whyTask("gpu", runId, "train")).causes).toMatchObject([
    { code: "no_worker", sentence: 'No worker is alive that takes tasks of queue "gpu" of executor "remote".', action: { id: "open_workers" } },
  ]);
  await engine.registerHost({ hostId: "w1", executor: "remote", hostname: "w1", pid: 1, version: "1", slots: 0, queues: ["gpu"] });
  expect(await codes()).toEqual(["workers_busy"]);
  await run(database.db, { text: "update runner_host set slots = 2 where host_id = 'w1'" });
  expect(await codes()).toEqual(["queued_at_executor"]);
  await run(database.db, { text: "update runner_host set state = 'draining' where host_id = 'w1'" });
  expect(await codes()).toEqual(["workers_draining"]);
  const { granted } = await engine.exchange({
    hostId: "w1",
    starts: commands.map((command) => command.attemptId),
    finishes: [],
    want: 0,
    queues: null,
  });
  expect(await whyTask("gpu", runId, "train")).toMatchObject({ status: "running", causes: [{ code: "running" }] });
  await end(granted[0]!.attemptId);
});

test("a retry, a sensor between two looks, and what waits for them", async () => {
  await storeDags(
    engine,
    dagSpec("patient", [
      task("flaky", { retries: 2, retryDelayMs: 60_000 }),
      task("sensor"),
      task("after", { upstream: ["flaky", "sensor"], triggerRule: "all_done" }),
    ]),
  );
  const { runId } = await trigger(engine, "patient");
  await drain(engine, ({ context }) =>
    context.taskId === "flaky" ? failure() : { kind: "reschedule", resumeAfterMs: 30_000, message: "the file is not there" },
  );
  const flaky = await whyTask("patient", runId, "flaky");
  expect(flaky.causes).toMatchObject([
    { code: "retry_delay", sentence: "It waits for its next try: 1 of 3 tries are used. Boom.", action: { id: "clear_task" } },
  ]);
  expect(flaky.causes[0]!.at!.getTime()).toBeGreaterThan(Date.now() + 50_000);
  expect((await whyTask("patient", runId, "sensor")).causes).toMatchObject([
    { code: "reschedule", sentence: expect.stringContaining("The file is not there.") as string },
  ]);
  const after = await whyTask("patient", runId, "after");
  expect(after.causes[0]!.sentence).toBe(
    'It waits for 2 of 2 upstream tasks: "flaky" (up for retry) and "sensor" (up for reschedule). Trigger rule all_done: all of them must have ended, in whatever way.',
  );
  expect(codesOf(after.causes)).toEqual(["upstreams", "retry_delay", "reschedule"]);
  await engine.deleteDag({ dagId: "patient", actor });
});

test("setups, a list that is not there yet, groups that are run again, the past", async () => {
  const tasks = [
    task("setup", { isSetup: true }),
    task("first", { upstream: ["setup"], triggerRule: "always" }),
    task("work", { upstream: ["first"] }),
    task("list"),
    task("member", { groupId: "many", inputs: { x: { kind: "group_input", groupId: "many", name: "x", path: [] } } }),
    task("again", { groupId: "retried" }),
    task("below", { upstream: ["again"] }),
  ];
  const groups = [groupSpec("many", { mapping }), groupSpec("retried", { retries: 1, retryDelayMs: 60_000 })];
  await storeDags(engine, dagSpec("rules", tasks, { groups }));
  const { runId } = await trigger(engine, "rules");
  const live = await begin();
  const of = (taskId: string): string => live.find((one) => one.taskId === taskId)!.attemptId;
  expect(codesOf((await whyTask("rules", runId, "work")).causes)).toEqual(["upstreams", "running"]);
  expect((await whyTask("rules", runId, "member")).causes).toMatchObject([
    { code: "mapped_list_missing", named: [{ taskId: "list" }], because: [{ code: "running" }] },
  ]);
  expect(codesOf((await whyTask("rules", runId, "below")).causes)).toEqual(["group_not_final", "running"]);
  await end(of("first"));
  expect((await whyTask("rules", runId, "work")).causes).toMatchObject([
    { code: "setups", because: [{ code: "running", about: { taskId: "setup" } }] },
  ]);
  await end(of("again"), failure());
  const below = await whyTask("rules", runId, "below");
  expect(below.causes).toMatchObject([{ code: "group_retry" }]);
  expect(below.causes[0]!.at!.getTime()).toBeGreaterThan(Date.now() + 50_000);
  await end(of("setup"));
  await end(of("list"), ok([]));
  await engine.deleteDag({ dagId: "rules", actor });
});

test("depends_on_past names the run and the states there", async () => {
  await storeDags(engine, dagSpec("past", [task("a", { dependsOnPast: true })]));
  const at = (day: number) => ({ dagId: "past", logicalDate: new Date(Date.UTC(2026, 0, day)), triggeredBy: "test" as const, actor });
  const first = await engine.triggerDagRun(at(1));
  await drain(engine, () => failure());
  const { runId } = await engine.triggerDagRun(at(2));
  expect((await whyTask("past", runId, "a")).causes).toMatchObject([
    {
      code: "depends_on_past",
      unblock: "Clear it there, or mark it as success.",
      action: { id: "open_task", runId: first.runId, taskId: "a" },
      named: [{ runId: first.runId, state: "failed" }],
    },
  ]);
  await engine.deleteDag({ dagId: "past", actor });
});

test("wait_for_past_depends_before_skipping: what is to be skipped says so, and what it waits for", async () => {
  const fields = { dependsOnPast: true, waitForPastDependsBeforeSkipping: true };
  await storeDags(engine, dagSpec("patient", [task("a"), task("b", { upstream: ["a"], ...fields })]));
  const at = (day: number) => ({ dagId: "patient", logicalDate: new Date(Date.UTC(2026, 0, day)), triggeredBy: "test" as const, actor });
  const first = await engine.triggerDagRun(at(1));
  await drain(engine, ({ context }) => (context.taskId === "b" ? failure() : ok()));
  const { runId } = await engine.triggerDagRun(at(2));
  await drain(engine, () => ({ kind: "skipped", reason: "nothing to do" }));
  expect((await whyTask("patient", runId, "b")).causes).toMatchObject([
    {
      code: "depends_on_past",
      sentence: expect.stringMatching(/^It is to be skipped \(1 of 1 upstream task was skipped\)/),
      named: [{ runId: first.runId }],
    },
  ]);
  await engine.deleteDag({ dagId: "patient", actor });
});

test("what has ended, or never ran: failures and skips are followed to where they began", async () => {
  const tasks = [
    task("bad"),
    task("b", { upstream: ["bad"] }),
    task("c", { upstream: ["b"] }),
    task("branch", { kind: "branch" }),
    task("left", { upstream: ["branch"] }),
    task("right", { upstream: ["branch"] }),
    task("deep", { upstream: ["right"] }),
  ];
  await storeDags(engine, dagSpec("ends", tasks));
  const { runId } = await trigger(engine, "ends");
  await drain(engine, ({ context }) => (context.taskId === "bad" ? failure() : ok(context.taskId === "branch" ? "left" : undefined)));
  const c = await whyTask("ends", runId, "c");
  expect(c).toMatchObject({
    status: "ended",
    causes: [{ code: "upstream_failed", because: [{ code: "failed", about: { taskId: "bad" }, sentence: "It failed: Boom." }] }],
  });
  expect((await whyTask("ends", runId, "right")).causes).toMatchObject([
    { code: "branch_not_followed", sentence: 'Branch "branch" did not follow it.' },
  ]);
  expect((await whyTask("ends", runId, "deep")).causes).toMatchObject([
    { code: "skipped", because: [{ code: "branch_not_followed", about: { taskId: "right" } }] },
  ]);
  expect((await whyTask("ends", runId, "left")).causes).toMatchObject([{ code: "succeeded" }]);
  const why = await engine.explainDagRun({ dagId: "ends", runId });
  expect(why.causes).toMatchObject([{ code: "failed", sentence: "It failed: 1 task instance failed.", because: [{ about: { taskId: "bad" } }] }]);
  await engine.deleteDag({ dagId: "ends", actor });
});

test("a DAG: no schedule, its next run, a start in the future, an end that has passed, a limit, too many failures", async () => {
  const schedule = { kind: "cron_trigger" as const, crons: ["0 0 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: null };
  const codes = async (dagId: string): Promise<WhyCode[]> => codesOf((await engine.explainDag({ dagId })).causes);
  await storeDags(
    engine,
    dagSpec("daily", [task("a")], { schedule }),
    dagSpec("later", [task("a")], { schedule, startDate: "2126-01-01T00:00:00.000Z" }),
    dagSpec("over", [task("a")], { schedule, startDate: "2020-01-01T00:00:00.000Z", endDate: "2020-02-01T00:00:00.000Z" }),
    dagSpec("once", [task("a")], { schedule: { kind: "once" }, startDate: "2020-01-01T00:00:00.000Z" }),
    dagSpec("many", [task("a")], { schedule, catchup: true, startDate: "2026-01-01T00:00:00.000Z", maxActiveRuns: 2 }),
    dagSpec("fragile", [task("a")], { maxConsecutiveFailedDagRuns: 1 }),
  );
  await engine.createDueRuns({ limit: 100 });
  expect(await codes("daily")).toEqual(["next_run"]);
  expect((await engine.explainDag({ dagId: "daily" })).causes[0]!.at!.getTime()).toBeGreaterThan(Date.now());
  expect(await codes("later")).toEqual(["start_date_in_future"]);
  expect(await codes("over")).toEqual(["schedule_over"]);
  expect(await codes("once")).toEqual(["schedule_over"]);
  expect(await codes("many")).toEqual(["max_active_runs"]);
  expect(await codes("fragile")).toEqual(["no_schedule"]);
  await engine.triggerDagRun({ dagId: "fragile", triggeredBy: "test", actor });
  await drain(engine, ({ context }) => (context.dagId === "fragile" ? failure() : ok()));
  await expect.poll(() => codes("fragile")).toEqual(["paused_by_failures", "no_schedule"]);
  await engine.recordDagFile({
    ...{ bundleName: "dags", relativePath: "daily.ts", fingerprint: {}, parseDurationMs: 1, resolveFrom: [] },
    result: { ok: false, error: { kind: "SyntaxError", message: "Unexpected end", line: 3, column: 1, frame: null, stack: "" } },
  });
  expect((await engine.explainDag({ dagId: "daily" })).causes[0]).toMatchObject({
    code: "import_error",
    sentence: 'The file of DAG "daily" cannot be loaded (daily.ts, line 3: Unexpected end).',
  });
  await engine.recordDeletedDagFiles([{ bundleName: "dags", relativePath: "daily.ts" }]);
  expect((await codes("daily"))[0]).toBe("dag_stale");
});

test("what does not exist is said so", async () => {
  await storeDags(engine, dagSpec("known", [task("a")]));
  const { runId } = await trigger(engine, "known");
  await expect(engine.explainDag({ dagId: "no" })).rejects.toMatchObject({ code: "dag_not_found" });
  await expect(engine.explainDagRun({ dagId: "known", runId: "no" })).rejects.toMatchObject({ code: "dag_run_not_found" });
  await expect(whyTask("known", runId, "a", 3)).rejects.toMatchObject({ code: "task_instance_not_found" });
  expect((await whyTask("known", runId, "no")).causes).toMatchObject([{ code: "no_instance" }]);
});
