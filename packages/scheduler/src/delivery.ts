import type { BegunAttempts } from "@tradewind/engine";
import type { Executor, TaskCommand } from "@tradewind/executor";
import type { SchedulerClock, SchedulerLogger } from "./ports.ts";

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;
/** A pass of the scheduler waits no longer for a transport: leases have to expire and other executors to be served whether or not this one answers. */
const PATIENCE_MS = 1_000;

export interface DeliveryOptions {
  executors: readonly Executor[];
  clock: SchedulerClock;
  logger: SchedulerLogger;
  /** A transport that had refused took everything: there is room in it again. */
  onRecovered?(): void;
}

/**
 * Hands commands to executors, and keeps those that a transport did not take until it does. Their leases are queued all the while, so their slots stay counted; should this
 * process die with commands in hand, whoever adopts its leases submits them again.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #lanes: ReadonlyMap<string, Lane>;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#lanes = new Map(options.executors.map((executor) => [executor.name, new Lane(executor, options)]));
  }

  /** How many commands an executor has not taken yet: they need room in it as well. */
  waitingFor(executor: string): number {
    return this.#lanes.get(executor)?.waiting ?? 0;
  }

  /** Its transport did not take what it was given last, and is asked again after a pause. */
  isRefused(executor: string): boolean {
    return this.#lanes.get(executor)?.isPausing ?? false;
  }

  /** Submits commands, each to its executor; resolves when every transport took its part, refused it, or has been silent for a while. Never rejects. */
  async deliver(commands: readonly TaskCommand[]): Promise<void> {
    const byExecutor = Map.groupBy(commands, (command) => command.executor);
    await Promise.all([...byExecutor].map(([name, own]) => this.#deliverTo(name, own)));
  }

  /** Hands attempts that have begun to the executors of their hosts; resolves as `deliver` does. Once: what does not arrive, a host that lives asks for. Never rejects. */
  async begin(begun: readonly BegunAttempts[], leasedAtMs: number): Promise<void> {
    await Promise.all(begun.map(async (one) => this.#lanes.get(one.executor)?.begin(one, leasedAtMs)));
  }

  /** Has the hosts of these executors ask what has begun on them, which nobody here knows. Waits for none of them. */
  catchUp(executors: readonly string[]): void {
    for (const name of executors) this.#lanes.get(name)?.catchUp();
  }

  /** Forgets attempts that must not run any more. */
  forget(attemptIds: readonly string[]): void {
    for (const lane of this.#lanes.values()) lane.forget(attemptIds);
  }

  /** Nothing is submitted from now on; what is under way may still arrive. */
  stop(): void {
    for (const lane of this.#lanes.values()) lane.stop();
  }

  async #deliverTo(name: string, commands: readonly TaskCommand[]): Promise<void> {
    const lane = this.#lanes.get(name);
    if (lane !== undefined) return lane.deliver(commands);
    // Another scheduler's executor: this one could never deliver. The queued timeout gives the attempts back.
    this.#options.logger.error(
      { executor: name, attempts: commands.length },
      `no executor "${name}" is configured here: its attempts wait until their queued timeout`,
    );
  }
}

/**
 * The way to one executor.
 *
 * ```
 *   empty ──deliver──▶ submitting ──taken──▶ empty (or submitting what came meanwhile)
 *                       ▲    └─────refused──▶ pausing ──┐
 *                       └───────────────────────────────┘
 * ```
 */
class Lane {
  readonly #executor: Executor;
  readonly #clock: SchedulerClock;
  readonly #logger: SchedulerLogger;
  readonly #onRecovered: () => void;
  readonly #waiting = new Map<string, TaskCommand>();
  #submitting: Promise<void> | null = null;
  #retryTimer: unknown = null;
  #retryMs = 0;
  #stopped = false;

  constructor(executor: Executor, options: DeliveryOptions) {
    const { clock, logger } = options;
    this.#executor = executor;
    this.#clock = clock;
    this.#logger = logger;
    this.#onRecovered = () => options.onRecovered?.();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get isPausing(): boolean {
    return this.#retryMs > 0;
  }

  async deliver(commands: readonly TaskCommand[]): Promise<void> {
    for (const command of commands) this.#waiting.set(command.attemptId, command);
    // What is under way takes these along when it is done; a transport that refuses is not asked again before its pause is over.
    if (this.#submitting !== null || this.#retryTimer !== null) return;
    await this.#withPatience(this.#submit());
  }

  begin({ hostId, grants }: BegunAttempts, leasedAtMs: number): Promise<void> {
    const telling = this.#executor.begin?.(grants, { hostId, leasedAtMs }) ?? Promise.resolve();
    return this.#withPatience(
      telling.catch((error: unknown) =>
        this.#warn({ attempts: grants.length, err: error }, `could not tell its host of ${grants.length} attempts that have begun there`),
      ),
    );
  }

  catchUp(): void {
    void this.#executor.catchUp?.().catch((error: unknown) => this.#warn({ err: error }, "could not have its host ask what has begun there"));
  }

  forget(attemptIds: readonly string[]): void {
    for (const attemptId of attemptIds) this.#waiting.delete(attemptId);
  }

  stop(): void {
    this.#stopped = true;
    this.#clock.clearTimeout(this.#retryTimer);
  }

  #warn(fields: object, what: string): void {
    const { name } = this.#executor;
    this.#logger.warn({ executor: name, ...fields }, `executor "${name}" ${what}`);
  }

  #submit(): Promise<void> {
    this.#submitting = this.#submitWaiting().finally(() => (this.#submitting = null));
    return this.#submitting;
  }

  async #submitWaiting(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#stopped) {
      const commands = [...this.#waiting.values()];
      try {
        await this.#executor.submit(commands);
      } catch (error) {
        return this.#retryLater(commands.length, error);
      }
      const hadRefused = this.#retryMs > 0;
      this.#retryMs = 0;
      for (const command of commands) if (this.#waiting.get(command.attemptId) === command) this.#waiting.delete(command.attemptId);
      if (hadRefused) this.#onRecovered();
    }
  }

  #retryLater(attempts: number, error: unknown): void {
    if (this.#stopped) return;
    const { name } = this.#executor;
    this.#retryMs = this.#retryMs === 0 ? FIRST_RETRY_MS : Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    this.#logger.warn(
      { executor: name, attempts, delayMs: this.#retryMs, err: error },
      `executor "${name}" did not take ${attempts} attempts; submitting them again`,
    );
    this.#retryTimer = this.#clock.setTimeout(() => {
      this.#retryTimer = null;
      void this.#submit();
    }, this.#retryMs);
  }

  async #withPatience(submitting: Promise<void>): Promise<void> {
    let timer: unknown;
    const silent = new Promise<void>((resolve) => {
      timer = this.#clock.setTimeout(() => {
        const { name } = this.#executor;
        this.#logger.warn(
          { executor: name, attempts: this.waiting },
          `executor "${name}" has not answered for ${PATIENCE_MS} ms; going on without it`,
        );
        resolve();
      }, PATIENCE_MS);
    });
    await Promise.race([submitting, silent]);
    this.#clock.clearTimeout(timer);
  }
}
