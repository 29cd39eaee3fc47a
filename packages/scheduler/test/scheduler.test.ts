import { randomUUID } from "node:crypto";
import type { TaskCommand } from "@tradewind/executor";
import { createEngine, type Engine } from "@tradewind/engine";
import { dagSpec, freshFernet, loadedDagFile, taskSpec, useTestDatabase } from "@tradewind/testkit/database";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createScheduler, NO_SCHEDULER_METRICS, type Scheduler, type SchedulerOptions, SYSTEM_CLOCK } from "../src/index.ts";
import { LogBook } from "./log-book.ts";
import { MemoryExecutor } from "./memory-executor.ts";

const database = useTestDatabase();
const HOST = "host-1";
const SOON = { timeout: 15_000, interval: 10 };

let engine: Engine;
let executor: MemoryExecutor;
let logger: LogBook;
/** Ids of the scheduler's job, in order. */
let jobIds: string[];
/** DAG runs that ended, as "dag state". */
let ended: string[];

beforeEach(async () => {
  executor = new MemoryExecutor("local");
  logger = new LogBook();
  jobIds = [];
  ended = [];
  engine = createEngine({
    db: database.db,
    hot: database.hot,
    fernet: freshFernet(),
    issueAttemptToken: ({ attemptId }) => attemptId,
    defaultExecutor: "local",
    dagsArePausedAtCreation: false,
    events: { dagRunFinished: ({ dagId, state }) => void ended.push(`${dagId} ${state}`) },
  });
  onTestFinished(() => engine.close());
  await engine.registerHost({ hostId: HOST, executor: "local", hostname: "box", pid: 1, version: "1", slots: 16, queues: null });
});

/** A minute between sweeps: what these tests wait for must come by wake-ups and timers. */
function scheduler(options: Partial<SchedulerOptions> = {}): Scheduler {
  const made = createScheduler({
    engine,
    executors: [executor],
    executionApiUrl: "http://127.0.0.1:1/execution/v1",
    issueHostToken: async (name, hostId) => `${name} ${hostId}`,
    newJobId: () => jobIds[jobIds.push(randomUUID()) - 1]!,
    hostname: "box",
    pid: process.pid,
    parallelism: 32,
    heartbeatMs: 50,
    healthThresholdMs: 600_000,
    leases: { leaseMs: 10_000, renewalMs: 0, holdMs: 300_000 },
    sweepMs: 60_000,
    logger,
    ...options,
  });
  return made;
}

async function started(options: Partial<SchedulerOptions> = {}): Promise<Scheduler> {
  const made = scheduler(options);
  await made.start();
  onTestFinished(() => made.stop({ drain: false, timeoutMs: 0 }));
  return made;
}

/** As a runner host does: asks to start, and reports the end. */
async function start(commands: readonly TaskCommand[]): Promise<string[]> {
  const { granted } = await engine.exchange({
    hostId: HOST,
    starts: commands.map(({ attemptId }) => attemptId),
    finishes: [],
    want: 0,
    queues: null,
  });
  return granted.map(({ attemptId }) => attemptId);
}
async function succeed(attemptIds: readonly string[]): Promise<void> {
  const finishes = attemptIds.map((attemptId) => ({ attemptId, outcome: { kind: "success" as const }, durationMs: 1 }));
  await engine.exchange({ hostId: HOST, starts: [], finishes, want: 0, queues: null });
}
const runAtOnce = (commands: readonly TaskCommand[]) => void start(commands).then(succeed);

const trigger = (dagId: string) => engine.triggerDagRun({ dagId, logicalDate: null, triggeredBy: "test", actor: { name: "test" } });

