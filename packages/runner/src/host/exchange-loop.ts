import type { AttemptFinish, ExchangeRequest, ExchangeResponse } from "@tradewind/contract";
import { delay, type ExecutionApiClient, isExecutionApiError, isServerFault, isTransient } from "@tradewind/contract/client";
import type { HostLogger, PausePoint } from "./host-options.ts";
import { leaseNow } from "./lease-clock.ts";
import type { Reachability } from "./reachability.ts";

export interface ExchangeLoopOptions {
  hostId: string;
  queues: string[] | null;
  client: ExecutionApiClient;
  reachability: Reachability;
  logger: HostLogger;
  /** How many attempts to ask for with so many finishes. */
  want(finishes: number): number;
  /** What this host knows of, or has given up without a word: asked for when a request is repeated. */
  known(): string[];
  /** `sentAt`: when the answered request left, by the clock of leases: they count from there. */
  onAnswer(request: ExchangeRequest, answer: ExchangeResponse, sentAt: number): void;
  /** The server will never take this finish as it is. */
  onFinishRefused(finish: AttemptFinish, why: string): void;
  /** A start that can't be asked for. */
  onStartRefused(attemptId: string, why: string): void;
  /** 401 and 404: the host must show itself again before it goes on. */
  onUnknownHost(status: 401 | 404): Promise<void>;
  pausePoint(name: PausePoint): Promise<void>;
}

interface Batch {
  starts: string[];
  finishes: AttemptFinish[];
  /** It was sent before, and may have been answered. */
  isRepeated: boolean;
}

/** Text of all results in one request, if there is more than one. */
const MAX_RESULTS_LENGTH = 4 * 1024 * 1024;

/** A fault of the server (500) says nothing about what was sent, unless it comes again and again. */
const MAX_SERVER_FAULTS = 8;

/**
 * The hot path: one request in flight, and the next takes everything that came meanwhile. Nothing is dropped on a failure: a batch is sent until it is answered, since repeating it is
 * harmless, and leases go on being renewed apart from it. With a repetition goes what this host knows of, so that what it was granted in an answer that got lost is granted again.
 */
export class ExchangeLoop {
  readonly #options: ExchangeLoopOptions;
  #starts: string[] = [];
  #finishes: AttemptFinish[] = [];
  #scheduled = false;
  #busy = false;
  #idle: (() => void)[] = [];
  /** Those who wait for an answer to what runs here: see `catchUp`. */
  #catchUps: PromiseWithResolvers<void>[] = [];
  /** Ends the pause before a repetition. */
  #endPause: () => void = () => undefined;
  #closed = new AbortController();
  /** Typical time of an exchange lately. */
  roundTripMs = 5;

  constructor(options: ExchangeLoopOptions) {
    this.#options = options;
  }

  start(attemptId: string): void {
    this.#starts.push(attemptId);
    this.#kick();
  }

  finish(finish: AttemptFinish): void {
    this.#finishes.push(finish);
    this.#kick();
  }

