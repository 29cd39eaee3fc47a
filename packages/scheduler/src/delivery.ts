import type { Executor, TaskCommand } from "@tradewind/executor";
import type { SchedulerClock, SchedulerLogger } from "./ports.ts";

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

/**
 * Hands commands to executors, and keeps those that a transport did not take until it does. Their leases are queued all the while, so their slots stay counted; should this
 * process die with commands in hand, whoever adopts its leases submits them again.
 */
export class Delivery {
  readonly #executors: ReadonlyMap<string, Executor>;
  readonly #clock: SchedulerClock;
  readonly #logger: SchedulerLogger;
  /** Commands in hand, by executor and attempt. */
  readonly #waiting = new Map<string, Map<string, TaskCommand>>();
  readonly #retries = new Map<string, { timer: unknown; delayMs: number }>();
  #stopped = false;

  constructor(options: { executors: readonly Executor[]; clock: SchedulerClock; logger: SchedulerLogger }) {
    this.#executors = new Map(options.executors.map((executor) => [executor.name, executor]));
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** How many commands an executor has not taken yet: they need room in it as well. */
  waitingFor(executor: string): number {
    return this.#waiting.get(executor)?.size ?? 0;
  }

  /** Submits commands, each to its executor; resolves when every transport took its part or refused it. Never rejects. */
  async deliver(commands: readonly TaskCommand[]): Promise<void> {
    const executors = new Set<string>();
    for (const command of commands) {
      executors.add(command.executor);
      const waiting = this.#waiting.get(command.executor) ?? new Map<string, TaskCommand>();
      waiting.set(command.attemptId, command);
      this.#waiting.set(command.executor, waiting);
    }
    await Promise.all([...executors].map((name) => this.#submitWaiting(name)));
  }

  /** Forgets attempts that must not run any more. */
  forget(attemptIds: readonly string[]): void {
    for (const waiting of this.#waiting.values()) for (const attemptId of attemptIds) waiting.delete(attemptId);
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#retries.values()) this.#clock.clearTimeout(timer);
    this.#retries.clear();
  }

  async #submitWaiting(name: string): Promise<void> {
    const waiting = this.#waiting.get(name);
    const executor = this.#executors.get(name);
    if (waiting === undefined || waiting.size === 0 || this.#stopped) return;
    if (executor === undefined) {
      // Another scheduler's executor: this one could never deliver. The queued timeout gives the attempts back.
      this.#logger.error({ executor: name, attempts: waiting.size }, `no executor "${name}" is configured here: its attempts wait until their queued timeout`);
      this.#waiting.delete(name);
      return;
    }
    const commands = [...waiting.values()];
    try {
      await executor.submit(commands);
      for (const command of commands) waiting.delete(command.attemptId);
      this.#retries.delete(name);
    } catch (error) {
      this.#retryLater(name, commands.length, error);
    }
  }

  #retryLater(name: string, attempts: number, error: unknown): void {
    const known = this.#retries.get(name);
    if (known !== undefined) this.#clock.clearTimeout(known.timer);
    const delayMs = known === undefined ? FIRST_RETRY_MS : Math.min(known.delayMs * 2, LONGEST_RETRY_MS);
    this.#logger.warn({ executor: name, attempts, delayMs, err: error }, `executor "${name}" did not take ${attempts} attempts; submitting them again`);
    const timer = this.#clock.setTimeout(() => void this.#submitWaiting(name), delayMs);
    this.#retries.set(name, { timer, delayMs });
  }
}
