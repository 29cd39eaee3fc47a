import type { Occasion, Step } from "./steps.ts";
import type { SchedulerClock, SchedulerLogger, SchedulerMetrics } from "./ports.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export interface LoopOptions {
  steps: readonly Step[];
  /** The earliest moment at which something is due; null: nothing is planned. */
  nextDueAt(): Promise<Date | null>;
  /** Sleeps never last longer than this: a lost wake-up costs at most so much. */
  sweepMs: number;
  clock: SchedulerClock;
  logger: SchedulerLogger;
  metrics: SchedulerMetrics;
}

/**
 * Runs passes: one at a time, each for all occasions that came up since the one before. Between passes it sleeps until the next moment something is due.
 *
 * A step that fails does not stop the others; it is tried again after a growing pause, for as long as it takes (the database may be away for minutes).
 */
export class SchedulerLoop {
  readonly #options: LoopOptions;
  readonly #occasions = new Set<Occasion>();
  #pass: Promise<void> | null = null;
  #timer: unknown = null;
  #pauseMs = 0;
  #stopped = true;
  #sweepAt = 0;
  #wakeAtMs = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#sweepAt = this.#options.clock.now() + this.#options.sweepMs;
    this.wake("sweep");
  }

  /** Asks for a pass. Cheap; many calls make one pass. */
  wake(...occasions: Occasion[]): void {
    for (const occasion of occasions) this.#occasions.add(occasion);
    if (this.#stopped || this.#pass !== null || this.#pauseMs > 0) return;
    this.#startPass();
  }

  /** No further pass begins; resolves when the one in flight has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#options.clock.clearTimeout(this.#timer);
    await this.#pass;
  }

  /** One pass for the given occasions, for tests and for commands that schedule by hand. Throws what its steps threw. */
  async runOnce(occasions: readonly Occasion[] = ["sweep", "due"]): Promise<void> {
    const failures = await this.#runSteps(new Set(occasions));
    if (failures.length > 0) throw new AggregateError(failures.map((failure) => failure.error), `steps failed: ${failures.map((failure) => failure.step.name).join(", ")}`);
  }

  #startPass(): void {
    this.#options.clock.clearTimeout(this.#timer);
    // In a task of its own: what else this turn of the event loop makes ready goes into the same pass.
    this.#pass = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#runPasses())
      .catch((error: unknown) => {
        this.#options.logger.error({ err: error }, "the scheduler's loop failed; going on");
        this.#pauseMs = LONGEST_PAUSE_MS;
      })
      .finally(() => {
        this.#pass = null;
        this.#sleep();
      });
  }

  async #runPasses(): Promise<void> {
    while (this.#occasions.size > 0 && !this.#stopped) {
      const occasions = new Set(this.#occasions);
      this.#occasions.clear();
      const startedAt = performance.now();
      const failures = await this.#runSteps(occasions);
      this.#options.metrics.loopDuration(performance.now() - startedAt);
      if (failures.length > 0) {
        for (const occasion of failures.flatMap((failure) => failure.step.occasions)) if (occasions.has(occasion)) this.#occasions.add(occasion);
        this.#pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2), LONGEST_PAUSE_MS);
        for (const { step, error } of failures)
          this.#options.logger.error({ step: step.name, pauseMs: this.#pauseMs, err: error }, `the scheduler could not ${step.name}; trying again in ${this.#pauseMs} ms`);
        return;
      }
      this.#pauseMs = 0;
    }
    if (!this.#stopped) await this.#planSleep();
  }

  /** Runs every step that the occasions ask for until it has no more to do; gives the failures. */
  async #runSteps(occasions: ReadonlySet<Occasion>): Promise<{ step: Step; error: unknown }[]> {
    const failures: { step: Step; error: unknown }[] = [];
    for (const step of this.#options.steps) {
      if (!step.occasions.some((occasion) => occasions.has(occasion))) continue;
      try {
        while ((await step.run()) && !this.#stopped);
      } catch (error) {
        failures.push({ step, error });
      }
    }
    return failures;
  }

  async #planSleep(): Promise<void> {
    const dueAt = await this.#options.nextDueAt();
    this.#wakeAtMs = Math.min(dueAt?.getTime() ?? Number.POSITIVE_INFINITY, this.#sweepAt);
  }

  #sleep(): void {
    if (this.#stopped) return;
    const { clock, sweepMs } = this.#options;
    if (this.#pauseMs > 0) {
      this.#timer = clock.setTimeout(() => this.#afterPause(), this.#pauseMs);
      return;
    }
    // What woke the loop between the end of the pass and here.
    if (this.#occasions.size > 0) return this.#startPass();
    const delayMs = Math.max(0, Math.min(this.#wakeAtMs - clock.now(), sweepMs));
    this.#timer = clock.setTimeout(() => this.#onTimer(), delayMs);
  }

  #afterPause(): void {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = 0;
    this.wake("sweep");
    // Kept for the next failure in a row; a pass without failures resets it.
    this.#pauseMs = pauseMs;
  }

  #onTimer(): void {
    const now = this.#options.clock.now();
    if (now < this.#sweepAt) return this.wake("due");
    this.#sweepAt = now + this.#options.sweepMs;
    this.wake("due", "sweep");
  }
}
