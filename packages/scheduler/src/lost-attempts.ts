import type { SchedulingUseCases } from "@tradewind/engine";
import type { SchedulerLogger, SchedulerMetrics } from "./ports.ts";

type LostAttempt = Parameters<SchedulingUseCases["loseAttempts"]>[0][number];

export interface LostAttemptsOptions {
  engine: Pick<SchedulingUseCases, "loseAttempts">;
  logger: SchedulerLogger;
  metrics: SchedulerMetrics;
}

/** What executors report as lost, on its way to the database: gathered while one batch is under way. A host with a thousand attempts that dies is two batches, not a thousand. */
export class LostAttempts {
  readonly #options: LostAttemptsOptions;
  #gathered: LostAttempt[] = [];
  #recording: Promise<void> | null = null;

  constructor(options: LostAttemptsOptions) {
    this.#options = options;
  }

  add(attempt: LostAttempt): void {
    this.#gathered.push(attempt);
    this.#recording ??= this.#record();
  }

  /** Resolves when all that was added is recorded, or has failed to be. */
  async recorded(): Promise<void> {
    await this.#recording;
  }

  async #record(): Promise<void> {
    // What this turn of the event loop brings goes into the first batch.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const { engine, logger, metrics } = this.#options;
    while (this.#gathered.length > 0) {
      const batch = this.#gathered;
      this.#gathered = [];
      try {
        metrics.attemptsLost((await engine.loseAttempts(batch)).lost.length);
      } catch (error) {
        // Their leases run out by themselves; this only made it faster.
        logger.warn({ attempts: batch.length, err: error }, `could not record ${batch.length} lost attempts; their leases will expire`);
      }
    }
    // In the same turn as the look above, so nothing can be added in between and stay.
    this.#recording = null;
  }
}
