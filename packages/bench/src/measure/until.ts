import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 50;

/** Polls until the check says true. */
export async function until(what: string, timeoutMs: number, check: () => Promise<boolean>, pollMs = POLL_MS): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(pollMs);
  }
}
