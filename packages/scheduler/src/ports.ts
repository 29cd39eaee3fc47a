/** What the scheduler needs of logging and metrics; the composition root passes real ones. */
export interface SchedulerLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface SchedulerMetrics {
  /** One successful heartbeat. */
  heartbeat(): void;
  heartbeatFailed(): void;
  /** One pass of the loop. */
  loopDuration(durationMs: number): void;
  /** Task instances that one dispatch made queued, or began. */
  dispatched(count: number): void;
  orphansAdopted(count: number): void;
  attemptsLost(count: number): void;
}

export const NO_SCHEDULER_METRICS: SchedulerMetrics = {
  heartbeat() {},
  heartbeatFailed() {},
  loopDuration() {},
  dispatched() {},
  orphansAdopted() {},
  attemptsLost() {},
};

/** Timers and the clock, replaceable so that tests own the time. */
export interface SchedulerClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds since any moment, the same one for all processes of the machine, and never set back: leases are measured by it. */
  monotonicNow(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const SYSTEM_CLOCK: SchedulerClock = {
  now: () => Date.now(),
  // Not `performance.now()`, which counts from the beginning of each process.
  monotonicNow: () => Number(process.hrtime.bigint()) / 1e6,
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};
