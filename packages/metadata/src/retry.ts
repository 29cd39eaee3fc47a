import { setTimeout as delay } from "node:timers/promises";
import { retryableKind } from "./retryable-errors.ts";

export interface RetryPolicy {
  /** Tries in all. Default 10. */
  readonly maxAttempts: number;
  /** No new try later than this after the first began. Default 15 s. */
  readonly maxElapsedMs: number;
  readonly signal?: AbortSignal;
  readonly onRetry?: (error: unknown, attempt: number) => void;
}

const defaults: RetryPolicy = { maxAttempts: 10, maxElapsedMs: 15_000 };

/** Runs `work` again while it fails with an error that `retryableKind` knows; throws the last error otherwise, as it came. */
export async function withRetry<T>(work: () => Promise<T>, policy: Partial<RetryPolicy> = {}): Promise<T> {
  const { maxAttempts, maxElapsedMs, signal, onRetry } = { ...defaults, ...policy };
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const kind = retryableKind(error);
      const pauseMs = kind === "conflict" ? backoffMs(attempt, 2, 100) : backoffMs(attempt, 50, 2_000);
      const isOver = attempt >= maxAttempts || performance.now() - startedAt + pauseMs > maxElapsedMs;
      if (!kind || isOver || signal?.aborted) throw error;
      onRetry?.(error, attempt);
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal?.aborted) throw error;
    }
  }
}

/** Exponential with full jitter in its upper half: processes that lost the server together must not come back together. */
export function backoffMs(attempt: number, firstMs: number, maxMs: number): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 20));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}