describe("with the real engine", () => {
  test("a triggered run goes through all its tasks by wake-ups alone", async () => {
    executor.onTaken = runAtOnce;
    await engine.recordDagFile(
      loadedDagFile(dagSpec("chain", [taskSpec("a"), taskSpec("b", { upstream: ["a"] }), taskSpec("c", { upstream: ["b"] })])),
    );
    await started();
    await trigger("chain");
    await vi.waitFor(() => expect(ended).toEqual(["chain success"]), SOON);
    expect(executor.submissions.map((ids) => ids.length)).toEqual([1, 1, 1]);
    expect(logger.messages("error")).toEqual([]);
  });

  test("where a host is at hand, what has a place begins there, and its executor is told; the rest is queued", async () => {
    const counts: number[] = [];
    executor.host = { hostId: HOST, places: 2 };
    executor.onBegun = (attemptIds) => void succeed(attemptIds);
    executor.onTaken = runAtOnce;
    const before = SYSTEM_CLOCK.monotonicNow();
    await engine.recordDagFile(loadedDagFile(dagSpec("hosted", [taskSpec("a"), taskSpec("b"), taskSpec("c")])));
    await started({ metrics: { ...NO_SCHEDULER_METRICS, dispatched: (count) => void counts.push(count) } });
    await trigger("hosted");
    await vi.waitFor(() => expect(ended).toEqual(["hosted success"]), SOON);
    const [first] = executor.begun;
    expect([executor.begun.length, first!.attemptIds.length, first!.hostId, executor.submissions.map((ids) => ids.length)]).toEqual([
      1,
      2,
      HOST,
      [1],
    ]);
    expect(first!.leasedAtMs).toBeGreaterThan(before);
    expect(first!.leasedAtMs).toBeLessThan(SYSTEM_CLOCK.monotonicNow());
    expect(counts.filter((count) => count > 0)).toEqual([3]);
    expect([executor.catchUps, logger.messages("error")]).toEqual([0, []]);
  });

  test("what a dispatch that failed behind its commit has begun, nobody knows: hosts at hand ask for it", async () => {
    executor.host = { hostId: HOST, places: 2 };
    let failures = 1;
    const failing = createEngine({
      db: database.db,
      hot: database.hot,
      fernet: freshFernet(),
      issueAttemptToken: ({ attemptId }) => attemptId,
      defaultExecutor: "local",
      dagsArePausedAtCreation: false,
      pausePoint: async (name) => {
        if (name === "dispatched, commands not returned" && failures-- > 0) throw new Error("cut off");
      },
    });
    onTestFinished(() => failing.close());
    await failing.recordDagFile(loadedDagFile(dagSpec("unknown", [taskSpec("a")])));
    await started({ engine: failing });
    await failing.triggerDagRun({ dagId: "unknown", logicalDate: null, triggeredBy: "test", actor: { name: "test" } });
    await vi.waitFor(() => expect(executor.catchUps).toBe(1), SOON);
    expect([executor.begun, executor.submissions]).toEqual([[], []]);
    const { next } = await engine.exchange({ hostId: HOST, starts: [], finishes: [], want: 0, queues: null, known: [] });
    await succeed(next.map(({ attemptId }) => attemptId));
    await vi.waitFor(() => expect(ended).toEqual(["unknown success"]), SOON);
  });

  test("what comes due by time is done at its time: a schedule, and a retry", async () => {
    let tries = 0;
    executor.onTaken = (commands) =>
      void start(commands).then(async (attemptIds) => {
        if (++tries > 1) return succeed(attemptIds);
        const failure = { reason: "error" as const, message: "not yet" };
        const finishes = attemptIds.map((attemptId) => ({
          attemptId,
          outcome: { kind: "failed" as const, failure, retryable: true },
          durationMs: 1,
        }));
        await engine.exchange({ hostId: HOST, starts: [], finishes, want: 0, queues: null });
      });
    await started();
    const schedule = { kind: "once" as const };
    await engine.recordDagFile(loadedDagFile(dagSpec("once", [taskSpec("a", { retries: 1, retryDelayMs: 400 })], { schedule })));
    await vi.waitFor(() => expect(ended).toEqual(["once success"]), SOON);
    expect(tries).toBe(2);
  });

  test("many DAGs due at once, more than a batch: each has its run once", async () => {
    executor.onTaken = runAtOnce;
    const dagIds = Array.from({ length: 45 }, (_, index) => `due${index}`);
    const schedule = { kind: "once" as const };
    for (const dagId of dagIds) await engine.recordDagFile(loadedDagFile(dagSpec(dagId, [taskSpec("a")], { schedule })));
    const one = await started({ limits: { dagsPerPass: 4 } });
    await vi.waitFor(() => expect(ended.toSorted()).toEqual(dagIds.map((dagId) => `${dagId} success`).toSorted()), SOON);
    await one.runOnce();
    expect(ended.length).toBe(45);
    expect(logger.messages("error")).toEqual([]);
  });

  test("an attempt that the executor reports as lost is tried again", async () => {
    executor.onTaken = (commands) => {
      if (executor.submissions.length > 1) return runAtOnce(commands);
      void start(commands).then(([attemptId]) => executor.tell({ kind: "lost", attemptId: attemptId!, reason: "the host died" }));
    };
    await engine.recordDagFile(loadedDagFile(dagSpec("lost", [taskSpec("a", { retries: 1, retryDelayMs: 0 })])));
    await started();
    await trigger("lost");
    await vi.waitFor(() => expect(ended).toEqual(["lost success"]), SOON);
    expect(new Set(executor.submissions.flat()).size).toBe(2);
  });

  test("places that become free are used when the executor tells of them", async () => {
    executor.free = 0;
    executor.onTaken = runAtOnce;
    await engine.recordDagFile(loadedDagFile(dagSpec("full", [taskSpec("a")])));
    const one = await started();
    await trigger("full");
    await one.runOnce(["ready"]);
    expect(executor.submissions).toEqual([]);
    executor.free = 1;
    executor.tell({ kind: "capacity" });
    await vi.waitFor(() => expect(ended).toEqual(["full success"]), SOON);
  });
});

