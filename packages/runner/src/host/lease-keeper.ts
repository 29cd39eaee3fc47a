import type { ConnectionTestGrant, HeartbeatRequest, HeartbeatResponse, HostState, WantedHostState } from "@tradewind/contract";
import { type ExecutionApiClient, isExecutionApiError } from "@tradewind/contract/client";
import type { GrantedAttempt } from "./attempt.ts";
import type { HostLogger, PausePoint } from "./host-options.ts";
import { leaseNow, leaseSleepMs } from "./lease-clock.ts";
import type { LeaseEnds } from "./lease-ends.ts";
import type { Reachability } from "./reachability.ts";

export interface LeaseKeeperOptions {
  hostId: string;
  client: ExecutionApiClient;
  reachability: Reachability;
  logger: HostLogger;
  heartbeatMs: number;
  /** All attempts whose lease this host holds. */
  granted(): Iterable<GrantedAttempt>;
  queued(): string[];
  /** What this host is about, for people. */
  state(): HostState;
  /** How many connections this host would try now. */
  connectionTestRoom(): number;
  onConnectionTests(grants: readonly ConnectionTestGrant[]): void;
  /** What people want of this host, as each answer says it. */
  onWanted(wanted: WantedHostState): void;
  /** The server wants it stopped. */
  onStop(attempt: GrantedAttempt, reason: string): void;
  /** How long an attempt may stand still whose lease could not be renewed. */
  holdMs: number;
  ends: Pick<LeaseEnds, "hold" | "goOn" | "cutShort" | "disowned" | "giveUp">;
  onUnknownHost(status: 401 | 404): Promise<void>;
  pausePoint(name: PausePoint): Promise<void>;
}

/** Progress is sent with a heartbeat of its own when it changed, but not more often than this. */
const PROGRESS_EVERY_MS = 1_000;

/** Between two tries to renew leases. */
const SOON_MS = 500;
/** The longest time between two tries while there are no leases to renew. */
const FAR_MS = 5_000;

const CLOCK_WATCH_MS = 1_000;
/** After a sleep, or a clock that was set, every lease may be renewed once before it counts as ended, also where nothing is held otherwise. */
const HELD_AFTER_SLEEP_MS = 5_000;

/** A child is stopped so long before its lease ends: time for the signal to work, and for clocks that do not run quite alike. A share of the lease, so that short leases work too. */
export function leaseMarginMs(leaseMs: number): number {
  return Math.min(2_000, leaseMs / 8);
}

