import type { SchedulerClock, SchedulerLogger } from "./ports.ts";

/** A heartbeat of a busy process may be so late. */
const LATE_MS = 1_500;
/** What is left of a lease when it is renewed at the last moment, and on its way to the database. */
const IN_TIME_MS = 1_000;
/** What has just started answers late, however short leases are. */
const SHORTEST_GRACE_MS = 5_000;
/** Heartbeats that are so much farther apart than planned are no late ones of a busy scheduler. */
export const STANDSTILL_MS = 60_000;

export interface WakefulnessOptions {
  clock: Pick<SchedulerClock, "now">;
  logger: Pick<SchedulerLogger, "warn">;
  /** Between two heartbeats of this scheduler. */
  heartbeatMs: number;
  /** How long a lease lasts, how often a host renews it, and how long it holds an attempt whose lease it could not renew. */
  leaseMs: number;
  renewalMs: number;
  holdMs: number;
}

/**
 * Whether this scheduler has been there long enough to take others for dead. When a machine has slept, or the database was away, nobody could renew a lease, and all have run out when the scheduler looks: those who are
 * alive renew them now. Told by its own heartbeats, which go the same way as theirs and stop when it does; by the wall clock, which is set forward by a sleep, and by which leases end.
 *
 * A scheduler whose heartbeats come late again and again cannot tell: when that has gone on for as long as hosts hold anything, it goes by the leases alone. One that never says that it is alive is called by hand, and is
 * awake.
 */
export class Wakefulness {
  readonly #clock: Pick<SchedulerClock, "now">;
  readonly #logger: Pick<SchedulerLogger, "warn">;
  /** Between two heartbeats without a standstill: no lease can have run out in a shorter one, unless leases are shorter than heartbeats allow. */
  readonly #longestGapMs: number;
  /** For so long after a start or a standstill hosts get to renew their leases. */
  readonly #graceMs: number;
  readonly #holdMs: number;
  readonly #heartbeatMs: number;
  #awakeSince: number | null = null;
  #beatAt = -Infinity;
  /** Since when heartbeats come and it is not awake. */
  #drowsySince: number | null = null;
  #isTold = false;

  constructor({ clock, logger, heartbeatMs, leaseMs, renewalMs, holdMs }: WakefulnessOptions) {
    this.#clock = clock;
    this.#logger = logger;
    this.#longestGapMs = Math.max(heartbeatMs + LATE_MS, leaseMs - renewalMs - IN_TIME_MS);
    this.#graceMs = Math.max(2 * renewalMs, SHORTEST_GRACE_MS);
    this.#holdMs = holdMs;
    this.#heartbeatMs = heartbeatMs;
  }

  /** A heartbeat was recorded. @param sentAt when it was sent: so long ago its ways were open */
  beat(sentAt = this.#clock.now()): void {
    const now = sentAt;
    const gapMs = now - this.#beatAt;
    // A clock that was set back says nothing about the time before.
    if (gapMs < 0 || gapMs > this.#longestGapMs) this.#awakeSince = now;
    this.#beatAt = now;
    if (this.#isRested(now)) this.#drowsySince = null;
    else if (this.#drowsySince === null || gapMs < 0 || gapMs > this.#heartbeatMs + STANDSTILL_MS) this.#drowsySince = now;
    this.#tellIfTooLate(now);
  }

  isAwake(): boolean {
    if (this.#awakeSince === null) return true;
    const now = this.#clock.now();
    return now - this.#beatAt <= this.#longestGapMs ? this.#isRested(now) || this.#isTooLate(now) : false;
  }

  #isRested(now: number): boolean {
    return now - this.#awakeSince! >= this.#graceMs;
  }

  #isTooLate(now: number): boolean {
    return this.#drowsySince !== null && now - this.#drowsySince >= Math.max(this.#holdMs, this.#graceMs);
  }

  #tellIfTooLate(now: number): void {
    const isTooLate = this.#isTooLate(now);
    if (isTooLate && !this.#isTold)
      this.#logger.warn(
        { forMs: now - this.#drowsySince! },
        "the heartbeats of this scheduler come late again and again: it is overloaded, or its database is; attempts whose leases are not renewed are taken for lost all the same",
      );
    this.#isTold = isTooLate;
  }
}
