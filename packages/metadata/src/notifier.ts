import { randomBytes } from "node:crypto";
import { type Database } from "./database.ts";
import { run } from "./database-handle.ts";
import { assertKind, encodePayload } from "./notification-payload.ts";
import { backoffMs } from "./retry.ts";

export interface NotifierOptions {
  channel: string;
  /** At most one NOTIFY in this time. Default 5 ms. */
  intervalMs?: number;
  /** That of another notifier of this process. Default: a new one. */
  origin?: string;
}

/**
 * Tells other processes that something happened. Kinds are collected and sent together, each once: the first at once, the next not before `intervalMs` is
 * over. Sent outside any transaction that holds data, because every commit that carries a NOTIFY waits for every other one. To be called after the
 * commit. A notification may be lost, as when the server restarts: it is a hint, and a slow sweep finds what it would have told.
 */
export interface Notifier {
  /** Marks this process; a listener can leave out what came from here. */
  readonly origin: string;
  notify(...kinds: string[]): void;
  /** Settles when all that was notified so far has been sent, or given up on by `close`. */
  flush(): Promise<void>;
  /** Sends what is left, tries once. */
  close(): Promise<void>;
}

export function createNotifier(db: Database, options: NotifierOptions): Notifier {
  return new CoalescingNotifier(db, options);
}

class CoalescingNotifier implements Notifier {
  readonly origin: string;
  readonly #db: Database;
  readonly #channel: string;
  readonly #intervalMs: number;
  #kinds = new Set<string>();
  #sending: Promise<void> | undefined;
  /** Set while a send is planned. */
  #cancelPlan: (() => void) | undefined;
  #lastSentAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #isClosed = false;

  constructor(db: Database, { channel, intervalMs = 5, origin = randomBytes(6).toString("base64url") }: NotifierOptions) {
    this.origin = origin;
    this.#db = db;
    this.#channel = channel;
    this.#intervalMs = intervalMs;
  }

  notify(...kinds: string[]): void {
    if (this.#isClosed) return;
    kinds.forEach(assertKind);
    for (const kind of kinds) this.#kinds.add(kind);
    if (kinds.length > 0) this.#schedule();
  }

  async flush(): Promise<void> {
    while (this.#kinds.size > 0 || this.#sending) {
      if (!this.#sending && this.#failures === 0) this.#send();
      await (this.#sending ?? new Promise((resolve) => setTimeout(resolve, this.#intervalMs)));
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelPlan?.();
    await this.#sending;
    if (this.#kinds.size > 0) this.#send();
    await this.#sending;
    this.#kinds.clear();
  }

  #schedule(): void {
    if (this.#sending || this.#cancelPlan) return;
    const pauseMs = this.#failures > 0 ? backoffMs(this.#failures, 50, 2_000) : this.#lastSentAt + this.#intervalMs - performance.now();
    if (pauseMs > 0) {
      const timer = setTimeout(() => this.#send(), pauseMs);
      this.#cancelPlan = () => clearTimeout(timer);
    } else {
      // Not setTimeout(…, 0), which is a whole millisecond late; still after everything of this turn was collected.
      const immediate = setImmediate(() => this.#send());
      this.#cancelPlan = () => clearImmediate(immediate);
    }
  }

  #send(): void {
    this.#cancelPlan?.();
    this.#cancelPlan = undefined;
    const kinds = this.#kinds;
    this.#kinds = new Set();
    this.#lastSentAt = performance.now();
    this.#sending = this.#sendOnce(kinds).finally(() => {
      this.#sending = undefined;
      if (this.#kinds.size > 0 && !this.#isClosed) this.#schedule();
    });
  }

  /** What could not be sent is kept for the next try, together with what comes until then. */
  async #sendOnce(kinds: ReadonlySet<string>): Promise<void> {
    try {
      const payload = encodePayload({ origin: this.origin, kinds: [...kinds] });
      await run(this.#db, { name: "tradewind-notify", text: "select pg_notify($1, $2)", values: [this.#channel, payload] });
      this.#failures = 0;
    } catch {
      this.#failures += 1;
      for (const kind of kinds) this.#kinds.add(kind);
    }
  }
}
