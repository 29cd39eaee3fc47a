import type { ExecutorLogger } from "@tradewind/executor";
import { isReady, type RedisClient } from "./redis-client.ts";

export interface ConnectionWatchOptions {
  client: RedisClient;
  /** The address for people. */
  place: string;
  logger: ExecutorLogger;
  /** What an outage means for whoever reads the log. */
  consequence: string;
  onReady?: () => void;
}

/** An outage is told when it has lasted for so long: a restart of Redis is over before. */
const TELL_AFTER_MS = 2_000;
const TELL_AGAIN_AFTER_MS = 30_000;

/** Tells an outage of Redis once and its end once, however many errors come in between. */
export class ConnectionWatch {
  readonly #options: ConnectionWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #awaySince: number | null;
  #toldAt: number | null = null;
  #lastError = "it has not been reached yet";
  #closed = false;

  constructor(options: ConnectionWatchOptions) {
    this.#options = options;
    const { client } = options;
    this.#awaySince = isReady(client) ? null : performance.now();
    client.on("error", (error: Error) => (this.#lastError = error.message));
    client.on("close", () => this.#onClose());
    client.on("ready", () => this.#onReady());
    this.#timer = setInterval(() => this.#check(), 1_000).unref();
  }

  /** For how long there has been no connection; null: there is one. */
  awayForMs(): number | null {
    return this.#awaySince === null ? null : performance.now() - this.#awaySince;
  }

  get lastError(): string {
    return this.#lastError;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #onClose(): void {
    this.#awaySince ??= performance.now();
  }

  #onReady(): void {
    const awayForMs = Math.round(this.awayForMs() ?? 0);
    const { logger, place, onReady } = this.#options;
    if (this.#toldAt !== null) logger.info({ redis: place, awayForMs }, `Redis at ${place} is back after ${Math.round(awayForMs / 1000)} s`);
    this.#awaySince = null;
    this.#toldAt = null;
    onReady?.();
  }

  #check(): void {
    const awayForMs = this.awayForMs();
    if (this.#closed || awayForMs === null || awayForMs < TELL_AFTER_MS) return;
    if (this.#toldAt !== null && performance.now() - this.#toldAt < TELL_AGAIN_AFTER_MS) return;
    this.#toldAt = performance.now();
    const { logger, place, consequence } = this.#options;
    logger.error(
      { redis: place, awayForMs: Math.round(awayForMs), error: this.#lastError },
      `Redis at ${place} has not been reached for ${Math.round(awayForMs / 1000)} s (${this.#lastError}); ${consequence}. Check that it runs, redis.url (TRADEWIND__REDIS__URL), and its password.`,
    );
  }
}
