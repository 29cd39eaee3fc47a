import type { Worker } from "bullmq";
import type { ExecutorLogger, TaskCommand } from "@tradewind/executor";
import { ConnectionWatch } from "./connection-watch.ts";
import { bullQueueName, toCommand } from "./job.ts";
import { PRESENCE_EVERY_MS, sayGone, sayPresent } from "./presence.ts";
import { QueueReader, type TakenJob } from "./queue-reader.ts";
import { parseRedisUrl, showRedis } from "./redis-address.ts";
import { closeRedis, DEFAULT_PREFIX, isReady, openRedis, type RedisClient, type RedisSettings } from "./redis-client.ts";

/** Who runs what the feed brings: the runner host of this process. */
export interface FedHost {
  /** How many more attempts it would begin at once. */
  room(): number;
  /** Asks the server for these. What becomes of them is told to {@link JobFeed.answered}. */
  deliver(commands: readonly TaskCommand[]): void;
  load(): { slots: number; waiting: number; running: number };
}

export interface JobFeedOptions {
  redis: RedisSettings;
  hostId: string;
  /** Task queues, the first has no advantage over the others. */
  queues: readonly string[];
  host: FedHost;
  logger: ExecutorLogger;
  /**
   * How long a job stays with a worker that died before it was answered. Default 5,000. An attempt that runs is not concerned: its lease says whether it lives, and its job is gone.
   */
  lockMs?: number;
  /** How long a blocking read waits before it comes back empty. Default 5,000. */
  blockMs?: number;
}

export interface FeedHealth {
  /** For how long Redis has been away; null: it is there. */
  awayForMs: number | null;
  /** How long ago a read came back; while there is no room none is made, and this is null. */
  lastReadMs: number | null;
  /** For how long the oldest read has been under way that should have come back by now; null: none. */
  overdueMs: number | null;
}

const DEFAULT_LOCK_MS = 5_000;
const DEFAULT_BLOCK_MS = 5_000;
/** A connection is taken for dead when it has been silent for the time of so many blocking reads. */
const SILENT_READS = 3;
/** How long what was seen of the queues' lengths is taken for true. */
const LOOK_VALID_MS = 100;
/** For a last answer of the server to what has been asked for. */
const LAST_ANSWERS_MS = 2_000;
const CLOSE_MS = 2_000;
const SAY_CHANGES_AFTER_MS = 50;
/** A job that comes back so often has outlived as many workers; then the scheduler sends it anew. */
const MAX_STALLS = 10;

/**
 * The worker's end of the queues: fetches jobs while the host has room, hands over their commands, and acknowledges each as soon as the server has granted or refused its attempt. From
 * then on the attempt's lease says whether it lives, so a job never outlasts its lock, whatever a task does to this process.
 */
export class JobFeed {
  readonly #options: JobFeedOptions;
  readonly #prefix: string;
  readonly #unanswered = new Map<string, TakenJob & { worker: Worker }>();
  readonly #acknowledging = new Set<Promise<unknown>>();
  #client: RedisClient | null = null;
  #watch: ConnectionWatch | null = null;
  #readers: { reader: QueueReader; worker: Worker; name: string }[] = [];
  #timers: NodeJS.Timeout[] = [];
  #sayTimer: NodeJS.Timeout | null = null;
  #roomWaiters: (() => void)[] = [];
  #isClosed = false;
  #emptyAt = -Infinity;
  #isLooking = false;

  constructor(options: JobFeedOptions) {
    this.#options = options;
    this.#prefix = options.redis.prefix ?? DEFAULT_PREFIX;
  }

