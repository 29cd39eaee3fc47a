/** What a run in memory goes by. */
export interface RunClock {
  readonly nowMs: number;
  now(): Date;
  /**
   * Goes on to a moment; to one that has passed it does not move.
   * @param why `wait`: author code waits for something outside (a sensor). `delay`: nothing is done meanwhile (a retry's delay).
   */
  moveTo(atMs: number, why: "wait" | "delay"): void | Promise<void>;
}

/** A clock that only moves when it is told to: what would take hours in an installation takes no time. */
export class ManualClock implements RunClock {
  #nowMs: number;

  constructor(start: Date) {
    this.#nowMs = start.getTime();
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  moveTo(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }
}
