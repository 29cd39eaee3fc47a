import { expect, test } from "vitest";
import { type HealthFacts, judgeHealth } from "./worker-health.ts";

const GOOD: HealthFacts = { isRegistered: true, isDraining: false, apiSilentForMs: 0, held: 0, awayForMs: null, lastReadMs: 3_000, overdueMs: null };
const judge = (facts: Partial<HealthFacts>): [isLive: boolean, isReady: boolean] => {
  const { live, ready } = judgeHealth({ ...GOOD, ...facts });
  return [live.length === 0, ready.length === 0];
};

test("an idle worker, whose blocking read comes back empty, is well", () => {
  expect(judge({})).toEqual([true, true]);
  expect(judge({ lastReadMs: null })).toEqual([true, true]);
});

test("a read that does not come back over a living connection is dead", () => {
  expect(judge({ overdueMs: 20_000 })).toEqual([true, true]);
  expect(judge({ overdueMs: 31_000 })).toEqual([false, false]);
});

test("without Redis it is alive, since it comes back by itself, and takes no work", () => {
  expect(judge({ awayForMs: 5_000, overdueMs: 1_000 })).toEqual([true, true]);
  expect(judge({ awayForMs: 600_000, overdueMs: 600_000 })).toEqual([true, false]);
});

test("an API that does not answer makes it unready, and after a minute dead", () => {
  expect(judge({ apiSilentForMs: 5_000 })).toEqual([true, true]);
  expect(judge({ apiSilentForMs: 11_000 })).toEqual([true, false]);
  expect(judge({ apiSilentForMs: 61_000 })).toEqual([false, false]);
  // A restart would end what may go on.
  expect(judge({ apiSilentForMs: 61_000, held: 1 })).toEqual([true, false]);
});

test("it is ready when it is registered and not draining", () => {
  expect(judge({ isRegistered: false })).toEqual([true, false]);
  expect(judge({ isDraining: true })).toEqual([true, false]);
});
