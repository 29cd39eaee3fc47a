import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { auditOf } from "./audit-log.ts";
import { countAlive, dagSpec, dispatchOnce, drain, failure, HOST, ok, runStateOf, startEngine, statesOf, storeDags, trigger } from "./fixture.ts";
import { tasksOf } from "./task-lines.ts";

const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
});
// What a test before left to do.
beforeEach(async () => {
  await goOn();
});
afterAll(() => engine.close());

const ada = { name: "ada" };
type Mark = Parameters<Engine["setTaskInstanceState"]>[0];

async function mark(dagId: string, runId: string, taskId: string, state: Mark["state"], fields: Partial<Mark> = {}): Promise<string[]> {
  const none = { includeUpstream: false, includeDownstream: false, includeFuture: false, includePast: false, dryRun: false };
  const touched = await engine.setTaskInstanceState({ dagId, runId, taskId, state, ...none, actor: ada, ...fields });
  return touched.map((instance) => instance.taskId).sort();
}

const markRun = (dagId: string, runId: string, state: "queued" | "success" | "failed") => engine.setDagRunState({ dagId, runId, state, actor: ada });

async function goOn(behave?: Parameters<typeof drain>[1]): Promise<string[]> {
  await engine.startQueuedRuns({ limit: 100 });
  return (await drain(engine, behave)).map((grant) => grant.context.taskId).sort();
}

/** Starts what is ready; gives the attempts by task. */
async function start(): Promise<Record<string, string>> {
  const { granted } = await engine.exchange({ hostId: HOST, starts: await dispatchOnce(engine), finishes: [], want: 0, queues: null });
  return Object.fromEntries(granted.map((grant) => [grant.context.taskId, grant.attemptId]));
}

const finish = (attemptId: string) =>
  engine.exchange({ hostId: HOST, starts: [], finishes: [{ attemptId, outcome: ok(), durationMs: 1 }], want: 0, queues: null });

const failing: Parameters<typeof drain>[1] = ({ context }) => (context.taskId === "b" ? failure({ retryable: false }) : ok());

describe("marking a task instance", () => {
  test("`also clears the failed and upstream_failed tasks below it`, and a finished run goes on", async () => {
    await storeDags(engine, dagSpec("below", tasksOf(["a", "b < a", "c < b", "d < c", "other < a"])));
    const { dagRunId, runId } = await trigger(engine, "below");
    await drain(engine, failing);
    expect(await statesOf(database.db, dagRunId)).toMatchObject({ b: "failed", c: "upstream_failed", d: "upstream_failed" });
    expect(await mark("below", runId, "b", "success")).toEqual(["b", "c", "d"]);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "success", c: null, d: null, other: "success" });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "queued", unfinished: 2, live: 0 });
    expect(await goOn()).toEqual(["c", "d"]);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success", unfinished: 0, live: 0 });
  });

  test("in a running run what is below is decided about at once", async () => {
    await storeDags(engine, dagSpec("at_once", tasksOf(["a", "b < a", "c < b"], { c: { triggerRule: "all_success" } })));
    const { dagRunId, runId } = await trigger(engine, "at_once");
    await mark("at_once", runId, "a", "skipped");
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "skipped", b: "skipped", c: "skipped" });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
  });

  test("one that runs is told to stop; what it reports is refused, and below it goes on at once", async () => {
    await storeDags(engine, dagSpec("taken", tasksOf(["a", "b < a"])));
    const { dagRunId, runId } = await trigger(engine, "taken");
    const { a } = await start();
    await mark("taken", runId, "a", "success");
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "scheduled" });
    const beat = await engine.heartbeat({ hostId: HOST, attempts: [{ attemptId: a! }], queued: [] });
    expect(beat).toMatchObject({ renewed: [], stop: [{ attemptId: a, reason: "marked success by ada" }] });
    expect((await finish(a!)).finished).toMatchObject([{ accepted: false }]);
    await drain(engine);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "success" });
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
  });

  test("one that was marked while it ran, and is cleared before its process has stopped, waits for that", async () => {
    await storeDags(engine, dagSpec("marked_then_cleared", tasksOf(["a", "b < a"])));
    const { dagRunId, runId } = await trigger(engine, "marked_then_cleared");
    const { a } = await start();
    await mark("marked_then_cleared", runId, "a", "failed");
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed" });
    const all = { onlyFailed: false, onlyRunning: false, resetDagRuns: true, includeUpstream: false, includeDownstream: false };
    await engine.clearTaskInstances({
      ...{ dagId: "marked_then_cleared", runId, dryRun: false, actor: ada, ...all },
      ...{ includeFuture: false, includePast: false, runOnLatestVersion: false, preventRunningTask: false },
    });
    await engine.startQueuedRuns({ limit: 10 });
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "restarting", b: null });
    expect(await dispatchOnce(engine)).toEqual([]);
    await finish(a!);
    expect(await goOn()).toEqual(["a", "b"]);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("a queued one loses its lease, a scheduled one its place, a waiting one its timer", async () => {
    await storeDags(engine, dagSpec("alive", tasksOf(["a", "b", "c"], { c: { retries: 1 } }), { maxActiveTasks: 2 }));
    const { dagRunId, runId } = await trigger(engine, "alive");
    await dispatchOnce(engine);
    expect(await countAlive(database.db)).toEqual({ queue: 1, leases: 2, timers: 0 });
    for (const taskId of ["a", "b", "c"]) await mark("alive", runId, taskId, "failed");
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed", unfinished: 0, live: 0 });
    const retrying = await trigger(engine, "alive");
    await drain(engine, () => failure());
    expect(await statesOf(database.db, retrying.dagRunId)).toMatchObject({ c: "up_for_retry" });
    await mark("alive", retrying.runId, "c", "success");
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
  });

  test("with what is above and below, and along logical dates; a dry run only tells", async () => {
    await storeDags(engine, dagSpec("wide", tasksOf(["a", "b < a", "c < b", "other"])));
    for (const day of ["2026-01-01", "2026-01-02"]) {
      await engine.triggerDagRun({ dagId: "wide", runId: day, logicalDate: new Date(day), triggeredBy: "test", actor: ada });
    }
    const wide = { includeUpstream: true, includeDownstream: true };
    expect(await mark("wide", "2026-01-02", "b", "success", { ...wide, includePast: true, dryRun: true })).toEqual(["a", "a", "b", "b", "c", "c"]);
    expect(await mark("wide", "2026-01-01", "b", "success", wide)).toEqual(["a", "b", "c"]);
    // Those that are so already stay as they are.
    expect(await mark("wide", "2026-01-02", "b", "success", { ...wide, includePast: true })).toEqual(["a", "b", "c"]);
    expect(await mark("wide", "2026-01-02", "b", "success", wide)).toEqual([]);
  });

  test("the audit log has the states before; what there is not is said", async () => {
    await storeDags(engine, dagSpec("logged", tasksOf(["a"])));
    const { runId } = await trigger(engine, "logged");
    await mark("logged", runId, "a", "failed");
    expect((await auditOf(database.db, "logged")).at(-1)).toMatchObject({
      event: "patch_task_instance",
      owner: "ada",
      runId,
      taskId: "a",
      extra: { before: [{ task_id: "a", state: "scheduled" }], after: { state: "failed" } },
    });
    await expect(mark("nowhere", runId, "a", "failed")).rejects.toMatchObject({ code: "dag_not_found" });
    await expect(mark("logged", "gone", "a", "failed")).rejects.toMatchObject({ code: "dag_run_not_found" });
    await expect(mark("logged", runId, "aa", "failed")).rejects.toMatchObject({ code: "task_not_found" });
    await expect(mark("logged", runId, "a", "failed", { mapIndex: 3 })).rejects.toMatchObject({ code: "task_instance_not_found" });
  });
});

