import { setTimeout as sleep } from "node:timers/promises";
import type { RunClock } from "tradewind/testing/internal";

/** The longest time that a timer of Node takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The clock of the machine, for a run whose tasks wait for real things; the delays between tries are left out. */
export class RealClock implements RunClock {
  #aheadMs = 0;

  get nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  now(): Date {
    return new Date(this.nowMs);
  }

  async moveTo(atMs: number, why: "wait" | "delay"): Promise<void> {
    if (why === "delay") this.#aheadMs += Math.max(0, atMs - this.nowMs);
    for (let left = atMs - this.nowMs; left > 0; left = atMs - this.nowMs) await sleep(Math.min(left, MAX_TIMER_MS));
  }
}