  /** Begins to read. Redis need not be there yet. */
  async start(): Promise<void> {
    const { redis, queues, hostId, logger } = this.#options;
    const lockMs = this.#options.lockMs ?? DEFAULT_LOCK_MS;
    const blockMs = this.#options.blockMs ?? DEFAULT_BLOCK_MS;
    const [bullmq, client] = await Promise.all([import("bullmq"), openRedis(redis, "consumer", SILENT_READS * blockMs)]);
    this.#client = client;
    const place = showRedis(parseRedisUrl(redis.url));
    this.#watch = new ConnectionWatch({ client, place, logger, consequence: "running tasks go on, and no new ones come over Redis" });
    for (const queue of queues) {
      const name = bullQueueName(queue);
      const worker = new bullmq.Worker(name, undefined, {
        connection: client,
        prefix: this.#prefix,
        name: hostId,
        autorun: false,
        skipVersionCheck: true,
        lockDuration: lockMs,
        stalledInterval: lockMs / 2,
        maxStalledCount: MAX_STALLS,
        drainDelay: blockMs / 1000,
      });
      // An outage is told by the watch; what else goes wrong in BullMQ is here.
      worker.on("error", (error) => logger.debug({ queue, error: error.message }, "BullMQ told an error"));
      const reader = new QueueReader({
        worker,
        room: () => this.#room(),
        free: () => this.#free(),
        onJobs: (jobs) => this.#onJobs(worker, jobs),
        onError: (error) => logger.warn({ queue, error: String(error) }, `queue "${queue}" could not be read; it is tried again`),
      });
      this.#readers.push({ reader, worker, name });
      void worker.startStalledCheckTimer().catch(() => undefined);
      reader.start();
    }
    this.#timers.push(setInterval(() => void this.#renewLocks(lockMs), lockMs / 2).unref());
    this.#timers.push(setInterval(() => this.#say(), PRESENCE_EVERY_MS).unref());
    this.#say();
  }

  /** The server has granted these, or refused them: their delivery is over. */
  answered(attemptIds: readonly string[]): void {
    for (const attemptId of attemptIds) {
      const taken = this.#unanswered.get(attemptId);
      this.#unanswered.delete(attemptId);
      if (taken !== undefined) this.#acknowledge(taken);
    }
    this.changed();
  }

  /** The host's load is another one: there may be room. */
  changed(): void {
    if (this.#free() > 0) for (const resolve of this.#roomWaiters.splice(0)) resolve();
    if (this.#isClosed) return;
    this.#sayTimer ??= setTimeout(() => {
      this.#sayTimer = null;
      this.#say();
    }, SAY_CHANGES_AFTER_MS);
  }

