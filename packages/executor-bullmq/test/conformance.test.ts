import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeExecutor } from "@tradewind/executor/conformance";
import { startWholeTradewind } from "@tradewind/executor-testkit";
import { assertNoProcesses, hasRedisServer, startRedis } from "@tradewind/testkit";
import * as vitest from "vitest";
import { createBullMqExecutor } from "../src/index.ts";
import { WorkerFleet } from "./worker-fleet.ts";

vitest.describe.skipIf(!hasRedisServer())("over Redis", () => {
  describeExecutor(
    vitest,
    "bullmq",
    async () => {
      const home = await mkdtemp(join(tmpdir(), "tw-conform-"));
      const redis = await startRedis(join(home, "redis"));
      let fleet: WorkerFleet | undefined;
      const harness = await startWholeTradewind(home, {
        name: "bullmq",
        makeExecutor: () => createBullMqExecutor({ redis: { url: redis.url } }),
        async startWorkers(place) {
          fleet = new WorkerFleet({ ...place, home, redisUrl: redis.url });
          await fleet.start(2);
        },
        async awaitNoWorkers() {
          await fleet?.stop();
          await redis.stop();
          await assertNoProcesses(home);
        },
      });
      return {
        ...harness,
        loseTransport: async () => void (await redis.ask("FLUSHALL")),
        async close() {
          try {
            await harness.close();
          } finally {
            await rm(home, { recursive: true, force: true });
          }
        },
      };
    },
    { losesTransport: true },
  );
});
