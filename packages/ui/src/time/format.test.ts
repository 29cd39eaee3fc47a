import { describe, expect, it } from "vitest";
import { elapsedMs, formatDistance, formatDurationMs, formatInstant } from "./format.ts";

describe("formatInstant", () => {
  it("is the wall clock of the zone, also over midnight and the change of clocks", () => {
    expect(formatInstant("2026-01-01T00:30:05Z", "UTC")).toBe("2026-01-01 00:30:05");
    expect(formatInstant("2026-01-01T00:30:05Z", "America/New_York")).toBe("2025-12-31 19:30:05");
    expect(formatInstant("2026-03-29T01:00:00Z", "Europe/Madrid", { seconds: false })).toBe("2026-03-29 03:00");
  });
});

describe("formatDurationMs", () => {
  it.each([
    [0, "0 ms"],
    [3.4, "3 ms"],
    [999, "999 ms"],
    [4230, "4.2 s"],
    [9949, "9.9 s"],
    [9950, "10 s"],
    [59_600, "1 m 00 s"],
    [125_000, "2 m 05 s"],
    [3_599_600, "1 h 00 m"],
    [11_520_000, "3 h 12 m"],
    [187_200_000, "2 d 4 h"],
  ])("%d ms is %s", (ms, text) => {
    expect(formatDurationMs(ms)).toBe(text);
  });
});

it("tells how far away an instant is", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(formatDistance("2026-01-01T00:12:00Z", now)).toBe("in 12 m");
  expect(formatDistance("2025-12-31T21:00:00Z", now)).toBe("3 h ago");
  expect(formatDistance("2026-01-01T00:00:00.400Z", now)).toBe("now");
  expect(formatDistance("2026-01-09T00:00:00Z", now)).toBe("in 8 d");
});

it("goes on counting while there is no end, and knows nothing before the start", () => {
  expect(elapsedMs("2026-01-01T00:00:00Z", "2026-01-01T00:00:02Z", 0)).toBe(2000);
  expect(elapsedMs("2026-01-01T00:00:00Z", null, Date.parse("2026-01-01T00:01:00Z"))).toBe(60_000);
  expect(elapsedMs(null, null, 0)).toBeNull();
});
