/**
 * The moments between two transactions of one use case at which a process may die. Tests stop an engine there and look whether another one repairs what is left:
 * each name says what was committed, and what was not yet.
 */
export const PAUSE_POINTS = [
  /** Attempts ended; the runs that ended with them have not let the next ones in. */
  "runs ended, next runs not started",
  /** Task instances are queued with leases; nobody has the commands yet. */
  "dispatched, commands not returned",
  /** A batch of finishes, starts and wants is committed; the hosts have no answer. */
  "exchange committed, not answered",
  /** Leases were given to the adopting scheduler; it has not asked its executors. */
  "leases adopted, not returned",
] as const;

export type PausePoint = (typeof PAUSE_POINTS)[number];
