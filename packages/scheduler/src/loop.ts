import { GrowingPause } from "./growing-pause.ts";
import type { Occasion, Step } from "./steps.ts";
import type { SchedulerClock, SchedulerLogger, SchedulerMetrics } from "./ports.ts";

/** While passes follow each other without a sleep, what came due by time is looked for this often. */
const LOOK_WHILE_BUSY_MS = 100;
/** What was made ready or is to stop comes due at no time: the next look stays where it was. */
const LEAVE_TIMES_ALONE: ReadonlySet<Occasion> = new Set(["ready", "stops", "state"]);
/** Something is due and a pass did not move it (its step is paused, or the database's clock is behind this one): the next look is this much later, and then twice that. */
const FIRST_OVERDUE_MS = 10;
const LONGEST_OVERDUE_MS = 250;

export interface LoopOptions {
  steps: readonly Step[];
  /** The earliest moment at which something is due that was not when it was looked for; null: nothing is planned. */
  nextDueAt(lookedAt: Date): Promise<Date | null>;
  /** Sleeps never last longer than this: a lost wake-up costs at most so much. */
  sweepMs: number;
  clock: SchedulerClock;
  logger: SchedulerLogger;
  metrics: SchedulerMetrics;
}

/**
 * Runs passes: one at a time, each for all occasions that came up since the one before. Between passes it sleeps until the next moment something is due.
 *
 * A step that fails does not stop the others, in this pass or in the next: it alone pauses, longer each time, for as long as it takes (the database may be away for minutes).
 */
