import { executorsOf } from "@tradewind/config";
import type { QueueBoard } from "@tradewind/executor-bullmq/queue-board";
import type { Queryable } from "@tradewind/metadata";
import { listQueueDepths } from "@tradewind/metadata/rest";
import type { Installation } from "./installation.ts";
import { redisSettings } from "./redis-settings.ts";

/** What shows the queues in Redis, where there are any; loaded only then. */
export async function openQueueBoard({ config, shutdown }: Installation, db: Queryable): Promise<QueueBoard | undefined> {
  const executor = executorsOf(config).find((choice) => choice.name === "bullmq" && choice.package === null);
  if (executor === undefined) return undefined;
  const { createQueueBoard } = await import("@tradewind/executor-bullmq/queue-board");
  const board = await createQueueBoard({
    redis: redisSettings(config),
    basePath: "/queues",
    async listQueues() {
      const depths = await listQueueDepths(db, { offlineSeconds: config.worker.forgetSeconds });
      return [...new Set(["default", ...depths.filter((depth) => depth.executor === executor.name).map((depth) => depth.queue)])].sort();
    },
  });
  shutdown.onShutdown("queue board", () => board.close());
  return board;
}
