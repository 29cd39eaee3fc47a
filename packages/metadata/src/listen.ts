import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { type ConnectionOptions, clientConfig, sessionSettings } from "./connection-options.ts";
import { decodePayload } from "./notification-payload.ts";
import { backoffMs } from "./retry.ts";

export type ListenEvent =
  /** Something happened, in another process or in this one. */
  | { type: "notification"; origin: string; kinds: readonly string[] }
  /** Notifications may have been missed (after every connect, the first too): look at everything once. */
  | { type: "resync" };

export interface ListenOptions {
  /** Leave out what the notifier of this process sent (`notifier.origin`). */
  ignoreOrigin?: string;
  /** The connection was lost, or could not be made; it is tried again by itself. */
  onError?: (error: unknown) => void;
  /** How often a silent connection is asked whether it still lives. Default 15 s. */
  probeIntervalMs?: number;
}

export interface Listener {
  /** Settles when the first connection listens. */
  readonly ready: Promise<void>;
  readonly isConnected: boolean;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Hears notifications on a connection of its own, made again with growing, jittered pauses whenever it breaks.
 *
 *     connecting ──► listening ──(error, end, silent probe)──► pausing ──► connecting
 *                     │ resync, then notifications
 *
 * @param database a `Database`, or how to connect. Must reach the server itself: a pooler in transaction mode delivers nothing.
 */
export function listen(
  database: { readonly options: ConnectionOptions },
  channel: string,
  handler: (event: ListenEvent) => void,
  options: ListenOptions = {},
): Listener {
  return new ReconnectingListener(database.options, channel, handler, options);
}

class ReconnectingListener implements Listener {
  readonly ready: Promise<void>;
  readonly #connection: ConnectionOptions;
  readonly #channel: string;
  readonly #handler: (event: ListenEvent) => void;
  readonly #options: ListenOptions;
  readonly #closed = new AbortController();
  readonly #running: Promise<void>;
  readonly #firstConnect = Promise.withResolvers<void>();
  #isConnected = false;

  constructor(connection: ConnectionOptions, channel: string, handler: (event: ListenEvent) => void, options: ListenOptions) {
    this.#connection = { applicationName: "tradewind listen", ...connection };
    this.#channel = channel;
    this.#handler = handler;
    this.#options = options;
    this.ready = this.#firstConnect.promise;
    this.#running = this.#runUntilClosed();
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#firstConnect.resolve();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #runUntilClosed(): Promise<void> {
    for (let failures = 0; !this.#closed.signal.aborted;) {
      try {
        await this.#listenOnce(() => (failures = 0));
      } catch (error) {
        failures += 1;
        if (!this.#closed.signal.aborted) this.#options.onError?.(error);
      }
      await pause(failures === 0 ? 0 : backoffMs(failures, 50, 5_000), this.#closed.signal);
    }
  }

  /** From connecting until the connection is lost (throws) or the listener closed. */
  async #listenOnce(onConnected: () => void): Promise<void> {
    const client = new pg.Client(clientConfig(this.#connection));
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => undefined);
    client.on("error", lost.reject);
    client.on("end", () => lost.reject(new Error("Connection terminated: the listening connection ended")));
    client.on("notification", (message) => this.#receive(message));
    try {
      await client.connect();
      await client.query(sessionSettings(this.#connection));
      await client.query(`listen ${pg.escapeIdentifier(this.#channel)}`);
      onConnected();
      this.#isConnected = true;
      this.#firstConnect.resolve();
      this.#handler({ type: "resync" });
      await this.#probeUntilClosed(client, lost.promise);
    } finally {
      this.#isConnected = false;
      await client.end().catch(() => undefined);
    }
  }

  /** A half-open connection is silent for ever: only a question shows that it is dead. */
  async #probeUntilClosed(client: pg.Client, lost: Promise<never>): Promise<void> {
    while (!this.#closed.signal.aborted) {
      await Promise.race([lost, pause(this.#options.probeIntervalMs ?? 15_000, this.#closed.signal)]);
      if (!this.#closed.signal.aborted) await Promise.race([lost, client.query({ text: "select 1", query_timeout: 5_000 } as pg.QueryConfig)]);
    }
  }

  #receive({ channel, payload }: pg.Notification): void {
    if (channel !== this.#channel || this.#closed.signal.aborted) return;
    const { origin, kinds } = decodePayload(payload ?? "");
    if (kinds.length === 0) this.#handler({ type: "resync" });
    else if (origin !== this.#options.ignoreOrigin) this.#handler({ type: "notification", origin, kinds });
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
