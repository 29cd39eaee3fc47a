import { setTimeout as sleep } from "node:timers/promises";
import type { Queue } from "bullmq";
import { TradewindError } from "@tradewind/core";
import type { AdoptableAttempt, Executor, ExecutorCapacity, ExecutorStart, TaskCommand } from "@tradewind/executor";
import { ConnectionWatch } from "./connection-watch.ts";
import { bullQueueName, toJob } from "./job.ts";
import { listPresent } from "./presence.ts";
import { parseRedisUrl, showRedis } from "./redis-address.ts";
import { becomesReady, closeRedis, DEFAULT_PREFIX, isReady, openRedis, type RedisClient, type RedisSettings } from "./redis-client.ts";
import { checkServer } from "./server-check.ts";

export interface BullMqExecutorOptions {
  redis: RedisSettings;
  /** The name tasks choose it by, and workers register for. Default `bullmq`. */
  name?: string;
}

/** How long a start waits for Redis; then it goes on, and so does the looking for Redis. */
const FIRST_CONNECT_MS = 3_000;
/** One pipeline: enough for a pass of dispatch, and no command of anybody else waits long behind it. */
const JOBS_PER_PIPELINE = 500;
/** What happened is told by Postgres; BullMQ keeps a stream of its own that nobody reads. */
const KEPT_EVENTS = 100;
const DRAIN_LOOK_MS = 150;

/**
 * Carries attempts over Redis to workers (`tradewind worker`), with one BullMQ queue for each task queue. Redis may lose everything or repeat anything: a worker asks the engine before it
 * begins, and what is queued without a job is sent again (`findMissing`).
 *
 * @example
 * const executor = createBullMqExecutor({ redis: { url: "redis://localhost:6379" } });
 * @throws TradewindError `invalid_config` for a URL that can't be used
 */
export function createBullMqExecutor(options: BullMqExecutorOptions): Executor {
  return new BullMqExecutor(options);
}

class BullMqExecutor implements Executor {
  readonly name: string;
  readonly #settings: RedisSettings;
  readonly #prefix: string;
  readonly #place: string;
  readonly #queues = new Map<string, Queue>();
  #start: ExecutorStart | null = null;
  #client: RedisClient | null = null;
  #watch: ConnectionWatch | null = null;
  #bullmq: typeof import("bullmq") | null = null;
  #stopping = false;
  #isStarted = false;
  /** What was found out about the server, so that it is told once however often it comes back. */
  readonly #told = new Set<string>();

  constructor(options: BullMqExecutorOptions) {
    this.name = options.name ?? "bullmq";
    this.#settings = options.redis;
    this.#prefix = options.redis.prefix ?? DEFAULT_PREFIX;
    this.#place = showRedis(parseRedisUrl(options.redis.url));
  }

