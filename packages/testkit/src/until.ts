import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 25;

/**
 * Waits for a condition, with a deadline: what it gives that is neither undefined nor false.
 * @param what for the error, as in "waited 5000 ms for …"
 */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 30_000,
): Promise<T> {
  for (const giveUpAt = performance.now() + timeoutMs; ; await sleep(POLL_MS)) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > giveUpAt) throw new Error(`waited ${timeoutMs} ms for ${what}`);
  }
}
