import type { SchedulerClock, SchedulerLogger } from "./ports.ts";
import { STANDSTILL_MS } from "./wakefulness.ts";

/** An execution API that has never answered here may be one that only hosts reach: it is waited for no longer than a start of everything takes. */
const NEVER_REACHED_PATIENCE_MS = 60_000;

export interface ApiReachOptions {
  /** Whether the execution API answers. What it throws counts as no. */
  ask: () => Promise<boolean>;
  /** Between two questions. */
  heartbeatMs: number;
  /** Beyond this hosts hold no attempt any more whose lease could not be renewed. */
  holdMs: number;
  clock: Pick<SchedulerClock, "now">;
  logger: SchedulerLogger;
}

/**
 * Whether hosts can reach the execution API, as far as it can be told from here. While it is away no lease can be renewed, and nothing could begin in the place of what is lost, so that waiting costs nothing.
 */
export class ApiReach {
  readonly #options: ApiReachOptions;
  #wasReached = false;
  #silentSince: number | null = null;
  #askedAt = 0;
  #isGivenUp = false;

  constructor(options: ApiReachOptions) {
    this.#options = options;
  }

  /** false: it does not answer, and may come back in time. */
  async isThere(): Promise<boolean> {
    const { ask, clock, heartbeatMs, holdMs, logger } = this.#options;
    if (await ask().catch(() => false)) {
      if (this.#isGivenUp) logger.info({}, "the execution API answers again");
      this.#wasReached = true;
      this.#silentSince = null;
      this.#isGivenUp = false;
      return true;
    }
    const now = clock.now();
    // Who did not ask, as while the machine slept, cannot say how long it has been silent.
    if (this.#silentSince === null || now < this.#askedAt || now - this.#askedAt > heartbeatMs + STANDSTILL_MS) this.#silentSince = now;
    this.#askedAt = now;
    const patienceMs = this.#wasReached ? holdMs : Math.min(holdMs, NEVER_REACHED_PATIENCE_MS);
    if (now - this.#silentSince < patienceMs) return false;
    if (!this.#isGivenUp)
      logger.warn(
        { silentMs: now - this.#silentSince },
        "the execution API does not answer this scheduler; from now on attempts whose leases are not renewed are taken for lost all the same",
      );
    this.#isGivenUp = true;
    return true;
  }
}