  async start(start: ExecutorStart): Promise<void> {
    this.#start = start;
    const [bullmq, client] = await Promise.all([import("bullmq"), openRedis(this.#settings, "producer")]);
    this.#bullmq = bullmq;
    this.#client = client;
    this.#watch = new ConnectionWatch({
      client,
      place: this.#place,
      logger: start.logger,
      consequence: "tasks for workers wait until it is back",
      onReady: () => this.#onReady(),
    });
    if (await becomesReady(client, FIRST_CONNECT_MS)) {
      const refusal = await this.#checkServer(client, start);
      if (refusal !== null) throw refusal;
    }
    this.#isStarted = true;
  }

  async submit(commands: readonly TaskCommand[]): Promise<void> {
    if (commands.length === 0) return;
    this.#connected();
    await Promise.all(
      [...Map.groupBy(commands, (command) => command.queue)].map(async ([name, own]) => {
        const queue = this.#queue(name);
        for (let from = 0; from < own.length; from += JOBS_PER_PIPELINE) await queue.addBulk(own.slice(from, from + JOBS_PER_PIPELINE).map(toJob));
      }),
    );
  }

  /** Takes what waits out of the queues. What a worker has begun is stopped by the answer to its heartbeat. */
  async cancel(attempts: readonly { attemptId: string; reason: string }[]): Promise<void> {
    if (attempts.length === 0 || this.#client === null || !isReady(this.#client)) return;
    const ids = attempts.map(({ attemptId }) => attemptId);
    await Promise.all(
      [...this.#queues.values()].map(async (queue) => {
        const waiting = (await this.#places(queue.name, ids)).filter((place) => place.isWaiting);
        await Promise.all(waiting.map(({ attemptId }) => queue.remove(attemptId)));
      }),
    );
  }

  /** Those that are on their way to a worker. What runs is held by a worker, and by nobody else: its lease says so. */
  async adopt(attempts: readonly AdoptableAttempt[]): Promise<{ adopted: string[] }> {
    const queued = attempts.filter(({ state }) => state === "queued").map(({ command }) => command);
    const missing = new Set(await this.findMissing(queued));
    return { adopted: queued.map(({ attemptId }) => attemptId).filter((id) => !missing.has(id)) };
  }

  async findMissing(commands: readonly TaskCommand[]): Promise<string[]> {
    if (commands.length === 0) return [];
    this.#connected();
    const found = await Promise.all(
      [...Map.groupBy(commands, (command) => command.queue)].map(([name, own]) => this.#findMissingIn(this.#queue(name), own)),
    );
    return found.flat();
  }

  capacity(): ExecutorCapacity {
    // Workers take what they have room for. Without Redis nothing is to become queued for it.
    const isAway = this.#client === null || !isReady(this.#client);
    return { slots: null, free: isAway || this.#stopping ? 0 : null, isAway };
  }

  async stop({ drain, timeoutMs }: { drain: boolean; timeoutMs: number }): Promise<void> {
    this.#stopping = true;
    if (drain) await this.#drained(timeoutMs);
    this.#watch?.close();
    for (const queue of this.#queues.values()) void queue.close().catch(() => undefined);
    this.#queues.clear();
    if (this.#client !== null) closeRedis(this.#client);
    this.#client = null;
  }

  #onReady(): void {
    if (this.#stopping || this.#start === null) return;
    this.#start.onEvent({ kind: "capacity" });
    // Behind the address there may be another server than before.
    if (this.#isStarted) void this.#checkAgain(this.#client!, this.#start);
  }

  async #checkAgain(client: RedisClient, start: ExecutorStart): Promise<void> {
    const refusal = await this.#checkServer(client, start);
    if (refusal !== null && !this.#told.has(refusal.message)) start.logger.error({ redis: this.#place }, refusal.message);
    if (refusal !== null) this.#told.add(refusal.message);
  }

  async #checkServer(client: RedisClient, { logger }: ExecutorStart): Promise<TradewindError | null> {
    const { refusal, warnings } = await checkServer(client, this.#settings);
    for (const warning of warnings) {
      if (!this.#told.has(warning)) logger.warn({ redis: this.#place }, warning);
      this.#told.add(warning);
    }
    return refusal;
  }

  #connected(): RedisClient {
    if (this.#client !== null && isReady(this.#client) && !this.#stopping) return this.#client;
    if (this.#stopping) throw new TradewindError("shutting_down", `The executor "${this.name}" is stopping and takes no commands.`);
    throw new TradewindError(
      "executor_failed",
      `The executor "${this.name}" has no connection to Redis at ${this.#place} (${this.#watch?.lastError ?? "it was not started"}); it connects by itself when Redis is back.`,
    );
  }

  #queue(name: string): Queue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new this.#bullmq!.Queue(bullQueueName(name), {
        connection: this.#connected(),
        prefix: this.#prefix,
        skipVersionCheck: true,
        streams: { events: { maxLen: KEPT_EVENTS } },
      });
      // Those of the connection are told once, by whoever watches it; those of a call reject it.
      queue.on("error", () => undefined);
      this.#queues.set(name, queue);
    }
    return queue;
  }

  async #findMissingIn(queue: Queue, commands: readonly TaskCommand[]): Promise<string[]> {
    const missing: string[] = [];
    for (let from = 0; from < commands.length; from += JOBS_PER_PIPELINE) {
      const ids = commands.slice(from, from + JOBS_PER_PIPELINE).map(({ attemptId }) => attemptId);
      const places = await this.#places(queue.name, ids);
      const gone = places.filter((place) => !place.isWaiting && !place.isWithWorker);
      // Data without a place in the queue, as after an eviction: a new job of the same id would be taken for a repetition.
      await Promise.all(gone.filter((place) => place.hasData).map(({ attemptId }) => queue.remove(attemptId)));
      missing.push(...gone.map(({ attemptId }) => attemptId));
    }
    return missing;
  }

  /** Where jobs are, as of one moment. */
  async #places(
    bullQueue: string,
    ids: readonly string[],
  ): Promise<{ attemptId: string; hasData: boolean; isWaiting: boolean; isWithWorker: boolean }[]> {
    const key = (name: string): string => `${this.#prefix}:${bullQueue}:${name}`;
    const look = this.#connected().multi();
    look.lrange(key("active"), 0, -1);
    for (const id of ids) look.zscore(key("prioritized"), id).exists(key(id));
    const answers = ((await look.exec()) ?? []).map(([error, answer]) => {
      if (error !== null) throw error;
      return answer;
    });
    const active = new Set(answers[0] as string[]);
    return ids.map((attemptId, index) => {
      const hasData = answers[2 * index + 2] === 1;
      return { attemptId, hasData, isWaiting: hasData && answers[2 * index + 1] !== null, isWithWorker: hasData && active.has(attemptId) };
    });
  }

  /** Resolves when no worker runs anything, or the time is over. Seen twice: workers say what they took a moment later. */
  async #drained(timeoutMs: number): Promise<void> {
    let quietLooks = 0;
    for (const giveUpAt = performance.now() + timeoutMs; performance.now() < giveUpAt; await sleep(DRAIN_LOOK_MS)) {
      if (this.#client === null || !isReady(this.#client)) continue;
      const workers = await listPresent(this.#client, this.#prefix).catch(() => undefined);
      quietLooks = workers?.every(({ running }) => running === 0) ? quietLooks + 1 : 0;
      if (quietLooks === 2) return;
    }
  }
}
