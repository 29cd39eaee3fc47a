import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { useTestDatabase, builder } from "@tradewind/metadata/testing";
import type { Engine } from "../src/index.ts";
import {
  countAlive,
  dagSpec,
  dispatchOnce,
  drain,
  failure,
  HOST,
  instancesOf,
  ok,
  runStateOf,
  SCHEDULER,
  startEngine,
  statesOf,
  storeDags,
  task,
  trigger,
} from "./fixture.ts";

const database = useTestDatabase();
let nowMs = Date.parse("2026-03-01T00:00:00Z");
const clock = { now: () => new Date(nowMs) };
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { clock, limits: { leaseMs: 10_000, taskQueuedTimeoutMs: 60_000 } });
});
afterAll(() => engine.close());
beforeEach(() => {
  nowMs += 3_600_000;
});

async function running(dagId: string): Promise<{ dagRunId: number; attemptId: string }> {
  const { dagRunId } = await trigger(engine, dagId);
  const [attemptId] = await dispatchOnce(engine);
  await engine.exchange({ hostId: HOST, starts: [attemptId!], finishes: [], want: 0, queues: null });
  return { dagRunId, attemptId: attemptId! };
}

test("a failed try waits for its delay, and the next one begins without the XCom of the one before", async () => {
  await storeDags(engine, dagSpec("retry", [task("a", { retries: 1, retryDelayMs: 30_000 }), task("b", { upstream: ["a"] })]));
  const { dagRunId } = await trigger(engine, "retry");
  await drain(engine, () => failure());
  expect(await statesOf(database.db, dagRunId)).toEqual({ a: "up_for_retry", b: null });
  expect(await engine.nextDueAt()).toEqual(new Date(nowMs + 30_000));
  expect(await engine.fireTimers({ limit: 10 })).toMatchObject({ fired: 0 });
  nowMs += 30_000;
  expect(await engine.fireTimers({ limit: 10 })).toMatchObject({ fired: 1 });
  const grants = await drain(engine);
  expect(grants.map((grant) => [grant.context.taskId, grant.context.tryNumber])).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
  expect(await builder(database.db).selectFrom("task_instance_history").select(["try_number", "state"]).execute()).toEqual([
    { try_number: 1, state: "failed" },
  ]);
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
});

test("retries end: accepted attempts ≤ retries + 1", async () => {
  const { dagRunId } = await trigger(engine, "retry");
  for (let round = 0; round < 4; round++) {
    await drain(engine, () => failure());
    nowMs += 60_000;
    await engine.fireTimers({ limit: 10 });
  }
  const [a] = await instancesOf(database.db, dagRunId);
  expect(a).toMatchObject({ state: "failed", tryNumber: 2 });
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed", reason: "task_failure" });
});

test("a silent runner loses its lease, its try counts, and its result is refused", async () => {
  const { dagRunId, attemptId } = await running("retry");
  nowMs += 9_000;
  await engine.heartbeat({ hostId: HOST, attempts: [{ attemptId, progress: { fraction: 0.5, message: null } }], queued: [] });
  nowMs += 9_000;
  expect(await engine.expireLeases({ limit: 10 })).toEqual({ lost: [] });
  nowMs += 1_000;
  expect(await engine.expireLeases({ limit: 10 })).toEqual({ lost: [attemptId] });
  expect((await statesOf(database.db, dagRunId)).a).toBe("up_for_retry");
  const late = await engine.exchange({ hostId: HOST, starts: [], finishes: [{ attemptId, outcome: ok(), durationMs: 1 }], want: 0, queues: null });
  expect(late.finished).toMatchObject([{ accepted: false }]);
  expect(await engine.heartbeat({ hostId: HOST, attempts: [{ attemptId }], queued: [] })).toEqual({ renewed: [], stop: [] });
  nowMs += 60_000;
  await engine.fireTimers({ limit: 10 });
  await drain(engine);
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
});

