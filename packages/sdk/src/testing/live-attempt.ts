import type { RunInstance } from "@tradewind/core";
import type { AttemptEnd } from "../run-attempt.ts";
import type { RunClock } from "./manual-clock.ts";

/** How an attempt of a run in memory ended: by its own code, or killed. */
export type LiveEnd = AttemptEnd | { kind: "killed"; reason: "timeout" | "exited" | "cancelled"; message: string };

interface Pause {
  atMs: number;
  wake(): void;
}

/** An attempt under way. Its code waits by the clock of the run, so it is either at work or asleep until a moment. */
export class LiveAttempt {
  readonly instance: RunInstance;
  readonly tryNumber: number;
  /** By the run's clock: when its execution timeout has passed. */
  readonly deadlineMs: number;
  readonly controller = new AbortController();
  readonly #clock: RunClock;
  readonly #pauses = new Set<Pause>();
  #fellAsleep = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<LiveEnd>();
  isOver = false;

  constructor(instance: RunInstance, clock: RunClock, executionTimeoutMs: number | null) {
    this.instance = instance;
    this.tryNumber = instance.tryNumber;
    this.#clock = clock;
    this.deadlineMs = executionTimeoutMs === null ? Number.POSITIVE_INFINITY : clock.nowMs + executionTimeoutMs;
  }

  /** When it wakes; infinite while it is at work. */
  get wakesAtMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#pauses].map(({ atMs }) => atMs));
  }

  /** Its code has come to an end; after a kill that no longer counts. */
  end(end: LiveEnd): void {
    this.isOver = true;
    this.#ended.resolve(end);
  }

  /** Ends it from outside, whatever its code does. */
  kill(reason: "timeout" | "exited" | "cancelled", message: string): void {
    this.end({ kind: "killed", reason, message });
    this.controller.abort(new Error(message));
  }

  /** What author code of ours waits with. */
  sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        this.#pauses.delete(pause);
        signal.removeEventListener("abort", stop);
        act();
      };
      const stop = () => settle(() => reject(signal.reason as Error));
      const pause: Pause = { atMs: this.#clock.nowMs + ms, wake: () => settle(resolve) };
      signal.addEventListener("abort", stop, { once: true });
      this.#pauses.add(pause);
      this.#fellAsleep.resolve();
    });
  }

  /** Goes on with what sleeps until now. */
  wake(): void {
    this.#fellAsleep = Promise.withResolvers();
    for (const pause of [...this.#pauses]) if (pause.atMs <= this.#clock.nowMs) pause.wake();
  }

  /** Until its code has ended (then how), or sleeps (then null). */
  untilIdle(): Promise<LiveEnd | null> {
    return Promise.race([this.#ended.promise, this.#fellAsleep.promise.then(() => null)]);
  }
}
