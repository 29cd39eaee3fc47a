/** What a local host is about, when it is asked whether anybody needs it. All instants by the monotonic clock, in milliseconds. */
export interface HostUse {
  now: number;
  /** When somebody was last connected to it. */
  connectedAt: number;
  /** When it last held an attempt in whatever phase, or somebody was connected. */
  usedAt: number;
  /** When the execution API last answered; never: when the host began. */
  reachedAt: number;
  /** Attempts whose lease it holds and that have not ended. */
  held: number;
  /** Ended attempts that the execution API has not heard of. */
  unreported: number;
}

export interface HostEndLimits {
  /** Without work, and nobody connected. */
  idleExitMs: number;
  /** With nothing but what needs the execution API, which does not answer, and nobody connected. */
  unreachableExitMs: number;
}

/** Results are worth waiting for: whoever brings the server back next morning gets them. */
const UNREPORTED_KEPT_MS = 24 * 60 * 60_000;

/**
 * Why a host that outlives its schedulers ends by itself; null: it goes on. What has begun always goes on, for as long as its lease does; and so does a host that somebody is connected to.
 */
export function reasonToEnd(use: HostUse, { idleExitMs, unreachableExitMs }: HostEndLimits): string | null {
  const { now, connectedAt, usedAt, reachedAt, held, unreported } = use;
  if (now - usedAt >= idleExitMs) return "it had no work, and no scheduler was connected";
  if (held > 0) return null;
  // Whoever was connected a moment ago may come back, also where the execution API has been silent for longer.
  const silentMs = now - Math.max(connectedAt, reachedAt);
  if (silentMs < (unreported > 0 ? Math.max(unreachableExitMs, UNREPORTED_KEPT_MS) : unreachableExitMs)) return null;
  return unreported > 0
    ? "the execution API could not be reached for a day, and no scheduler was connected; what it had to report is lost"
    : "the execution API could not be reached, no scheduler was connected, and nothing had begun";
}