test("who was away takes nothing for lost, also when it is found out at the last moment", async () => {
  const { attemptId } = await running("retry");
  nowMs += 20_000;
  expect(await engine.expireLeases({ limit: 10, isAwake: () => false })).toEqual({ lost: [] });
  // Awake when it asked what has run out, not any more when it has the locks.
  let asked = 0;
  expect(await engine.expireLeases({ limit: 10, isAwake: () => ++asked === 1 })).toEqual({ lost: [] });
  expect(asked).toBe(2);
  // What has run out and was not taken is renewed.
  expect((await engine.heartbeat({ hostId: HOST, attempts: [{ attemptId }], queued: [] })).renewed).toMatchObject([{ attemptId }]);
  expect(await engine.expireLeases({ limit: 10, isAwake: () => true })).toEqual({ lost: [] });
  nowMs += 20_000;
  expect(await engine.expireLeases({ limit: 10, isAwake: () => true })).toEqual({ lost: [attemptId] });
  nowMs += 60_000;
  await engine.fireTimers({ limit: 10 });
  await drain(engine);
});

test("an attempt nobody starts is handed out twice more, then fails", async () => {
  await storeDags(engine, dagSpec("stuck", [task("a")]));
  const { dagRunId } = await trigger(engine, "stuck");
  const [attemptId] = await dispatchOnce(engine);
  for (let round = 0; round < 2; round++) {
    nowMs += 60_000;
    const { resubmit, failed } = await engine.requeueStuck({ limit: 10 });
    expect(resubmit).toMatchObject([{ attemptId, dagId: "stuck", taskId: "a", executor: "local" }]);
    expect(failed).toEqual([]);
  }
  nowMs += 60_000;
  expect(await engine.requeueStuck({ limit: 10 })).toEqual({ resubmit: [], failed: [attemptId] });
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed" });
});

test("a refused launch gets another attempt of the same try, up to a bound", async () => {
  const { dagRunId } = await trigger(engine, "stuck");
  let [attemptId] = await dispatchOnce(engine);
  const seen = new Set([attemptId]);
  for (let round = 0; round < 2; round++) {
    expect(await engine.loseAttempts([{ attemptId: attemptId!, reason: "rejected", message: "image pull failed" }])).toEqual({ lost: [] });
    nowMs += 10_000;
    const { resubmit } = await engine.requeueStuck({ limit: 10 });
    attemptId = resubmit[0]!.attemptId;
    expect(resubmit[0]!.tryNumber).toBe(1);
    seen.add(attemptId);
  }
  expect(seen.size).toBe(3);
  expect(await engine.loseAttempts([{ attemptId: attemptId!, reason: "rejected", message: "image pull failed" }])).toEqual({ lost: [attemptId] });
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed" });
});

test("an attempt that is lost before it began costs no try, however often", async () => {
  const { dagRunId } = await trigger(engine, "stuck");
  let [attemptId] = await dispatchOnce(engine);
  for (let round = 0; round < 5; round++) {
    expect(await engine.loseAttempts([{ attemptId: attemptId!, reason: "lost", message: "the host is gone" }])).toEqual({ lost: [] });
    nowMs += 1;
    const { resubmit } = await engine.requeueStuck({ limit: 10 });
    expect(resubmit.map((command) => command.tryNumber)).toEqual([1]);
    attemptId = resubmit[0]!.attemptId;
  }
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "running" });
  const { granted } = await engine.exchange({ hostId: HOST, starts: [attemptId!], finishes: [], want: 0, queues: null });
  expect(granted).toHaveLength(1);
  await engine.exchange({
    hostId: HOST,
    starts: [],
    finishes: [{ attemptId: attemptId!, outcome: { kind: "success" }, durationMs: 1 }],
    want: 0,
    queues: null,
  });
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
});

