import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextPokeAfterMs, type PokeMoment } from "./poke-interval.ts";

const moment: PokeMoment = { dagId: "d", taskId: "t", firstStartedAt: "2026-01-31T06:00:00.000Z", pokeCount: 1, remainingMs: 1e12 };
const backoff = { pokeIntervalMs: 60_000, exponentialBackoff: true, maxWaitMs: null };

describe("nextPokeAfterMs", () => {
  it("is the interval without backoff, and never longer than what is left", () => {
    expect(nextPokeAfterMs({ ...backoff, exponentialBackoff: false }, { ...moment, pokeCount: 9 })).toBe(60_000);
    expect(nextPokeAfterMs({ ...backoff, exponentialBackoff: false }, { ...moment, remainingMs: 1234 })).toBe(1234);
  });

  // "interval * 2^(n-2), min 1 s, SHA-1 jitter as for retries": base + [0, base).
  it.each([
    [1, 30],
    [2, 60],
    [3, 120],
    [8, 3840],
  ])("lies after poke %i within [%i s, twice that)", (pokeCount, base) => {
    const seconds = nextPokeAfterMs(backoff, { ...moment, pokeCount }) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(base);
    expect(seconds).toBeLessThan(2 * base);
    expect(Number.isInteger(seconds)).toBe(true);
  });

  it("is at least a second", () => {
    expect(nextPokeAfterMs({ ...backoff, pokeIntervalMs: 10 }, moment)).toBe(1000);
  });

  it("takes its jitter from the poke's identity", () => {
    // SHA-1 of "d#t#2026-01-31T06:00:00.000Z#3" modulo 120.
    expect(nextPokeAfterMs(backoff, { ...moment, pokeCount: 3 })).toBe(nextPokeAfterMs(backoff, { ...moment, pokeCount: 3 }));
    const of = (taskId: string) => nextPokeAfterMs(backoff, { ...moment, taskId, pokeCount: 20 });
    expect(of("a")).not.toBe(of("b"));
  });

  it("is bounded by maxWait and by the remaining timeout, after any number of pokes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 1e9 }),
        fc.option(fc.integer({ min: 1, max: 1e9 })),
        (pokeCount, remainingMs, maxWaitMs) => {
          const waitMs = nextPokeAfterMs({ ...backoff, maxWaitMs }, { ...moment, pokeCount, remainingMs });
          expect(waitMs).toBeGreaterThan(0);
          expect(waitMs).toBeLessThanOrEqual(Math.min(remainingMs, maxWaitMs ?? Infinity));
        },
      ),
    );
  });
});