export class SchedulerLoop {
  readonly #options: LoopOptions;
  readonly #occasions = new Set<Occasion>();
  /** Steps that failed, with the moment of their next try. */
  readonly #paused = new Map<Step, GrowingPause>();
  #pass: Promise<void> | null = null;
  #timer: unknown = null;
  #running = false;
  #stopping = false;
  /** When the next sweep is, and the next look for what is due by time. */
  #sweepAtMs = 0;
  #dueAtMs = 0;
  /** When what is due was looked for last. */
  #lookedAtMs = 0;
  #overdueMs = 0;
  /** Whether this pass has looked for what is due. */
  #lookedForDue = false;
  readonly #planning = new GrowingPause();

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = true;
    this.#sweepAtMs = this.#options.clock.now();
    this.wake();
  }

  /** Asks for a pass. Cheap; many calls make one pass. */
  wake(...occasions: Occasion[]): void {
    for (const occasion of occasions) this.#occasions.add(occasion);
    if (this.#running && this.#pass === null) this.#startPasses();
  }

  /** No further pass begins; resolves when the one in flight has ended. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#stopping = true;
    this.#options.clock.clearTimeout(this.#timer);
    await this.#pass;
  }

  /** One pass for the given occasions, for tests and for commands that schedule by hand. Throws what its steps threw. */
  async runOnce(occasions: readonly Occasion[] = ["sweep", "due"]): Promise<void> {
    const failures: { step: Step; error: unknown }[] = [];
    await this.#runSteps(this.#stepsFor(new Set(occasions)), (step, error) => failures.push({ step, error }));
    if (failures.length === 0) return;
    throw new AggregateError(
      failures.map(({ error }) => error),
      `steps failed: ${failures.map(({ step }) => step.name).join(", ")}`,
    );
  }

  #startPasses(): void {
    this.#options.clock.clearTimeout(this.#timer);
    // In a task of its own: what else this turn of the event loop makes ready goes into the same pass.
    this.#pass = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#runPasses())
      .catch((error: unknown) => this.#options.logger.error({ err: error }, "the scheduler's loop failed; going on"))
      .finally(() => {
        this.#pass = null;
        this.#sleep();
      });
  }

  async #runPasses(): Promise<void> {
    let movesTimes = false;
    do {
      const occasions = this.#takeOccasions();
      movesTimes ||= [...occasions].some((occasion) => !LEAVE_TIMES_ALONE.has(occasion));
      const startedAt = performance.now();
      await this.#runSteps(this.#stepsFor(occasions), (step, error) => this.#onFailure(step, error));
      this.#options.metrics.loopDuration(performance.now() - startedAt);
    } while (this.#occasions.size > 0 && this.#running);
    if (this.#running && (movesTimes || this.#planning.pauseMs > 0)) await this.#planNextLook();
  }

  /** What woke the loop, and what came due by time, which a steady stream of wake-ups must not put off. */
  #takeOccasions(): Set<Occasion> {
    const now = this.#options.clock.now();
    const occasions = new Set(this.#occasions);
    this.#occasions.clear();
    if (now >= this.#sweepAtMs) {
      occasions.add("sweep");
      this.#sweepAtMs = now + this.#options.sweepMs;
    }
    if (now >= this.#dueAtMs || occasions.has("sweep")) occasions.add("due");
    this.#lookedForDue = occasions.has("due");
    if (this.#lookedForDue) {
      this.#lookedAtMs = now;
      this.#dueAtMs = now + LOOK_WHILE_BUSY_MS;
    }
    return occasions;
  }

  /** A paused step is not run before its time, and then whatever the occasion. */
  #stepsFor(occasions: ReadonlySet<Occasion>): Step[] {
    const now = this.#options.clock.now();
    return this.#options.steps.filter((step) => this.#paused.get(step)?.isOver(now) ?? step.occasions.some((occasion) => occasions.has(occasion)));
  }

  /**
   * Runs each step until it has no more to do, in rounds of one batch each: what the first batch of ten thousand due runs made ready is dispatched before the last one is made.
   */
  async #runSteps(steps: readonly Step[], onFailure: (step: Step, error: unknown) => void): Promise<void> {
    let round = steps;
    const failed = new Set<Step>();
    while (round.length > 0) {
      const unfinished = new Set<Step>();
      for (const step of round) {
        try {
          if (await step.run()) unfinished.add(step);
          this.#paused.delete(step);
        } catch (error) {
          failed.add(step);
          onFailure(step, error);
        }
        if (this.#stopping) break;
      }
      round =
        this.#stopping || unfinished.size === 0 ? [] : steps.filter((step) => unfinished.has(step) || (step.isFed === true && !failed.has(step)));
    }
  }

  #onFailure(step: Step, error: unknown): void {
    const { clock, logger } = this.#options;
    const paused = this.#paused.get(step) ?? new GrowingPause();
    this.#paused.set(step, paused);
    paused.failed(clock.now());
    logger.error(
      { step: step.name, pauseMs: paused.pauseMs, err: error },
      `the scheduler could not ${step.name}; trying again in ${paused.pauseMs} ms`,
    );
  }

  async #planNextLook(): Promise<void> {
    const { clock, logger } = this.#options;
    try {
      const dueAtMs = (await this.#options.nextDueAt(new Date(this.#lookedAtMs)))?.getTime() ?? Number.POSITIVE_INFINITY;
      const now = clock.now();
      const isStuck = dueAtMs <= now && this.#lookedForDue;
      this.#overdueMs = isStuck ? Math.min(Math.max(FIRST_OVERDUE_MS, this.#overdueMs * 2), LONGEST_OVERDUE_MS) : 0;
      this.#dueAtMs = Math.max(dueAtMs, now + this.#overdueMs);
      this.#planning.succeeded();
    } catch (error) {
      this.#planning.failed(clock.now());
      this.#dueAtMs = this.#planning.retryAtMs;
      logger.error(
        { pauseMs: this.#planning.pauseMs, err: error },
        `the scheduler could not find out what is due next; looking in ${this.#planning.pauseMs} ms`,
      );
    }
  }

  #sleep(): void {
    if (!this.#running) return;
    // What woke the loop between the end of the pass and here.
    if (this.#occasions.size > 0) return this.#startPasses();
    const { clock } = this.#options;
    const wakeAtMs = Math.min(this.#sweepAtMs, this.#dueAtMs, ...[...this.#paused.values()].map((paused) => paused.retryAtMs));
    this.#timer = clock.setTimeout(() => this.wake(), Math.max(0, wakeAtMs - clock.now()));
  }
}