describe("marking a run", () => {
  test("`Mark run success: every TI → success`", async () => {
    await storeDags(engine, dagSpec("good", tasksOf(["a", "b < a", "c < b"])));
    const { dagRunId, runId } = await trigger(engine, "good");
    await drain(engine, failing);
    await markRun("good", runId, "success");
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "success", c: "success" });
    expect(await runStateOf(database.db, dagRunId)).toEqual({ state: "success", reason: "marked success by ada", unfinished: 0, live: 0 });
    expect((await auditOf(database.db, "good")).at(-1)).toMatchObject({
      event: "patch_dag_run",
      extra: { before: { state: "failed" }, after: { state: "success" } },
    });
    const before = (await auditOf(database.db, "good")).length;
    await markRun("good", runId, "success");
    expect(await auditOf(database.db, "good")).toHaveLength(before);
  });

  test("`Mark run failed: running … → failed, other unfinished → skipped`, and the next run begins", async () => {
    await storeDags(engine, dagSpec("bad", tasksOf(["a", "b", "c < a"]), { maxActiveRuns: 1, maxActiveTasks: 1 }));
    const { dagRunId, runId } = await trigger(engine, "bad");
    const next = await trigger(engine, "bad");
    const { a } = await start();
    await markRun("bad", runId, "failed");
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "failed", b: "skipped", c: "skipped" });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed", unfinished: 0, live: 0 });
    expect(await engine.heartbeat({ hostId: HOST, attempts: [{ attemptId: a! }], queued: [] })).toMatchObject({ stop: [{ attemptId: a }] });
    await finish(a!);
    await expect.poll(async () => (await runStateOf(database.db, next.dagRunId)).state).toBe("running");
    await drain(engine);
    expect(await runStateOf(database.db, next.dagRunId)).toMatchObject({ state: "success" });
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
  });

  test("queued: what waits for a slot waits for the run's start again", async () => {
    await storeDags(engine, dagSpec("back", tasksOf(["a", "b < a"])));
    const { dagRunId, runId } = await trigger(engine, "back");
    await markRun("back", runId, "queued");
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: null, b: null });
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
    await goOn();
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
    const tries = await builder(database.db).selectFrom("task_instance").select("try_number").where("dag_run_id", "=", dagRunId).execute();
    expect(tries.map((row) => row.try_number)).toEqual([1, 1]);
    // A finished run is looked at again, and ends as it did.
    await markRun("back", runId, "queued");
    await goOn();
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("a run that has not begun can be marked", async () => {
    await storeDags(engine, dagSpec("unbegun", tasksOf(["a"]), { isPausedUponCreation: true }));
    const { dagRunId, runId } = await trigger(engine, "unbegun");
    await markRun("unbegun", runId, "failed");
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "skipped" });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed" });
    await expect(markRun("unbegun", "gone", "failed")).rejects.toMatchObject({ code: "dag_run_not_found" });
  });
});
