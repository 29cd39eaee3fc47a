import { pythonIso } from "./python-iso.ts";
import { sha1 } from "./sha1.ts";
import type { MaybeState } from "./state-transitions.ts";

/** Airflow's `[core] max_task_retry_delay`. */
export const DEFAULT_MAX_TASK_RETRY_DELAY_MS = 86_400_000;

/**
 * Whether a failed attempt is tried again: the failure is not one that forbids it, and `tryNumber <= maxTries` with retries set at all. An attempt whose
 * task instance was cleared while it ran is always tried again.
 */
export function shouldRetry(attempt: { state: MaybeState; tryNumber: number; maxTries: number; retries: number; isFinal: boolean }): boolean {
  if (attempt.state === "restarting") return true;
  return !attempt.isFinal && attempt.retries > 0 && attempt.tryNumber <= attempt.maxTries;
}

/** `maxTries` of a task instance after it was cleared: as many retries as a new one has, counted from the tries it had. */
export function maxTriesAfterClear(tryNumber: number, retries: number): number {
  return tryNumber + retries;
}

export interface RetryDelayInput {
  dagId: string;
  taskId: string;
  /** Null for a run without one. */
  logicalDate: Date | null;
  /** Of the attempt that failed; the first is 1. */
  tryNumber: number;
  retryDelayMs: number;
  /** M, by which the delay is multiplied for each try. 0 and 1: off. */
  retryBackoff: number;
  /** The task's own cap, with backoff only. */
  maxRetryDelayMs: number | null;
  /** The installation's cap, with backoff only. */
  maxTaskRetryDelayMs?: number;
}

/**
 * How long after its end a failed attempt is tried again. Without backoff: `retryDelayMs`.
 *
 * With backoff, in whole seconds: base = ceil(retryDelay * M^(try-1)), at least 1. A jitter within [0, base) is added, so that tasks that failed together
 * do not come back together; it is taken from a digest of the attempt's identity, so asking again gives the same delay. Both caps come last.
 */
export function retryDelayMs(input: RetryDelayInput): number {
  const { maxRetryDelayMs, maxTaskRetryDelayMs = DEFAULT_MAX_TASK_RETRY_DELAY_MS } = input;
  if (input.retryBackoff === 0 || input.retryBackoff === 1) return input.retryDelayMs;
  const base = Math.max(1, Math.ceil((input.retryDelayMs / 1000) * input.retryBackoff ** (input.tryNumber - 1)));
  const cap = Math.min(maxTaskRetryDelayMs, maxRetryDelayMs ?? Number.POSITIVE_INFINITY);
  // The jitter only adds. This also keeps the arithmetic below out of reach of an overflowed power.
  if (base * 1000 >= cap) return cap;
  return Math.min((base + jitter(input, base)) * 1000, cap);
}

/** When the next try is due. */
export function retryDueAt(endedAt: Date, input: RetryDelayInput): Date {
  return new Date(endedAt.getTime() + retryDelayMs(input));
}

/** The digest of "dag#task#logical_date#try" as one big number, modulo the base. */
function jitter({ dagId, taskId, logicalDate, tryNumber }: RetryDelayInput, base: number): number {
  const identity = `${dagId}#${taskId}#${logicalDate === null ? "None" : pythonIso(logicalDate, " ")}#${tryNumber}`;
  const modulus = BigInt(base);
  let remainder = 0n;
  for (const byte of sha1(new TextEncoder().encode(identity))) remainder = (remainder * 256n + BigInt(byte)) % modulus;
  return Number(remainder);
}
