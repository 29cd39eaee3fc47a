import type { HostRegistrationResponse } from "@tradewind/contract";
import { delay } from "@tradewind/contract/client";
import type { RunnerHostOptions } from "./host-options.ts";
import type { Reachability } from "./reachability.ts";

const STARTED_AT = new Date(performance.timeOrigin).toISOString();

/** A host token is replaced well before it could expire, whether or not it does. */
const RENEW_TOKEN_EVERY_MS = 5 * 60_000;
const RENEW_AGAIN_AFTER_MS = 5_000;

/** Makes the host known to the execution API, again where it has forgotten it, and keeps its token fresh. */
export class Registration {
  readonly #options: RunnerHostOptions;
  readonly #reachability: Reachability;
  readonly #closed: AbortSignal;
  readonly #onRegistered: (answer: HostRegistrationResponse) => void;
  #registering: Promise<void> | null = null;
  #renewal: NodeJS.Timeout | null = null;

  constructor(options: RunnerHostOptions, reachability: Reachability, closed: AbortSignal, onRegistered: (answer: HostRegistrationResponse) => void) {
    this.#options = options;
    this.#reachability = reachability;
    this.#closed = closed;
    this.#onRegistered = onRegistered;
  }

  /** Resolves when the server knows the host; rejects only when the host ends before. */
  async untilKnown(): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        return await this.#register();
      } catch (error) {
        if (this.#closed.aborted) throw error;
        if ((error as { httpStatus?: number }).httpStatus === 401) this.#options.onTokenRefused?.((error as Error).message);
        // Even a plain refusal is not for ever: a wrong address is put right by the next scheduler that connects.
        this.#options.logger.warn({ error: String(error) }, "the host could not make itself known to the execution API; it tries again");
        await delay(Math.min(2_000, 100 * 2 ** Math.min(failures, 5)), this.#closed);
      }
    }
  }

  /** Many calls may be refused at once; one registration, or one request for a token, answers them all. */
  async onUnknownHost(status: 401 | 404): Promise<void> {
    if (status === 401) return this.#options.onTokenRefused?.();
    this.#registering ??= this.#register().finally(() => (this.#registering = null));
    await this.#registering.catch(() => undefined);
  }

  close(): void {
    if (this.#renewal !== null) clearTimeout(this.#renewal);
  }

  async #register(): Promise<void> {
    const { client, hostId, name, executor, hostname, version, slots, queues } = this.#options;
    const host = {
      hostId,
      executor,
      hostname,
      pid: process.pid,
      version,
      slots,
      queues,
      startedAt: STARTED_AT,
      ...(name === undefined ? {} : { name }),
    };
    const call = { retryForMs: 0, signal: this.#closed };
    const answer = await this.#reachability.watch("register", () => client.registerHost(host, call));
    client.setHostToken(answer.token);
    if (this.#closed.aborted) return;
    this.#onRegistered(answer);
    this.#renewIn(RENEW_TOKEN_EVERY_MS);
  }

  #renewIn(ms: number): void {
    this.close();
    this.#renewal = setTimeout(() => {
      this.#register().catch((error: unknown) => {
        if (this.#closed.aborted) return;
        this.#options.logger.warn({ error: String(error) }, "the host token could not be renewed; it is tried again");
        this.#renewIn(RENEW_AGAIN_AFTER_MS);
      });
    }, ms).unref();
  }
}