  /**
   * Whether a freed slot may take an attempt straight from the server, past the queues. Only while they are empty: what was sent to them earlier, or with a higher priority, would wait
   * for ever behind an endless supply of others. Without Redis nobody can read them, and direct work is all there is.
   */
  mayTakeNext(): boolean {
    if (this.#isClosed) return false;
    if (this.#client === null || !isReady(this.#client)) return true;
    if (this.#readers.every(({ reader }) => reader.isWaiting)) return true;
    if (performance.now() - this.#emptyAt < LOOK_VALID_MS) return true;
    void this.#look();
    return false;
  }

  health(): FeedHealth {
    const dueMs = this.#options.blockMs ?? DEFAULT_BLOCK_MS;
    const awayForMs = this.#watch?.awayForMs() ?? null;
    const reading = this.#readers.map(({ reader }) => reader.readingForMs());
    const isReading = reading.some((forMs) => forMs !== null);
    const overdue = Math.max(-Infinity, ...reading.map((forMs) => (forMs ?? 0) - dueMs));
    const lastReadAt = Math.max(-Infinity, ...this.#readers.map(({ reader }) => reader.lastReadAt));
    return {
      awayForMs,
      lastReadMs: isReading ? Math.round(performance.now() - lastReadAt) : null,
      overdueMs: overdue > 0 ? Math.round(overdue) : null,
    };
  }

  /** Fetches nothing any more, waits a moment for the server's last answers, and puts what is unanswered back into its queue, for other workers. */
  async stop(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    if (this.#sayTimer !== null) clearTimeout(this.#sayTimer);
    for (const { reader } of this.#readers) reader.close();
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
    const client = this.#client;
    if (client === null) return;
    if (isReady(client)) {
      await within(CLOSE_MS, this.#endReads());
      const giveUpAt = performance.now() + LAST_ANSWERS_MS;
      while (this.#unanswered.size > 0 && performance.now() < giveUpAt) await new Promise((resolve) => setTimeout(resolve, 10));
      const handedBack = [...this.#unanswered.values()].map((taken) => this.#handBack(taken));
      await within(CLOSE_MS, Promise.all([...handedBack, ...this.#acknowledging, sayGone(client, this.#prefix, this.#options.hostId)]));
    }
    await within(CLOSE_MS, Promise.all(this.#readers.map(({ worker }) => worker.close(true))));
    this.#watch?.close();
    closeRedis(client);
  }

  // A blocking read holds no job, so its connection may be cut. Any other read comes back by itself, and brings a job perhaps.
  async #endReads(): Promise<void> {
    await Promise.all(
      this.#readers.map(async ({ reader, worker }) => {
        if (reader.isWaiting) await worker.getBackend().disconnectBlocking();
        await reader.ended();
      }),
    );
  }

  #free(): number {
    if (this.#isClosed) return 0;
    return this.#options.host.room() - this.#readers.reduce((sum, { reader }) => sum + reader.fetching, 0);
  }

  #room(): Promise<void> {
    if (this.#free() > 0 || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  #onJobs(worker: Worker, jobs: readonly TakenJob[]): void {
    const commands: TaskCommand[] = [];
    for (const taken of jobs) {
      const command = toCommand(taken.job.data);
      if (command === undefined) {
        this.#options.logger.error(
          { jobId: taken.job.id, queue: worker.name },
          "a job was dropped that is no task of Tradewind: something else writes into this queue",
        );
        this.#acknowledge(taken);
      } else if (this.#unanswered.has(command.attemptId)) {
        // Its lock had run out while the server was silent, and it came back here: the one that is there already will be answered.
        this.#unanswered.set(command.attemptId, { ...taken, worker });
      } else if (this.#free() > commands.length) {
        this.#unanswered.set(command.attemptId, { ...taken, worker });
        commands.push(command);
      } else {
        // Two queues had a job at the same time and one slot was free, or it was filled meanwhile.
        void this.#handBack(taken);
      }
    }
    if (commands.length > 0) this.#options.host.deliver(commands);
  }

  #acknowledge({ job, token }: TakenJob): void {
    // Redis may have lost it, or given it to somebody else, who is refused: it is over in any case.
    const done = job.moveToCompleted(null, token, false).catch((error: unknown) => {
      this.#options.logger.debug({ jobId: job.id, error: String(error) }, "a job could not be acknowledged");
    });
    this.#acknowledging.add(done);
    void done.then(() => this.#acknowledging.delete(done));
  }

  async #handBack({ job, token }: TakenJob): Promise<void> {
    await job.moveToWait(token).catch((error: unknown) => {
      this.#options.logger.debug({ jobId: job.id, error: String(error) }, "a job could not be put back; it goes back when its lock runs out");
    });
  }

  async #renewLocks(lockMs: number): Promise<void> {
    if (this.#client === null || !isReady(this.#client)) return;
    for (const [worker, taken] of Map.groupBy(this.#unanswered.values(), (one) => one.worker)) {
      const ids = taken.map(({ job }) => job.id!);
      const tokens = taken.map(({ token }) => token);
      await worker.extendJobLocks(ids, tokens, lockMs).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const lengths = await Promise.all(
        this.#readers.map(({ name }) =>
          Promise.all([this.#client!.zcard(`${this.#prefix}:${name}:prioritized`), this.#client!.llen(`${this.#prefix}:${name}:wait`)]),
        ),
      );
      if (lengths.flat().every((length) => length === 0)) this.#emptyAt = performance.now();
    } catch {
      // Redis went away; that is seen by the next question.
    } finally {
      this.#isLooking = false;
    }
  }

  #say(): void {
    const { host, hostId, queues } = this.#options;
    if (this.#client === null || !isReady(this.#client) || this.#isClosed) return;
    const { slots, waiting, running } = host.load();
    sayPresent(this.#client, this.#prefix, hostId, { queues: [...queues], slots, running: waiting + running }).catch(() => undefined);
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work.catch(() => undefined), new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
