import type { Job, Worker } from "bullmq";

/** A job that this worker has taken, and not yet acknowledged. */
export interface TakenJob {
  job: Job;
  token: string;
}

export interface QueueReaderOptions {
  /** Of this queue, without a processor: jobs are fetched by hand. */
  worker: Worker;
  /** Resolves when there is room for a job, or when the reader is to end. */
  room(): Promise<void>;
  /** How many jobs may be fetched now. */
  free(): number;
  onJobs(jobs: TakenJob[]): void;
  onError(error: unknown): void;
}

/** Fetches that are under way at the same time; more would only wait in the same socket. */
const FETCHES_AT_ONCE = 16;
const PAUSE_AFTER_ERROR_MS = 500;

/**
 * Reads one queue while there is room: waits in a blocking read while the queue is empty, and fetches several at once while it is not.
 *
 * Fetching by hand, and not BullMQ's own loop, since one number of slots is shared by several queues, and by attempts that came without a job.
 */
export class QueueReader {
  readonly #options: QueueReaderOptions;
  #closed = false;
  #tokens = 0;
  #readingSince: number | null = null;
  #isEmpty = false;
  #ended: Promise<void> = Promise.resolve();
  /** Fetches under way that may bring a job each, without waiting for one. */
  fetching = 0;
  /** When a read last came back, with or without a job. */
  lastReadAt = performance.now();

  constructor(options: QueueReaderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** Waits in a blocking read for the queue's next job: there is none now. */
  get isWaiting(): boolean {
    return this.#isEmpty && this.#readingSince !== null;
  }

  /** For how long the present read has been under way; null: none is. */
  readingForMs(): number | null {
    return this.#readingSince === null ? null : performance.now() - this.#readingSince;
  }

  /** No read begins any more. */
  close(): void {
    this.#closed = true;
  }

  /** Resolves when the last read has come back, which a blocking one does when its connection is closed. */
  ended(): Promise<void> {
    return this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      await this.#options.room();
      if (this.#closed) return;
      try {
        const jobs = await this.#read();
        if (jobs.length > 0) this.#options.onJobs(jobs);
      } catch (error) {
        if (this.#closed) return;
        this.#options.onError(error);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_ERROR_MS));
      }
    }
  }

  async #read(): Promise<TakenJob[]> {
    this.#readingSince = performance.now();
    try {
      // The first read after a job finds out whether there is another; the one after an empty answer blocks.
      const atOnce = this.#isEmpty ? 1 : Math.max(1, Math.min(FETCHES_AT_ONCE, this.#options.free()));
      this.fetching = this.#isEmpty ? 0 : atOnce;
      const fetched = await Promise.allSettled(Array.from({ length: atOnce }, () => this.#fetch(this.#isEmpty)));
      const jobs = fetched.flatMap((one) => (one.status === "fulfilled" && one.value !== undefined ? [one.value] : []));
      const failed = fetched.find((one) => one.status === "rejected");
      // What came is not to be lost for an error beside it.
      if (failed !== undefined && jobs.length === 0) throw failed.reason;
      this.#isEmpty = jobs.length < atOnce;
      return jobs;
    } finally {
      this.#readingSince = null;
      this.fetching = 0;
      this.lastReadAt = performance.now();
    }
  }

  async #fetch(block: boolean): Promise<TakenJob | undefined> {
    const token = `${this.#options.worker.id}:${this.#tokens++}`;
    const job = await this.#options.worker.getNextJob(token, { block });
    return job === undefined ? undefined : { job, token };
  }
}