/**
 * Renews the leases of all attempts, and notices those that can't be renewed in time. A lease counts from the moment when the renewing request was *sent*, by the monotonic clock.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  #heartbeat: NodeJS.Timeout | null = null;
  #deadline: NodeJS.Timeout | null = null;
  /** By the monotonic clock, as timers go. */
  #deadlineAt = Infinity;
  #beating = false;
  #lastBeatAt = -Infinity;
  #hasNews = false;
  #failures = 0;
  #holdMs: number;
  #stopped = false;
  readonly #clockWatch: NodeJS.Timeout;
  #sleptMs = leaseSleepMs();
  /** When it was last seen that the machine had slept, by the monotonic clock. */
  #sleptAt = -Infinity;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#holdMs = options.holdMs;
    this.#beatIn(options.heartbeatMs);
    this.#clockWatch = setInterval(() => this.#lookAtClocks(), CLOCK_WATCH_MS).unref();
  }

  /** As the server says it now. */
  setHold(holdMs: number): void {
    this.#holdMs = holdMs;
    this.#checkDeadlines();
  }

  /** A lease was given or renewed: its end must be watched. */
  watch(attempt: GrantedAttempt): void {
    const leftMs = leftOfLeaseMs(attempt);
    // An answer that came late: nothing of it may begin.
    if (leftMs <= 0) this.#checkDeadlines();
    else if (performance.now() + leftMs < this.#deadlineAt) this.#watchIn(leftMs);
    // Without leases a server that stayed away was asked seldom. It is back, and the lease may be shorter than what is left to the next time.
    if (this.#failures > 0 && !this.#beating) this.#beatIn(Math.min(this.#options.heartbeatMs, SOON_MS));
  }

  progressChanged(): void {
    if (this.#beating || this.#stopped) return;
    const inMs = Math.max(0, this.#lastBeatAt + PROGRESS_EVERY_MS - performance.now());
    if (inMs < this.#options.heartbeatMs) this.#beatIn(inMs);
  }

  /** What this host is about has changed: people should see it soon. */
  stateChanged(): void {
    this.#hasNews = true;
    if (!this.#beating) this.#beatIn(0);
  }

  /** The last word of a host that ends: whoever looks sees it offline at once. */
  async sayFarewell(signal: AbortSignal): Promise<void> {
    this.stop();
    const farewell = { hostId: this.#options.hostId, attempts: [], queued: [], state: "stopped" as const };
    await this.#options.client
      .heartbeat(farewell, { retryForMs: 0, signal })
      .catch((error: unknown) => this.#options.logger.debug({ error: String(error) }, "the host could not say farewell"));
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#clockWatch);
    if (this.#heartbeat !== null) clearTimeout(this.#heartbeat);
    if (this.#deadline !== null) clearTimeout(this.#deadline);
  }

  #lookAtClocks(): void {
    if (leaseSleepMs() !== this.#sleptMs) this.#checkDeadlines();
  }

  /** Leases are renewed at once after a sleep, whatever answer is under way: it is one to a question from before. */
  #noteSleep(): void {
    const sleptMs = leaseSleepMs();
    if (sleptMs === this.#sleptMs) return;
    this.#sleptMs = sleptMs;
    this.#sleptAt = performance.now();
    this.#hasNews = true;
    if (!this.#beating) this.#beatIn(0);
  }

  #beatIn(ms: number): void {
    if (this.#stopped) return;
    if (this.#heartbeat !== null) clearTimeout(this.#heartbeat);
    this.#heartbeat = setTimeout(() => void this.#beat(), ms);
  }

  async #beat(): Promise<void> {
    this.#beating = true;
    this.#hasNews = false;
    let nextMs = this.#options.heartbeatMs;
    try {
      await this.#options.pausePoint("before_heartbeat");
      await this.#renew();
      this.#failures = 0;
    } catch (error) {
      nextMs = this.#afterFailureMs(nextMs);
      await this.#explain(error);
    } finally {
      this.#beating = false;
      this.#beatIn(this.#hasNews ? 0 : nextMs);
    }
  }

  async #renew(): Promise<void> {
    this.#lookAtClocks();
    const attempts = [...this.#options.granted()];
    const sentAt = leaseNow();
    this.#lastBeatAt = performance.now();
    const request: HeartbeatRequest = {
      hostId: this.#options.hostId,
      attempts: attempts.map(heartbeatOf),
      queued: this.#options.queued(),
      state: this.#options.state(),
      connectionTests: this.#options.connectionTestRoom(),
    };
    let answer: HeartbeatResponse;
    try {
      const signal = AbortSignal.timeout(Math.max(1_000, this.#options.heartbeatMs));
      answer = await this.#options.reachability.watch("heartbeat", () => this.#options.client.heartbeat(request, { retryForMs: 0, signal }));
    } catch (error) {
      for (const [index, attempt] of attempts.entries()) attempt.progress ??= request.attempts[index]!.progress;
      throw error;
    }
    this.#apply(attempts, answer, sentAt);
    this.#options.onWanted(answer.wanted ?? "run");
    if (answer.connectionTests !== undefined) this.#options.onConnectionTests(answer.connectionTests);
  }

  #apply(attempts: readonly GrantedAttempt[], answer: HeartbeatResponse, sentAt: number): void {
    const renewed = new Map(answer.renewed.map((one) => [one.attemptId, one]));
    const stops = new Map(answer.stop.map((one) => [one.attemptId, one.reason]));
    for (const attempt of attempts) {
      // Its end is on the way to the server, or has arrived: there may be no lease left to renew.
      if (attempt.phase === "reporting") continue;
      const lease = renewed.get(attempt.attemptId);
      const stop = stops.get(attempt.attemptId);
      if (lease !== undefined) {
        attempt.leaseEndsAt = sentAt + lease.leaseMs;
        attempt.token = lease.token;
      }
      if (stop !== undefined) this.#options.onStop(attempt, stop);
      else if (lease === undefined) this.#options.ends.disowned(attempt);
      // An answer that came late says what was true when it was asked for.
      else if (attempt.heldSince !== null && leftOfLeaseMs(attempt) > 0) this.#options.ends.goOn(attempt);
    }
    this.#checkDeadlines();
  }

  // Sooner than usual, since leases do not wait; where there are none to be renewed, a server that stays away is asked less and less often.
  #afterFailureMs(usualMs: number): number {
    const soonMs = Math.min(usualMs, SOON_MS);
    this.#failures += 1;
    for (const attempt of this.#options.granted()) if (attempt.phase !== "reporting") return soonMs;
    return Math.min(FAR_MS, soonMs * 2 ** Math.min(this.#failures - 1, 10));
  }

  async #explain(error: unknown): Promise<void> {
    const status = isExecutionApiError(error) ? error.httpStatus : undefined;
    this.#options.logger.warn({ error: String(error) }, "leases could not be renewed");
    if (status === 401 || status === 404) await this.#options.onUnknownHost(status).catch(() => undefined);
  }

  #watchIn(ms: number): void {
    if (this.#stopped) return;
    this.#deadlineAt = performance.now() + ms;
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#checkDeadlines(), Math.max(0, ms));
  }

  #checkDeadlines(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = null;
    this.#deadlineAt = Infinity;
    this.#noteSleep();
    let nextMs = Infinity;
    for (const attempt of this.#options.granted()) {
      if (attempt.phase === "reporting" || attempt.stop?.kind === "lease" || hasEnded(attempt)) continue;
      if (leftOfLeaseMs(attempt) <= 0) this.#endLease(attempt);
      const leftMs = this.#leftMs(attempt);
      // What was killed just now is over.
      if (leftMs > 0) nextMs = Math.min(nextMs, leftMs);
    }
    if (nextMs < Infinity) this.#watchIn(nextMs);
  }

  #endLease(attempt: GrantedAttempt): void {
    const { ends } = this.#options;
    if (attempt.stop !== null) return ends.cutShort(attempt);
    if (attempt.heldSince === null && this.#longestHoldMs(performance.now()) > 0) ends.hold(attempt);
    if (this.#leftMs(attempt) <= 0) ends.giveUp(attempt);
  }

  /** Until it has to stand still, or to be killed if it does. */
  #leftMs(attempt: GrantedAttempt): number {
    const { heldSince } = attempt;
    return heldSince === null ? leftOfLeaseMs(attempt) : heldSince + this.#longestHoldMs(heldSince) - performance.now();
  }

  #longestHoldMs(heldSince: number): number {
    return heldSince - this.#sleptAt < HELD_AFTER_SLEEP_MS ? Math.max(this.#holdMs, HELD_AFTER_SLEEP_MS) : this.#holdMs;
  }
}

/** Until nothing of it may be at work any more, unless the lease is renewed. */
function leftOfLeaseMs({ leaseEndsAt, grant }: GrantedAttempt): number {
  return leaseEndsAt - leaseMarginMs(grant.leaseMs) - leaseNow();
}

/** Its process is done with it, and its end is about to be reported. */
function hasEnded({ phase, child }: GrantedAttempt): boolean {
  return phase === "running" && child === null;
}

function heartbeatOf(attempt: GrantedAttempt): HeartbeatRequest["attempts"][number] {
  const { attemptId, progress } = attempt;
  attempt.progress = undefined;
  return progress === undefined ? { attemptId } : { attemptId, progress };
}
