import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutorEvent, TaskCommand } from "@tradewind/executor";
import { hasRedisServer, type RedisServer, startRedis, until } from "@tradewind/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { bullQueueName, createBullMqExecutor, JobFeed, type RedisSettings } from "../src/index.ts";
import { MemoryHost } from "./memory-host.ts";

const quiet = (): void => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

function command(overrides: Partial<TaskCommand> = {}): TaskCommand {
  const ids = { dagId: "d", runId: "r", taskId: "t", mapIndex: -1, tryNumber: 1, taskInstanceId: 1 };
  return { ...ids, attemptId: randomUUID(), executor: "bullmq", queue: "default", priorityWeight: 1, bundleSha256: "0".repeat(64), ...overrides };
}

const idsOf = (commands: readonly TaskCommand[]): string[] => commands.map(({ attemptId }) => attemptId);

describe.skipIf(!hasRedisServer())("over Redis", () => {
  let folder: string;
  let redis: RedisServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tw-bullmq-"));
    redis = await startRedis(folder);
  });
  afterAll(async () => {
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => void (await redis.ask("FLUSHALL")));

  async function startExecutor(settings: Partial<RedisSettings> = {}) {
    const executor = createBullMqExecutor({ redis: { url: redis.url, ...settings } });
    const events: ExecutorEvent[] = [];
    await executor.start({
      onEvent: (event) => events.push(event),
      logger,
      executionApiUrl: "http://127.0.0.1:1",
      issueHostToken: async () => "token",
    });
    onTestFinished(() => executor.stop({ drain: false, timeoutMs: 0 }));
    return { executor, events };
  }

  /** A worker's end of the queues, with a host that asks a server which the test plays. */
  async function startFeed(slots: number, options: { queues?: string[]; lockMs?: number; settings?: Partial<RedisSettings> } = {}) {
    const host: MemoryHost = new MemoryHost(slots, () => feed);
    const { queues = ["default"], lockMs = 1_000, settings } = options;
    const feed = new JobFeed({ redis: { url: redis.url, ...settings }, hostId: randomUUID(), queues, host, logger, lockMs, blockMs: 1_000 });
    await feed.start();
    let stopping: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopping ??= feed.stop());
    onTestFinished(stop);
    return { host, feed, stop };
  }

  test("higher weights go first, whatever the order they came in; equal ones in that order", async () => {
    const { executor } = await startExecutor();
    const commands = [3, 1, 2, 3, -5, 1_000].map((priorityWeight) => command({ priorityWeight }));
    await executor.submit(commands);
    const { host } = await startFeed(1);
    for (const expected of [5, 0, 3, 2, 1, 4]) {
      await until("the next job", () => host.held.length === 1);
      expect(host.held).toEqual([commands[expected]!.attemptId]);
      host.finishAll();
    }
  });

  test("a job holds ids only, is there once however often it is sent, and is gone when the server has answered", async () => {
    const { executor } = await startExecutor({ prefix: "other:place" });
    const one = command();
    await executor.submit([one, one]);
    await executor.submit([one]);
    const { host } = await startFeed(4, { settings: { prefix: "other:place" } });
    await until("the job", () => host.delivered.length > 0);
    expect(host.delivered).toEqual([one]);
    await until("an empty Redis", async () => !(await redis.ask(`KEYS *${one.attemptId}*`)).includes(one.attemptId));
    // It has been answered; coming late is no second start for the transport to prevent, the server does.
    await executor.submit([one]);
    await until("the late one", () => host.delivered.length === 2);
  });

  test("a worker takes what it has room for, from all its queues together; the rest stays for others", async () => {
    const { executor } = await startExecutor();
    const commands = [
      ...Array.from({ length: 6 }, () => command()),
      ...Array.from({ length: 6 }, () => command({ queue: "gpu: {a}" })),
      command({ queue: "elsewhere" }),
    ];
    await executor.submit(commands);
    const { host } = await startFeed(3, { queues: ["default", "gpu: {a}"] });
    await until("a full host", () => host.held.length === 3);
    const other = await startFeed(100, { queues: ["default", "gpu: {a}"] });
    await until("the rest", () => other.host.held.length === 9);
    expect(host.held).toHaveLength(3);
    expect(new Set([...host.held, ...other.host.held])).toEqual(new Set(idsOf(commands.slice(0, 12))));
  });

  test("what was taken and not answered goes on elsewhere at once when its worker stops in order", async () => {
    const { executor } = await startExecutor();
    const orderly = await startFeed(2);
    orderly.host.answers = false;
    const commands = [command(), command()];
    await executor.submit(commands);
    await until("both jobs", () => orderly.host.held.length === 2);
    const heir = await startFeed(2);
    heir.host.answers = false;
    expect(await executor.findMissing!(commands)).toEqual([]);
    await orderly.stop();
    await until("both jobs again", () => heir.host.held.length === 2);
    expect(new Set(heir.host.held)).toEqual(new Set(idsOf(commands)));
  });

  test("what a worker had taken that died goes on elsewhere when its lock has run out", async () => {
    const { executor } = await startExecutor();
    const one = command();
    await executor.submit([one]);
    const { Worker } = await import("bullmq");
    const dying = new Worker(bullQueueName("default"), undefined, { connection: { url: redis.url }, prefix: "tradewind", lockDuration: 500 });
    expect((await dying.getNextJob("its lock"))?.id).toBe(one.attemptId);
    await dying.close(true);
    const { host } = await startFeed(1, { lockMs: 500 });
    await until("the job", () => host.held.includes(one.attemptId));
  });

  test("what Redis has lost is named, also where only a part of it was lost; what waits or is with a worker is not", async () => {
    const { executor } = await startExecutor();
    const [waiting, evicted, lost] = [command({ priorityWeight: 1 }), command(), command()];
    const taken = command({ priorityWeight: 9 });
    await executor.submit([waiting, evicted, taken]);
    const { host, stop } = await startFeed(1);
    host.answers = false;
    await until("a job that is with a worker", () => host.held.length === 1);
    await redis.ask(`ZREM tradewind:{default}:prioritized ${evicted.attemptId}`);
    expect(await executor.findMissing!([waiting, evicted, lost, taken])).toEqual([evicted.attemptId, lost.attemptId]);
    expect(await executor.adopt([waiting, lost].map((one) => ({ attemptId: one.attemptId, state: "queued" as const, command: one })))).toEqual({
      adopted: [waiting.attemptId],
    });
    await executor.submit([evicted, lost]);
    expect(await executor.findMissing!([waiting, evicted, lost])).toEqual([]);
    await stop();
  });

  test("cancelling takes out what waits, and leaves what is with a worker to it", async () => {
    const { executor } = await startExecutor();
    const [first, second] = [command({ priorityWeight: 2 }), command({ priorityWeight: 1 })];
    await executor.submit([first, second]);
    const { host } = await startFeed(1);
    host.answers = false;
    await until("a job that is with a worker", () => host.held.length === 1);
    await executor.cancel([first, second].map(({ attemptId }) => ({ attemptId, reason: "cleared" })));
    expect(await executor.findMissing!([first, second])).toEqual([second.attemptId]);
  });

  test("attempts come straight from the server only while the queues are empty, or Redis is away", async () => {
    const { executor } = await startExecutor();
    const { host, feed } = await startFeed(1);
    await until("a look into empty queues", () => feed.mayTakeNext());
    await executor.submit([command(), command(), command()]);
    await until("a full host", () => host.held.length === 1);
    await until("a look into full queues", () => !feed.mayTakeNext());
    for (const _ of [1, 2]) {
      const { length } = host.delivered;
      host.finishAll();
      await until("the next job", () => host.delivered.length > length);
    }
    await until("a look into queues that became empty", () => feed.mayTakeNext());
    expect(host.delivered).toHaveLength(3);
  });

  test("a host that stops having room, as when it is drained, is brought nothing until it has some again", async () => {
    const { executor } = await startExecutor();
    const { host, feed } = await startFeed(1);
    await until("a blocking read", () => feed.mayTakeNext());
    host.slots = 0;
    await executor.submit([command()]);
    // The read that was under way may still bring one, which goes back.
    await until("the job to wait", async () => (await redis.ask("ZCARD tradewind:{default}:prioritized")).includes(":1"));
    expect(host.delivered).toEqual([]);
    host.slots = 1;
    feed.changed();
    await until("the job", () => host.held.length === 1);
  });

  describe("when Redis goes away", () => {
    test("submitting fails at once, nothing is to be queued, and both sides go on when it is back", async () => {
      const { executor, events } = await startExecutor();
      const { host, feed } = await startFeed(4);
      await executor.submit([command()]);
      await until("a job", () => host.held.length === 1);
      await redis.stop();
      await until("the loss to be noticed", () => executor.capacity().isAway === true);
      expect(executor.capacity().free).toBe(0);
      const startedAt = performance.now();
      await expect(executor.submit([command()])).rejects.toMatchObject({
        code: "executor_failed",
        message: expect.stringContaining("no connection to Redis"),
      });
      await expect(executor.findMissing!([command()])).rejects.toMatchObject({ code: "executor_failed" });
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      await until("the worker to notice", () => feed.health().awayForMs !== null);
      expect(feed.mayTakeNext()).toBe(true);
      events.length = 0;
      await redis.restart();
      await until("the connection", () => executor.capacity().free === null);
      expect(events).toContainEqual({ kind: "capacity" });
      const next = command();
      await executor.submit([next]);
      await until("a job after the restart", () => host.held.includes(next.attemptId));
      expect(feed.health().awayForMs).toBeNull();
    });

    test("one that hangs makes commands fail within their time, and a worker's reads overdue, until it counts as away", async () => {
      const { executor } = await startExecutor({ timeoutMs: 300 });
      const { feed, host } = await startFeed(4);
      await executor.submit([command()]);
      await until("a blocking read", () => host.delivered.length > 0 && feed.mayTakeNext());
      process.kill(redis.pid, "SIGSTOP");
      try {
        await expect(executor.submit([command()])).rejects.toThrow(/timed out/u);
        await until("an overdue read", () => (feed.health().overdueMs ?? 0) > 0);
        expect(feed.health().awayForMs).toBeNull();
        await until("the connection to be taken for dead", () => feed.health().awayForMs !== null);
      } finally {
        process.kill(redis.pid, "SIGCONT");
      }
      await until("reads in time", () => feed.health().awayForMs === null && feed.health().overdueMs === null);
      const { length } = host.delivered;
      await until("the executor's connection", () => executor.capacity().free === null);
      await executor.submit([command()]);
      await until("a job after that", () => host.delivered.length > length);
    });

    test("both sides stop while it is away, within a bound", async () => {
      const { executor } = await startExecutor();
      const { host, feed, stop } = await startFeed(4);
      host.answers = false;
      await executor.submit([command()]);
      await until("a job", () => host.held.length === 1);
      await redis.stop();
      await until("the worker to notice", () => feed.health().awayForMs !== null);
      const startedAt = performance.now();
      await stop();
      await executor.stop({ drain: true, timeoutMs: 500 });
      expect(performance.now() - startedAt).toBeLessThan(6_000);
      await redis.restart();
    });

    test("an executor starts without it, and connects later", async () => {
      await redis.stop();
      const { executor } = await startExecutor();
      expect(executor.capacity()).toMatchObject({ free: 0, isAway: true });
      await redis.restart();
      await until("the connection", () => executor.capacity().free === null);
      await executor.submit([command()]);
    });
  });
});