test("a run out of time fails, what is unfinished is skipped, and what runs is stopped", async () => {
  await storeDags(engine, dagSpec("slow", [task("a"), task("b", { upstream: ["a"] })], { dagrunTimeoutMs: 5_000 }));
  const { dagRunId, attemptId } = await running("slow");
  nowMs += 5_001;
  expect(await engine.timeOutRuns({ limit: 10 })).toEqual({ timedOut: 1 });
  expect(await runStateOf(database.db, dagRunId)).toEqual({ state: "failed", reason: "timed_out", unfinished: 0, live: 0 });
  expect(await statesOf(database.db, dagRunId)).toEqual({ a: "skipped", b: "skipped" });
  expect(await engine.takeStops({ schedulerId: SCHEDULER })).toMatchObject([{ attemptId }]);
  expect((await engine.heartbeat({ hostId: HOST, attempts: [{ attemptId }], queued: [] })).stop).toMatchObject([{ attemptId }]);
  nowMs += 10_000;
  expect(await engine.expireLeases({ limit: 10 })).toEqual({ lost: [attemptId] });
  expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
  expect(await statesOf(database.db, dagRunId)).toEqual({ a: "skipped", b: "skipped" });
});

test("the leases of a dead scheduler go to another one, and the task does not notice", async () => {
  const dead = "00000000-0000-7000-8000-00000000000d";
  const heir = "00000000-0000-7000-8000-00000000000e";
  for (const jobId of [dead, heir]) await engine.registerJob({ jobId, jobType: "SchedulerJob", hostname: "box", pid: 1 });
  const { dagRunId } = await trigger(engine, "stuck");
  const [attemptId] = await dispatchOnce(engine, { schedulerId: dead });
  nowMs += 31_000;
  expect(await engine.heartbeatJob(heir)).toBe(true);
  const { deadJobs, attempts } = await engine.adoptOrphans({ adopterId: heir, thresholdSeconds: 30 });
  expect(deadJobs).toEqual([dead]);
  expect(attempts).toMatchObject([{ state: "queued", command: { attemptId, dagId: "stuck" } }]);
  expect(await engine.heartbeatJob(dead)).toBe(false);
  const { granted } = await engine.exchange({ hostId: HOST, starts: [attemptId!], finishes: [], want: 0, queues: null });
  await engine.exchange({
    hostId: HOST,
    starts: [],
    finishes: granted.map((grant) => ({ attemptId: grant.attemptId, outcome: ok(), durationMs: 1 })),
    want: 0,
    queues: null,
  });
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
});

test("a run in which nothing can move is a deadlock, and one whose counters were lost is repaired", async () => {
  await storeDags(engine, dagSpec("broken", [task("a"), task("b", { upstream: ["a"] })]));
  const { dagRunId } = await trigger(engine, "broken");
  await drain(engine, () => ok());
  const rows = builder(database.db);
  const reopen = async (counts: { up_total: number; up_success: number }): Promise<void> => {
    await rows
      .updateTable("task_instance")
      .set({ state: null, ...counts })
      .where("dag_run_id", "=", dagRunId)
      .where("task_id", "=", "b")
      .execute();
    await rows.updateTable("dag_run").set({ state: "running", unfinished_count: 1, live_count: 0 }).where("id", "=", dagRunId).execute();
  };
  await reopen({ up_total: 1, up_success: 0 });
  expect(await engine.sweep({ limit: 10 })).toEqual({ repaired: 1 });
  expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "scheduled" });
  await drain(engine, () => ok());
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  await rows.updateTable("task_instance").set({ state: "removed" }).where("dag_run_id", "=", dagRunId).where("task_id", "=", "a").execute();
  await storeDags(engine, dagSpec("broken", [task("a"), task("b", { upstream: ["a"], triggerRule: "all_skipped" })]));
  await rows
    .updateTable("dag_run")
    .set((eb) => ({ dag_version_id: eb.selectFrom("dag").select("dag_version_id").where("dag_id", "=", "broken") }))
    .where("id", "=", dagRunId)
    .execute();
  await reopen({ up_total: 1, up_success: 0 });
  await engine.sweep({ limit: 10 });
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed", reason: "all_tasks_deadlocked" });
});
