import { expect, it } from "vitest";
import { createChangeRateLimit } from "./change-rate-limit.ts";

it("lets a minute's worth through at once, then as many as the rate gives", () => {
  const limit = createChangeRateLimit({ perMinute: 60 });
  for (let index = 0; index < 60; index += 1) expect(limit.take("ann", 0)).toBe(0);
  expect(limit.take("ann", 0)).toBe(1);
  expect(limit.take("bob", 0)).toBe(0);
  expect(limit.take("ann", 1000)).toBe(0);
  expect(limit.take("ann", 1500)).toBe(1);
  expect(limit.take("ann", 2000)).toBe(0);
});

it("counts every change of a request that makes many: the next one waits longer", () => {
  const limit = createChangeRateLimit({ perMinute: 60 });
  expect(limit.take("ann", 0)).toBe(0);
  limit.charge("ann", 118, 0);
  expect([limit.take("ann", 0), limit.take("ann", 59_000), limit.take("ann", 60_000)]).toEqual([60, 1, 0]);
  expect(limit.take("bob", 0)).toBe(0);
});

it("says how long to wait, however slow the rate", () => {
  const limit = createChangeRateLimit({ perMinute: 2 });
  expect([limit.take("ann", 0), limit.take("ann", 0), limit.take("ann", 0)]).toEqual([0, 0, 30]);
  expect(limit.take("ann", 29_999)).toBe(1);
  expect(limit.take("ann", 30_000)).toBe(0);
});

it("does not grow without end", () => {
  const limit = createChangeRateLimit({ perMinute: 1 });
  for (let index = 0; index < 10_000; index += 1) limit.take(`user ${index}`, 0);
  expect(limit.take("user 0", 0)).toBe(60);
  expect(limit.take("one more", 0)).toBe(0);
  expect(limit.take("user 0", 0)).toBe(0);
});
