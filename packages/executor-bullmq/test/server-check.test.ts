import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskCommand } from "@tradewind/executor";
import { freePort, hasRedisServer, type RedisServer, startRedis, until } from "@tradewind/testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createBullMqExecutor, type RedisSettings } from "../src/index.ts";

/** What Redis is changed to say on its way; of the same length, since answers say how long they are. */
type Translate = (answer: string) => string;
const asRedis5: Translate = (answer) => answer.replace(/redis_version:\d/u, "redis_version:5");

function command(): TaskCommand {
  const ids = { dagId: "d", runId: "r", taskId: "t", mapIndex: -1, tryNumber: 1, taskInstanceId: 1, priorityWeight: 1 };
  return { ...ids, attemptId: randomUUID(), executor: "bullmq", queue: "default", bundleSha256: "0".repeat(64) };
}

describe.skipIf(!hasRedisServer())("a Redis that is not as it should be", () => {
  let folder: string;
  let redis: RedisServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tw-redis-check-"));
    redis = await startRedis(folder, { args: ["--user", ..."limited on >secret ~* &* +@all -info".split(" ")] });
  });
  afterAll(async () => {
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Redis behind a connection that changes what it says. */
  async function behind(translate: Translate): Promise<{ url: string; cut: () => void }> {
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const upstream = connect(redis.port, "127.0.0.1");
      for (const socket of [client, upstream]) sockets.add(socket.on("error", () => undefined));
      client.pipe(upstream);
      upstream.on("data", (data) => client.write(translate(data.toString("latin1")), "latin1"));
      upstream.on("close", () => client.destroy());
      client.on("close", () => upstream.destroy());
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const cut = (): void => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    };
    onTestFinished(async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    });
    return { url: `redis://127.0.0.1:${port}`, cut };
  }

  async function start(settings: RedisSettings) {
    const told: string[] = [];
    const tell = (level: string) => (_fields: object, message: string) => void told.push(`${level}: ${message}`);
    const executor = createBullMqExecutor({ redis: settings });
    onTestFinished(() => executor.stop({ drain: false, timeoutMs: 0 }));
    const logger = { debug: () => undefined, info: tell("info"), warn: tell("warn"), error: tell("error") };
    await executor.start({ onEvent: () => undefined, logger, executionApiUrl: "", issueHostToken: async () => "" });
    return { executor, told };
  }

  test("one that is too old stops the start, with its version and what is needed", async () => {
    const { url } = await behind(asRedis5);
    await expect(start({ url })).rejects.toMatchObject({
      code: "invalid_config",
      message: expect.stringMatching(/has version 5\.\d.*needs 6\.2 or newer, or Valkey/u),
    });
  });

  test("one that became too old behind a running executor is told, and so is that it may drop tasks, each once however often it comes back", async () => {
    let isOld = false;
    const { url, cut } = await behind((answer) => (isOld ? asRedis5(answer) : answer));
    const { executor, told } = await start({ url });
    expect(told).toEqual([]);
    await redis.ask("CONFIG SET maxmemory-policy allkeys-lru");
    onTestFinished(async () => void (await redis.ask("CONFIG SET maxmemory-policy noeviction")));
    isOld = true;
    for (const _ of [1, 2]) {
      cut();
      await until("the loss to be noticed", () => executor.capacity().isAway === true);
      await until("the connection", () => executor.capacity().isAway === false);
      // Asked after it, answered after it.
      await executor.findMissing!([command()]);
    }
    expect(told.toSorted()).toEqual([
      expect.stringMatching(/^error: Redis at .* has version 5\./u),
      expect.stringMatching(/^warn: Redis at .* maxmemory-policy "allkeys-lru" and may drop tasks.*Set it to noeviction\.$/u),
    ]);
  });

  test("one that does not say what it is, since its user may not ask, is used", async () => {
    const { executor, told } = await start({ url: `redis://limited:secret@127.0.0.1:${redis.port}` });
    await until("the connection", () => executor.capacity().isAway === false);
    expect(told).toEqual([]);
  });
});
