import { setImmediate } from "node:timers/promises";
import type { SchedulerClock } from "../src/ports.ts";

/** A clock that stands still until a test moves it. */
export class ManualClock implements SchedulerClock {
  #now = Date.parse("2026-01-01T00:00:00Z");
  readonly #timers = new Map<number, { at: number; callback: () => void }>();
  #lastId = 0;

  now(): number {
    return this.#now;
  }

  monotonicNow(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): number {
    this.#timers.set(++this.#lastId, { at: this.#now + Math.max(0, delayMs), callback });
    return this.#lastId;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** How far away the next timer is; undefined: there is none. */
  get nextInMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next[1].at - this.#now;
  }

  /** Lets the time pass, timer by timer; what each sets off comes to rest before the next. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await atRest();
    for (let next = this.#next(); next !== undefined && next[1].at <= until; next = this.#next()) {
      this.#now = Math.max(this.#now, next[1].at);
      this.#timers.delete(next[0]);
      next[1].callback();
      await atRest();
    }
    this.#now = until;
  }

  #next(): [number, { at: number; callback: () => void }] | undefined {
    return [...this.#timers].sort(([, one], [, other]) => one.at - other.at)[0];
  }
}

/** Everything that needs no timer and no I/O has happened. */
export async function atRest(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}
