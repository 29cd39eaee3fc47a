/** A wall clock that gets ahead by less is one that is being adjusted. */
const SHORTEST_SLEEP_MS = 1_000;

let sleptMs = 0;
let aheadMs = clockAheadMs();

/**
 * The clock by which a host counts leases, in milliseconds. As the monotonic one, which is never set; but that stands still while the machine sleeps, and leases go on: so what the wall clock got ahead of it meanwhile is
 * added. A wall clock that is set forward looks like a sleep, and costs each attempt a renewal.
 */
export function leaseNow(): number {
  const ahead = clockAheadMs();
  if (ahead - aheadMs >= SHORTEST_SLEEP_MS) sleptMs += ahead - aheadMs;
  aheadMs = ahead;
  return performance.now() + sleptMs;
}

/** How long the machine has slept so far, as far as `leaseNow` has seen it. */
export function leaseSleepMs(): number {
  leaseNow();
  return sleptMs;
}

function clockAheadMs(): number {
  return Date.now() - performance.now();
}
