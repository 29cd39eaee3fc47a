import type { AttemptGrant, TaskCommand } from "@tradewind/contract";

/** Room of one executor for dispatch; null: no limit of its own. */
export interface ExecutorRoom {
  name: string;
  free: number | null;
  /** Its transport cannot be reached now. What is queued there does not count against the parallelism, so that it holds up no other executor. Default false. */
  isAway?: boolean;
  /** A runner host at hand: as many of the executor's attempts as it has places begin there at once, instead of being queued. */
  host?: { hostId: string; places: number };
}

/** Attempts that dispatch began on a host, which is to be told of them. */
export interface BegunAttempts {
  executor: string;
  hostId: string;
  grants: AttemptGrant[];
}

export interface Dispatched {
  /** What is queued, for executors to carry. */
  commands: TaskCommand[];
  begun: BegunAttempts[];
  /** A moment before the leases of `begun` were made, by the clock that was given. */
  leasedAtMs: number;
  /**
   * The transaction was tried again, and an earlier try that began attempts may have been committed: its answer was lost with the connection, and nobody can be told what it began but by asking
   * for what runs on these hosts.
   */
  isUnsure: boolean;
  more: boolean;
}

export interface DispatchOptions {
  schedulerId: string;
  parallelism: number;
  executors: ExecutorRoom[];
  limit: number;
  /** For `leasedAtMs`, where a host is at hand: milliseconds by a clock that never goes back and that the hosts have too. Default: nothing begins. */
  monotonicNow?: () => number;
}

export interface SchedulingUseCases {
  /** Creates runs that are due (at most `limit` DAGs), starts what limits allow. Any number of schedulers may call it at once. */
  createDueRuns(options: { limit: number }): Promise<{ created: number; more: boolean }>;
  /** Starts queued runs within max_active_runs. */
  startQueuedRuns(options: { limit: number }): Promise<{ started: number; more: boolean }>;
  /**
   * Takes scheduled task instances in priority order within every limit, with a lease owned by `schedulerId`: the best begin on hosts at hand as far as these have places, the others are queued.
   * One short critical section among all schedulers.
   */
  dispatch(options: DispatchOptions): Promise<Dispatched>;
  /** Timers that are due: retries and reschedules become scheduled. */
  fireTimers(options: { limit: number }): Promise<{ fired: number; more: boolean }>;
  /** Runs over their dagrun timeout: failed, their unfinished task instances skipped, running ones told to stop. */
  timeOutRuns(options: { limit: number }): Promise<{ timedOut: number }>;
  /**
   * Running leases that ran out: the attempt is lost; retry rules apply.
   * @param options.isAwake asked for each under its lock; false: whoever calls has just been away itself, and it stays. Default: always true
   */
  expireLeases(options: { limit: number; isAwake?: () => boolean }): Promise<{ lost: string[] }>;
  /** Attempts the executor reports as lost or rejected. */
  loseAttempts(attempts: { attemptId: string; reason: "lost" | "rejected"; message: string }[]): Promise<{ lost: string[] }>;
  /** Queued leases past the queued timeout: given back for another submission (at most twice per try), then failed. */
  requeueStuck(options: { limit: number }): Promise<{ resubmit: TaskCommand[]; failed: string[] }>;
  /** Attempts of this scheduler that have been queued with these executors for a while, by attempt id, from the one after `after` on: to find those that a transport has lost. */
  listQueuedAttempts(options: {
    schedulerId: string;
    executors: string[];
    queuedForMs: number;
    after: string | null;
    limit: number;
  }): Promise<TaskCommand[]>;
  /** Attempts whose lease says stop, for executors to cancel at once (the runner also hears it by heartbeat). */
  takeStops(options: { schedulerId: string }): Promise<{ attemptId: string; executor: string; reason: string }[]>;
  /** Re-evaluates runs that a missed wake-up or a crash between transactions may have left behind. The slow sweep. */
  sweep(options: { limit: number }): Promise<{ repaired: number }>;
  /** The earliest moment at which one of the above has something to do, by index look-ups; null: nothing is planned. What came due after `lookedAt` counts. Default: now. */
  nextDueAt(lookedAt?: Date): Promise<Date | null>;
}
