import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import { Queue } from "bullmq";
import { TradewindError } from "@tradewind/core";
import { bullQueueName } from "./job.ts";
import { parseRedisUrl, showRedis } from "./redis-address.ts";
import { becomesReady, closeRedis, DEFAULT_PREFIX, isReady, openRedis, type RedisClient, type RedisSettings } from "./redis-client.ts";

export interface QueueBoardOptions {
  redis: RedisSettings;
  /** Where the board is, as browsers see it: "/queues". */
  basePath: string;
  /** The task queues that there are now. */
  listQueues: () => Promise<readonly string[]>;
}

/** Pages that show what is in Redis: bull-board. They change nothing: what becomes of a task is for Postgres to say, and a job that was removed by hand would only be sent again. */
export interface QueueBoard {
  /** Routes for a scope of fastify whose prefix is `basePath`. Who may use them is for that scope to say. */
  readonly plugin: ReturnType<FastifyAdapter["registerPlugin"]>;
  /**
   * Brings the list of queues up to date; to be called before a page is answered.
   * @throws TradewindError `executor_failed` while Redis is away
   */
  refresh(): Promise<void>;
  close(): void;
}

/** Queues come and go slowly, and a page asks every few seconds. */
const REFRESH_EVERY_MS = 5_000;
/** How long the first page waits for the first connection. */
const FIRST_CONNECT_MS = 3_000;

export async function createQueueBoard({ redis, basePath, listQueues }: QueueBoardOptions): Promise<QueueBoard> {
  const client = await openRedis(redis, "producer");
  let lastError = "it has not been reached yet";
  client.on("error", (error: Error) => (lastError = error.message));
  const firstConnect = becomesReady(client, FIRST_CONNECT_MS);
  const adapter = new FastifyAdapter().setBasePath(basePath);
  const board = createBullBoard({
    queues: [],
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: "Tradewind queues", hideRedisDetails: true } },
  });
  // Errors, also those of who asks without the right to, have one shape and one log: the server's.
  adapter.setErrorHandler((error) => {
    throw error;
  });
  const shown = new Map<string, { queue: Queue; view: BullMQAdapter }>();
  let refreshedAt = Number.NEGATIVE_INFINITY;

  async function refresh(): Promise<void> {
    await firstConnect;
    // BullMQ would wait until it is back, and whoever asked for a page with it.
    if (!isReady(client)) {
      const place = showRedis(parseRedisUrl(redis.url));
      throw new TradewindError(
        "executor_failed",
        `Redis at ${place} cannot be reached now (${lastError}). What waits and runs is on the page Workers.`,
      );
    }
    const now = performance.now();
    if (now - refreshedAt < REFRESH_EVERY_MS) return;
    refreshedAt = now;
    const wanted = new Set(await listQueues());
    for (const name of wanted) {
      if (shown.has(name)) continue;
      const queue = openQueue(name, client, redis.prefix ?? DEFAULT_PREFIX);
      const view = new BullMQAdapter(queue, { readOnlyMode: true, displayName: name });
      shown.set(name, { queue, view });
      board.addQueue(view);
    }
    for (const [name, { queue, view }] of shown) {
      if (wanted.has(name)) continue;
      board.removeQueue(view);
      shown.delete(name);
      void queue.close().catch(() => undefined);
    }
  }

  return {
    plugin: adapter.registerPlugin(),
    refresh,
    close() {
      // Not waited for: one of them may be waiting for a Redis that is away.
      for (const { queue } of shown.values()) void queue.close().catch(() => undefined);
      closeRedis(client);
    },
  };
}

function openQueue(name: string, connection: RedisClient, prefix: string): Queue {
  const queue = new Queue(bullQueueName(name), { connection, prefix, skipVersionCheck: true });
  // A page that cannot be shown says so; the process goes on.
  queue.on("error", () => undefined);
  return queue;
}
