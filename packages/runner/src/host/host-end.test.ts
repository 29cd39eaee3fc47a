import { expect, test } from "vitest";
import { type HostUse, reasonToEnd } from "./host-end.ts";

const LIMITS = { idleExitMs: 300_000, unreachableExitMs: 600_000 };
const DAY_MS = 24 * 60 * 60_000;

/** At one instant, so many milliseconds after the last of each. */
function after(ms: { connected: number; used: number; reached: number }, holding: Partial<Pick<HostUse, "held" | "unreported">> = {}): HostUse {
  const now = 10 * DAY_MS;
  return { now, connectedAt: now - ms.connected, usedAt: now - ms.used, reachedAt: now - ms.reached, held: 0, unreported: 0, ...holding };
}

test("without work and without a scheduler it ends after the idle time, whether the server is there or not", () => {
  expect(reasonToEnd(after({ connected: 299_999, used: 299_999, reached: 0 }), LIMITS)).toBeNull();
  expect(reasonToEnd(after({ connected: 300_000, used: 300_000, reached: 0 }), LIMITS)).toMatch(/no work/u);
});

test("what was delivered and has not begun does not keep it when the server is silent", () => {
  expect(reasonToEnd(after({ connected: 700_000, used: 0, reached: 599_999 }), LIMITS)).toBeNull();
  expect(reasonToEnd(after({ connected: 700_000, used: 0, reached: 600_000 }), LIMITS)).toMatch(/could not be reached/u);
});

test("a scheduler that was connected a moment ago may come back, however long the server has been silent", () => {
  expect(reasonToEnd(after({ connected: 599_999, used: 0, reached: DAY_MS }), LIMITS)).toBeNull();
});

test("what has begun goes on", () => {
  expect(reasonToEnd(after({ connected: 2 * DAY_MS, used: 0, reached: 2 * DAY_MS }, { held: 1 }), LIMITS)).toBeNull();
});

test("results that could not be reported are kept for a day", () => {
  expect(reasonToEnd(after({ connected: DAY_MS, used: 0, reached: DAY_MS - 1 }, { unreported: 1 }), LIMITS)).toBeNull();
  expect(reasonToEnd(after({ connected: DAY_MS, used: 0, reached: DAY_MS }, { unreported: 1 }), LIMITS)).toMatch(/is lost/u);
});
