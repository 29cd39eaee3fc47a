import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Installation, makeInstallation, type Program, type RedisServer, startRedis } from "@tradewind/testkit";
import { onTestFinished } from "vitest";

export interface BullMqInstallation {
  installation: Installation;
  redis: RedisServer;
  /** Starts a worker of this name; one that is started again under its name is another process and another runner host. */
  startWorker(name: string, ...args: string[]): Promise<Program>;
}

export interface BullMqOptions {
  concurrency: number;
  env?: Record<string, string>;
}

/** An installation whose tasks go over a Redis of its own to workers; a scheduler, an API server and a DAG processor run, workers do not yet. */
export async function makeBullMqInstallation({ concurrency, env = {} }: BullMqOptions): Promise<BullMqInstallation> {
  const folder = mkdtempSync(join(tmpdir(), "tw-redis-"));
  const redis = await startRedis(folder);
  // Registered first, so that it runs last: services end as they would, with Redis there.
  onTestFinished(async () => {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const installation = await makeInstallation({
    env: {
      TRADEWIND__EXECUTOR: "bullmq",
      TRADEWIND__REDIS__URL: redis.url,
      TRADEWIND__SCHEDULER__PARALLELISM: "1000",
      TRADEWIND__SCHEDULER__SWEEP_SECONDS: "2",
      TRADEWIND__WORKER__DRAIN_SECONDS: "10",
      ...env,
    },
  });
  await Promise.all([installation.start("scheduler"), installation.start("api-server"), installation.start("dag-processor")]);
  return {
    installation,
    redis,
    startWorker: (name, ...args) => installation.start("worker", "a", ["--name", name, "--concurrency", String(concurrency), ...args]),
  };
}