  /**
   * Asks for what runs here as far as the server knows, and was never told to this host: resolves when it has been granted. It is a request that is repeated although it was not made, and goes with
   * what else there is to say, at once: whoever wants it knows of a server that can be asked.
   */
  catchUp(): Promise<void> {
    if (this.#closed.signal.aborted) return Promise.reject(this.#closed.signal.reason as Error);
    const asked = Promise.withResolvers<void>();
    this.#catchUps.push(asked);
    this.#endPause();
    this.#kick();
    return asked.promise;
  }

  /** Resolves when everything has been answered. */
  settled(): Promise<void> {
    if (!this.#busy && !this.#hasWork()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    const reason = new Error("the host stops");
    this.#closed.abort(reason);
    for (const { reject } of this.#catchUps.splice(0)) reject(reason);
    this.#becomeIdle();
  }

  #hasWork(): boolean {
    return this.#starts.length > 0 || this.#finishes.length > 0 || this.#catchUps.length > 0;
  }

  // When whoever calls is done: all that ended in one turn of the event loop, or was delivered at once, is told in one go, and shares a request.
  #kick(): void {
    if (this.#scheduled || this.#busy || this.#closed.signal.aborted) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#hasWork() && !this.#closed.signal.aborted) {
        const batch = { starts: this.#starts, finishes: this.#takeFinishes(), isRepeated: false };
        this.#starts = [];
        await this.#sendUntilAnswered(batch);
      }
    } finally {
      this.#busy = false;
      this.#becomeIdle();
    }
  }

  // All of them, unless large results would make one request too large for a server.
  #takeFinishes(): AttemptFinish[] {
    let bytes = 0;
    const beyond = this.#finishes.findIndex((one, index) => {
      bytes += one.outcome.kind === "success" ? (one.outcome.result?.length ?? 0) : 0;
      return index > 0 && bytes > MAX_RESULTS_LENGTH;
    });
    return this.#finishes.splice(0, beyond === -1 ? this.#finishes.length : beyond);
  }

  #becomeIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #sendUntilAnswered(batch: Batch): Promise<void> {
    const { signal } = this.#closed;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        return await this.#send(batch);
      } catch (error) {
        if (signal.aborted) return;
        batch.isRepeated = true;
        const status = isExecutionApiError(error) ? error.httpStatus : undefined;
        if (status === 401 || status === 404) await this.#options.onUnknownHost(status);
        else if (!isTransient(error) && !(isServerFault(error) && failures < MAX_SERVER_FAULTS)) return this.#sendApart(batch, error);
        this.#options.logger.warn({ failures, error: String(error) }, "the exchange with the execution API failed; it is repeated");
        await this.#pause(Math.min(2_000, 50 * 2 ** Math.min(failures, 6)));
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    const ended = new AbortController();
    this.#endPause = () => ended.abort();
    await delay(ms, AbortSignal.any([this.#closed.signal, ended.signal])).catch(() => undefined);
    this.#endPause = () => undefined;
  }

  async #send({ starts, finishes, isRepeated }: Batch): Promise<void> {
    const { hostId, queues, client, reachability } = this.#options;
    if (starts.length > 0) await this.#options.pausePoint("before_start_request");
    if (finishes.length > 0) await this.#options.pausePoint("before_finish_report");
    const request: ExchangeRequest = { hostId, starts, finishes, want: this.#options.want(finishes.length), queues };
    const catchUps = [...this.#catchUps];
    // What was granted in an answer that was lost would be counted as running here, and cost a try.
    if (isRepeated || catchUps.length > 0) request.known = this.#options.known();
    const sentAt = leaseNow();
    const beganAt = performance.now();
    // Renewal of leases does not wait for this, so a try may be given up soon and made again.
    const answer = await reachability.watch("exchange", () => client.exchange(request, { signal: this.#closed.signal, retryForMs: 0 }));
    this.roundTripMs += 0.1 * (Math.min(100, performance.now() - beganAt) - this.roundTripMs);
    this.#options.onAnswer(request, answer, sentAt);
    this.#catchUps = this.#catchUps.filter((one) => !catchUps.includes(one));
    for (const { resolve } of catchUps) resolve();
  }

  // Something in the batch is unacceptable, and must not hold up the rest: each part goes alone, and what is refused alone is told to its attempt.
  async #sendApart({ starts, finishes }: Batch, error: unknown): Promise<void> {
    const why = error instanceof Error ? error.message : String(error);
    if (starts.length + finishes.length > 1) {
      for (const finish of finishes) await this.#sendUntilAnswered({ starts: [], finishes: [finish], isRepeated: true });
      for (const attemptId of starts) await this.#sendUntilAnswered({ starts: [attemptId], finishes: [], isRepeated: true });
      return;
    }
    if (starts.length + finishes.length === 0) for (const { reject } of this.#catchUps.splice(0)) reject(new Error(why));
    this.#options.logger.error({ starts, finishes: finishes.map((one) => one.attemptId), error: why }, "the execution API refused an exchange");
    for (const finish of finishes) this.#options.onFinishRefused(finish, why);
    for (const attemptId of starts) this.#options.onStartRefused(attemptId, why);
  }
}
