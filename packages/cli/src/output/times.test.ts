import { expect, test } from "vitest";
import { relativeTime, shortInstant, showDuration } from "./times.ts";

const now = new Date("2026-01-31T12:00:00Z");

test.each([
  ["2026-01-31T11:59:59.900Z", "now"],
  ["2026-01-31T11:59:30Z", "30 s ago"],
  ["2026-01-31T11:57:00Z", "3 min ago"],
  ["2026-01-31T14:00:00Z", "in 2 h"],
  ["2026-01-28T12:00:00Z", "3 d ago"],
  ["2025-01-31T12:00:00Z", "2025-01-31 12:00:00Z"],
])("%s is %s", (instant, expected) => {
  expect(relativeTime(instant, now)).toBe(expected);
});

test("what is not known stays unknown", () => {
  expect([relativeTime(null, now), shortInstant(null), showDuration(null)]).toEqual([null, null, null]);
});

test.each([
  [0.42, "420 ms"],
  [1.34, "1.3 s"],
  [125, "2 min 5 s"],
  [12_000, "3 h 20 min"],
])("%d seconds are %s", (seconds, expected) => {
  expect(showDuration(seconds)).toBe(expected);
});
