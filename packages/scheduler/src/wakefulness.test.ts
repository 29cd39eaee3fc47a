import { expect, test } from "vitest";
import { Wakefulness } from "./wakefulness.ts";

/** Leases of ten seconds, renewed every three; a heartbeat of the scheduler every four and a half. */
function at(startMs = 0) {
  let nowMs = startMs;
  const told: string[] = [];
  const logger = { warn: (_: object, message: string): void => void told.push(message) };
  const wakefulness = new Wakefulness({
    clock: { now: () => nowMs },
    logger,
    heartbeatMs: 4_500,
    leaseMs: 10_000,
    renewalMs: 3_000,
    holdMs: 300_000,
  });
  return {
    told,
    /** Heartbeats at these moments; whether it is awake at the last one, and a moment later. */
    beats(...moments: number[]): boolean {
      for (nowMs of moments) wakefulness.beat();
      return wakefulness.isAwake();
    },
    isAwakeAt(moment: number): boolean {
      nowMs = moment;
      return wakefulness.isAwake();
    },
  };
}

test("called by hand it is awake; after a start it is when hosts had the time of two renewals", () => {
  const { beats, isAwakeAt } = at(1_000_000);
  expect(isAwakeAt(1_000_000)).toBe(true);
  expect(beats(1_000_000)).toBe(false);
  expect(isAwakeAt(1_005_000)).toBe(false);
  expect(beats(1_005_000)).toBe(false);
  expect(isAwakeAt(1_005_999)).toBe(false);
  expect(isAwakeAt(1_006_000)).toBe(true);
});

test("heartbeats that are a little late keep it awake", () => {
  const { beats, isAwakeAt } = at();
  expect(beats(0, 5_000, 11_000, 17_000)).toBe(true);
  expect(isAwakeAt(23_000)).toBe(true);
});

test("a standstill: nothing is taken for lost from its first moment on, and until hosts had their time after it", () => {
  const { beats, isAwakeAt } = at();
  expect(beats(0, 5_000, 10_000)).toBe(true);
  // Before the heartbeat that comes late has told of it.
  expect(isAwakeAt(16_001)).toBe(false);
  expect(isAwakeAt(40_000)).toBe(false);
  expect(beats(40_000, 45_000)).toBe(false);
  expect(isAwakeAt(45_999)).toBe(false);
  expect(isAwakeAt(46_000)).toBe(true);
});

test("no standstill that ends a lease which was renewed just before goes unnoticed", () => {
  for (let beforeMs = 0; beforeMs <= 3_000; beforeMs += 100) {
    const { beats, isAwakeAt } = at();
    expect(beats(0, 5_000, 10_000)).toBe(true);
    // The machine stands still at once after the heartbeat, and a lease was renewed up to three seconds before it.
    expect(isAwakeAt(10_000 - beforeMs + 10_000)).toBe(false);
  }
});

test("a clock that is set back costs no more than a standstill", () => {
  const { beats, isAwakeAt } = at(10_000_000);
  expect(beats(10_000_000, 10_005_000, 10_010_000)).toBe(true);
  expect(beats(50_000)).toBe(false);
  expect(beats(55_000)).toBe(false);
  expect(isAwakeAt(56_000)).toBe(true);
  // Set forward, it ends leases as a standstill does.
  expect(beats(10_000_000)).toBe(false);
});

test("heartbeats that are late again and again cannot tell: after the time for which hosts hold anything it goes by the leases, and says so once", () => {
  const { beats, isAwakeAt, told } = at();
  let atMs = 0;
  for (; atMs < 300_000; atMs += 6_500) expect(beats(atMs)).toBe(false);
  expect(told).toEqual([]);
  expect(beats(atMs)).toBe(true);
  expect(beats(atMs + 6_500)).toBe(true);
  expect(told).toHaveLength(1);
  // A real standstill is one all the same.
  expect(isAwakeAt(atMs + 20_000)).toBe(false);
  expect(beats(atMs + 3_600_000)).toBe(false);
});
