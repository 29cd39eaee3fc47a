import { isExecutionApiError, isTransient } from "@tradewind/contract/client";
import type { GrantedAttempt } from "./attempt.ts";
import type { AttemptBook } from "./attempt-book.ts";
import type { AttemptRunner } from "./attempt-runner.ts";
import type { ChildPool } from "./child-pool.ts";
import type { HostLogger } from "./host-options.ts";

export interface LeaseEndsOptions {
  book: AttemptBook;
  pool: ChildPool;
  runner: AttemptRunner;
  logger: HostLogger;
}

/**
 * What becomes of attempts whose leases end.
 *
 * ```
 *   working ──cannot be renewed in time──▶ held ──renewed──▶ working
 *                                           └──given to another, or held for too long──▶ killed
 * ```
 *
 * A held attempt does nothing: its processes are stopped, as by Ctrl-Z, before another attempt may start. Most leases that end end with everybody's, as when the machine slept or the database was away, and nobody has
 * taken the attempt over when they can be renewed again. Not stopped is what left the process group, as it is not killed either.
 */
export class LeaseEnds {
  readonly #options: LeaseEndsOptions;

  constructor(options: LeaseEndsOptions) {
    this.#options = options;
  }

  /** Its lease is about to end. */
  hold(attempt: GrantedAttempt): void {
    const { logger } = this.#options;
    const message = "The lease could not be renewed in time; the task stands still until it can be, since another attempt may start.";
    logger.warn({ attemptId: attempt.attemptId }, message);
    attempt.log.system("warn", message);
    attempt.heldSince = performance.now();
    attempt.goesOn = Promise.withResolvers();
    if (attempt.phase === "running") attempt.child?.signalGroup("SIGSTOP");
  }

  /** Its lease was renewed: nobody else has begun it. */
  goOn(attempt: GrantedAttempt): void {
    const { pool, logger } = this.#options;
    const heldMs = Math.round(performance.now() - attempt.heldSince!);
    logger.info({ attemptId: attempt.attemptId, heldMs }, "a lease was renewed late; its attempt goes on");
    attempt.log.system("info", `The lease was renewed; the task stood still for ${(heldMs / 1000).toFixed(1)} s and goes on.`);
    const { child } = attempt;
    release(attempt);
    child?.signalGroup("SIGCONT");
    if (attempt.phase === "ready") pool.placeReady();
  }

  /** It is to stop already, and its lease ends before it has. How it ends is reported as it would have been. */
  cutShort(attempt: GrantedAttempt): void {
    attempt.child?.signalGroup("SIGKILL");
  }

  /** The server counts it as this host's no more: another may have begun. */
  disowned(attempt: GrantedAttempt): void {
    this.#end(attempt, "the server does not count this attempt as running on this host any more");
  }

  /** It was held for too long. */
  giveUp(attempt: GrantedAttempt): void {
    const message = "The lease could not be renewed in time; the task's process is killed.";
    this.#options.logger.error({ attemptId: attempt.attemptId }, message);
    this.#end(attempt, message);
  }

  #end(attempt: GrantedAttempt, reason: string): void {
    if (attempt.phase === "running") this.#options.runner.stop(attempt, "lease", reason, { atOnce: true });
    else if (attempt.phase === "ready") this.#dropReady(attempt, reason);
  }

  #dropReady(attempt: GrantedAttempt, reason: string): void {
    const { book, pool } = this.#options;
    pool.remove(attempt);
    attempt.log.system("warn", reason);
    attempt.log.close();
    book.giveUp(attempt.attemptId);
  }
}

/** It is not held any more, since it goes on or has ended. Its processes are stopped yet. */
export function release(attempt: GrantedAttempt): void {
  if (attempt.heldSince === null) return;
  attempt.stoodStillMs = stoodStillMs(attempt);
  attempt.heldSince = null;
  attempt.goesOn?.resolve();
}

/** For how long it has stood still so far. */
export function stoodStillMs({ stoodStillMs: beforeMs, heldSince }: GrantedAttempt): number {
  return beforeMs + (heldSince === null ? 0 : performance.now() - heldSince);
}

/**
 * Whether a call for an attempt that failed is worth another: it failed because the server is away, or because its token had run out with its lease. Resolves when the attempt goes on, if it stands still.
 * @param token the one that the call began with
 */
export async function mayAskAgain(attempt: GrantedAttempt, error: unknown, token: string): Promise<boolean> {
  const isRefused = isExecutionApiError(error) && error.httpStatus === 401;
  if (!isRefused && !isTransient(error)) return false;
  if (attempt.heldSince === null) return isRefused && attempt.token !== token;
  await attempt.goesOn!.promise;
  return true;
}
