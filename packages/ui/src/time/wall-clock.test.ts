import { expect, it } from "vitest";
import { fromWallClock, toWallClock } from "./wall-clock.ts";

it.each([
  ["2026-11-21T08:00", "UTC", "2026-11-21T08:00:00.000Z"],
  ["2026-07-01T08:00:30", "Europe/Madrid", "2026-07-01T06:00:30.000Z"],
  ["2026-03-29T01:59", "Europe/Madrid", "2026-03-29T00:59:00.000Z"],
  ["2026-03-29T03:00", "Europe/Madrid", "2026-03-29T01:00:00.000Z"],
  ["2026-10-25T03:00", "Europe/Madrid", "2026-10-25T02:00:00.000Z"],
  ["2026-01-01T00:00", "Asia/Kolkata", "2025-12-31T18:30:00.000Z"],
])("%s in %s is %s, and back", (text, zone, iso) => {
  expect(fromWallClock(text, zone)).toBe(iso);
  expect(toWallClock(iso, zone).startsWith(text)).toBe(true);
});

it("takes the first of two, and goes on after what clocks skip", () => {
  expect(fromWallClock("2026-10-25T02:30", "Europe/Madrid")).toBe("2026-10-25T00:30:00.000Z");
  expect(fromWallClock("2026-03-29T02:30", "Europe/Madrid")).toBe("2026-03-29T01:30:00.000Z");
});

it("knows what is no date and time", () => {
  expect(fromWallClock("", "UTC")).toBeUndefined();
  expect(fromWallClock("2026-13-41T99:00", "UTC")).toBeUndefined();
});
