/** How a failed call is tried again: full jitter, so that many runners do not come back in step after an outage. */
export interface RetryPolicy {
  /** The first delay, in milliseconds; doubles up to `maxDelayMs`. */
  minDelayMs: number;
  maxDelayMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { minDelayMs: 20, maxDelayMs: 2_000 };

/** Milliseconds before the next try, from 0 for the first. `random` is in [0, 1). */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: number): number {
  const ceiling = Math.min(policy.maxDelayMs, policy.minDelayMs * 2 ** Math.min(failures, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** Resolves after `ms`, or rejects with the signal's reason as soon as it is aborted. */
export function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