describe("heartbeat", () => {
  test("a scheduler that was declared dead goes on under a new id", async () => {
    executor.onTaken = runAtOnce;
    await engine.recordDagFile(loadedDagFile(dagSpec("again", [taskSpec("a")])));
    await started();
    expect(jobIds.length).toBe(1);
    const other = randomUUID();
    await engine.registerJob({ jobId: other, jobType: "SchedulerJob", hostname: "other", pid: 1 });
    // Whoever has not been heard of for no time at all.
    const { deadJobs } = await engine.adoptOrphans({ adopterId: other, thresholdSeconds: 0 });
    expect(deadJobs).toEqual([jobIds[0]]);
    await vi.waitFor(() => expect(jobIds.length).toBe(2), SOON);
    await trigger("again");
    await vi.waitFor(() => expect(ended).toEqual(["again success"]), SOON);
    expect(await engine.heartbeatJob(jobIds[1]!)).toBe(true);
    expect(logger.messages("warn")).toContain("this scheduler was declared dead while it was silent; going on under a new id");
    await engine.endJob(other);
  });

  test("one that is heard of keeps its id", async () => {
    let beats = 0;
    const metrics = {
      heartbeat: () => void beats++,
      heartbeatFailed() {},
      loopDuration() {},
      dispatched() {},
      orphansAdopted() {},
      attemptsLost() {},
    };
    await started({ metrics, heartbeatMs: 10 });
    await vi.waitFor(() => expect(beats).toBeGreaterThan(3), SOON);
    expect(jobIds.length).toBe(1);
  });
});

test("what a dead scheduler left is taken over: queued attempts that no executor holds are submitted again, held ones are not", async () => {
  await engine.recordDagFile(loadedDagFile(dagSpec("orphans", [taskSpec("held"), taskSpec("gone")])));
  const dead = randomUUID();
  await engine.registerJob({ jobId: dead, jobType: "SchedulerJob", hostname: "gone", pid: 1 });
  await trigger("orphans");
  const { commands } = await engine.dispatch({ schedulerId: dead, parallelism: 10, executors: [{ name: "local", free: null }], limit: 10 });
  const held = commands.find((one) => one.taskId === "held")!;
  const gone = commands.find((one) => one.taskId === "gone")!;
  executor.held.set(held.attemptId, held);
  executor.onTaken = runAtOnce;
  await started({ healthThresholdMs: 1 });
  expect(executor.submissions).toEqual([[gone.attemptId]]);
  await succeed(await start([held]));
  await vi.waitFor(() => expect(ended).toEqual(["orphans success"]), SOON);
});

test("an executor that does not say what it holds holds up no heartbeat, and is asked once at a time", async () => {
  let beats = 0;
  await started({ metrics: { ...NO_SCHEDULER_METRICS, heartbeat: () => void beats++ }, heartbeatMs: 10, healthThresholdMs: 1_000 });
  await engine.recordDagFile(loadedDagFile(dagSpec("orphans", [taskSpec("held")])));
  const answered = Promise.withResolvers<void>();
  executor.adoptGate = answered.promise;
  executor.free = 0;
  const dead = randomUUID();
  await engine.registerJob({ jobId: dead, jobType: "SchedulerJob", hostname: "gone", pid: 1 });
  await trigger("orphans");
  const { commands } = await engine.dispatch({ schedulerId: dead, parallelism: 10, executors: [{ name: "local", free: null }], limit: 10 });
  expect(commands).toHaveLength(1);
  await vi.waitFor(() => expect(executor.adoptions).toBe(1), SOON);
  const before = beats;
  await vi.waitFor(() => expect(beats).toBeGreaterThan(before + 5), SOON);
  expect(executor.adoptions).toBe(1);
  answered.resolve();
  await vi.waitFor(() => expect(executor.submissions).toEqual([[commands[0]!.attemptId]]), SOON);
  await succeed(await start(commands));
  await vi.waitFor(() => expect(ended).toEqual(["orphans success"]), SOON);
});

describe("start and stop", () => {
  test("stop ends the job and hands its wish to the executors; nothing is dispatched after it", async () => {
    await engine.recordDagFile(loadedDagFile(dagSpec("late", [taskSpec("a")])));
    const one = scheduler();
    await one.start();
    await one.stop({ drain: true, timeoutMs: 1_234 });
    expect(executor.stopped).toEqual({ drain: true, timeoutMs: 1_234 });
    expect(await engine.heartbeatJob(jobIds[0]!)).toBe(false);
    const { runId } = await trigger("late");
    executor.tell({ kind: "capacity" });
    expect(executor.submissions).toEqual([]);
    // Nobody's business any more.
    await engine.setDagRunState({ dagId: "late", runId, state: "failed", actor: { name: "test" } });
  });

  test("when one executor cannot start, the others are stopped and the job is ended", async () => {
    const broken = new MemoryExecutor("broken");
    broken.failure = new Error("no such cluster");
    const one = scheduler({ executors: [executor, broken] });
    await expect(one.start()).rejects.toThrow("no such cluster");
    expect(executor.stopped).toEqual({ drain: false, timeoutMs: 0 });
    expect(await engine.heartbeatJob(jobIds[0]!)).toBe(false);
  });

  test("many starts and stops, in the middle of passes, leave nothing running", async () => {
    for (let round = 0; round < 10; round++) {
      const one = scheduler({ heartbeatMs: 1 });
      await one.start();
      await one.stop({ drain: false, timeoutMs: 0 });
    }
    for (const jobId of jobIds) expect(await engine.heartbeatJob(jobId)).toBe(false);
    expect(logger.messages("error")).toEqual([]);
  });
});
