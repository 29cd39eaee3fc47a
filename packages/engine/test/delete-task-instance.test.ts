import { groupSpec } from "@tradewind/core/plain-spec";
import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { auditOf } from "./audit-log.ts";
import {
  countAlive,
  dagSpec,
  dispatchOnce,
  drain,
  failure,
  HOST,
  ok,
  runStateOf,
  startEngine,
  statesOf,
  storeDags,
  task,
  trigger,
} from "./fixture.ts";
import { tasksOf } from "./task-lines.ts";

const database = useTestDatabase();
let now = new Date("2026-03-01T00:00:00Z");
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { clock: { now: () => now } });
});
beforeEach(async () => {
  await drain(engine);
});
afterAll(() => engine.close());

const actor = { name: "ada" };
const remove = (dagId: string, runId: string, taskId: string, mapIndex = -1) => engine.deleteTaskInstance({ dagId, runId, taskId, mapIndex, actor });

test("what comes after it waits for it no more, and its XComs, tries and place in the queue are gone", async () => {
  await storeDags(engine, dagSpec("before", tasksOf(["a", "b", "c < a, b"])));
  const { dagRunId, runId } = await trigger(engine, "before");
  await remove("before", runId, "b");
  expect(await countAlive(database.db)).toEqual({ queue: 1, leases: 0, timers: 0 });
  await drain(engine, () => ok(1));
  expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", c: "success" });
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  expect(await builder(database.db).selectFrom("xcom").select("task_id").where("dag_run_id", "=", dagRunId).orderBy("task_id").execute()).toEqual([
    { task_id: "a" },
    { task_id: "c" },
  ]);
  await remove("before", runId, "a");
  expect(await builder(database.db).selectFrom("xcom").select("task_id").where("dag_run_id", "=", dagRunId).execute()).toEqual([{ task_id: "c" }]);
  // A run that has ended stays as it ended, and c, cleared, has nothing above it.
  await engine.clearTaskInstances({
    ...{ dagId: "before", runId, taskIds: ["c"], dryRun: false, onlyFailed: false, onlyRunning: false, resetDagRuns: true, actor },
    ...{ includeUpstream: false, includeDownstream: false, includeFuture: false, includePast: false, runOnLatestVersion: false },
    preventRunningTask: false,
  });
  await engine.startQueuedRuns({ limit: 10 });
  await drain(engine, () => ok(1));
  expect(await statesOf(database.db, dagRunId)).toEqual({ c: "success" });
  expect((await auditOf(database.db, "before")).filter(({ event }) => event === "delete_task_instance")).toMatchObject([
    { owner: "ada", runId, extra: { before: { state: "scheduled" } } },
    { owner: "ada", runId, extra: { before: { state: "success" } } },
  ]);
});

test("one that runs is stopped: its slot is free at once, and what it reports is refused", async () => {
  await storeDags(engine, dagSpec("at_work", tasksOf(["a", "b < a"], { a: { maxActiveTisPerDag: 1 } })));
  const { dagRunId, runId } = await trigger(engine, "at_work");
  const [attemptId] = (await dispatchOnce(engine)) as [string];
  await engine.exchange({ hostId: HOST, starts: [attemptId], finishes: [], want: 0, queues: null });
  const waiting = await trigger(engine, "at_work");
  expect(await dispatchOnce(engine)).toEqual([]);
  await remove("at_work", runId, "a");
  expect(await engine.heartbeat({ hostId: HOST, attempts: [{ attemptId }], queued: [] })).toMatchObject({ renewed: [] });
  expect(await statesOf(database.db, dagRunId)).toEqual({ b: "scheduled" });
  await drain(engine);
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  expect(await runStateOf(database.db, waiting.dagRunId)).toMatchObject({ state: "success" });
});

test("the last one that a run waits for: the run ends as the others ended", async () => {
  await storeDags(engine, dagSpec("last", tasksOf(["a", "b"])), dagSpec("lost", tasksOf(["a", "b"])), dagSpec("only", tasksOf(["a"])));
  const [last, lost, only] = [await trigger(engine, "last"), await trigger(engine, "lost"), await trigger(engine, "only")];
  const held: string[] = [];
  await drain(engine, ({ context }) => {
    if (context.taskId === "b" || context.dagId === "only") held.push(context.dagId);
    return context.dagId === "lost" && context.taskId === "a" ? failure() : ok();
  });
  // All have run: begin the ones to be deleted again.
  expect(held.sort()).toEqual(["last", "lost", "only"]);
  for (const [dagId, { runId }, taskId] of [
    ["last", last, "b"],
    ["lost", lost, "b"],
    ["only", only, "a"],
  ] as const) {
    await engine.clearTaskInstances({
      ...{ dagId, runId, taskIds: [taskId], dryRun: false, onlyFailed: false, onlyRunning: false, resetDagRuns: true, actor },
      ...{ includeUpstream: false, includeDownstream: false, includeFuture: false, includePast: false, runOnLatestVersion: false },
      preventRunningTask: false,
    });
  }
  await engine.startQueuedRuns({ limit: 10 });
  for (const { dagRunId } of [last, lost, only]) expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "running" });
  await remove("last", last.runId, "b");
  await remove("lost", lost.runId, "b");
  await remove("only", only.runId, "a");
  expect(await runStateOf(database.db, last.dagRunId)).toMatchObject({ state: "success" });
  expect(await runStateOf(database.db, lost.dagRunId)).toMatchObject({ state: "failed" });
  expect(await runStateOf(database.db, only.dagRunId)).toMatchObject({ state: "success" });
  expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
});

test("the one that keeps the time of its group's next try hands it to another", async () => {
  const spec = dagSpec("again", [task("a", { groupId: "g" }), task("b", { groupId: "g" })], {
    groups: [groupSpec("g", { retries: 1, retryDelayMs: 60_000 })],
  });
  await storeDags(engine, spec);
  const { dagRunId, runId } = await trigger(engine, "again");
  await drain(engine, () => failure());
  expect(await countAlive(database.db)).toMatchObject({ timers: 1 });
  const [timer] = await builder(database.db).selectFrom("task_timer").select("task_instance_id").execute();
  const { task_id: anchor } = await builder(database.db)
    .selectFrom("task_instance")
    .select("task_id")
    .where("id", "=", timer!.task_instance_id)
    .executeTakeFirstOrThrow();
  await remove("again", runId, anchor);
  now = new Date(now.getTime() + 61_000);
  await engine.fireTimers({ limit: 10 });
  await drain(engine, () => ok());
  expect(await statesOf(database.db, dagRunId)).toEqual({ [anchor === "a" ? "b" : "a"]: "success" });
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
});

test("one that does not exist is not found", async () => {
  await storeDags(engine, dagSpec("none", tasksOf(["a"])));
  const { runId } = await trigger(engine, "none");
  await expect(remove("none", runId, "b")).rejects.toMatchObject({ code: "task_instance_not_found" });
  await expect(remove("none", runId, "a", 3)).rejects.toMatchObject({ code: "task_instance_not_found" });
  await expect(remove("none", "other", "a")).rejects.toMatchObject({ code: "dag_run_not_found" });
});
