import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Duration, formatDuration, parseDuration } from "./duration.ts";
import { hasErrorCode } from "./errors.ts";

describe("parseDuration", () => {
  it.each<[Duration, number]>([
    ["30s", 30_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1h 30m", 5_400_000],
    ["2d", 172_800_000],
    ["250ms", 250],
    ["1.5s", 1_500],
    ["1s500ms", 1_500],
    [" 10s ", 10_000],
    ["0s", 0],
    [0, 0],
    [1234.6, 1235],
    [{ hours: 1, minutes: 30 }, 5_400_000],
    [{ days: 1, seconds: 1, milliseconds: 1 }, 86_401_001],
    [{ minutes: 0.5 }, 30_000],
    [{ hours: undefined, seconds: 2 }, 2_000],
  ])("%o is %i ms", (duration, ms) => {
    expect(parseDuration(duration)).toBe(ms);
  });

  it.each<[unknown, string]>([
    ["", "not a number and a unit"],
    ["5", "the unit is missing"],
    ["5 minutes", "not a number and a unit"],
    ["-5s", "not a number and a unit"],
    ["5m5m", 'the unit "m" comes twice'],
    ["1e3s", "not a number and a unit"],
    [-1, "zero or more"],
    [Number.NaN, "zero or more"],
    [Number.POSITIVE_INFINITY, "finite"],
    [null, "neither a string"],
    [10n, "neither a string"],
    [undefined, "neither a string"],
    [[], "neither a string"],
    [true, "neither a string"],
    [{}, "it has no parts"],
    [{ weeks: 1 }, 'unknown part "weeks"'],
    [{ constructor: 1 }, 'unknown part "constructor"'],
    [{ hours: "1" }, 'its part "hours"'],
    [{ hours: -1 }, 'its part "hours"'],
  ])("refuses %o", (duration, why) => {
    try {
      parseDuration(duration as Duration, "retry delay");
      expect.unreachable();
    } catch (error) {
      expect(hasErrorCode(error, "invalid_duration")).toBe(true);
      expect((error as Error).message).toContain("The retry delay ");
      expect((error as Error).message).toContain(why);
    }
  });

  it("adds up parts written as text and as an object alike", () => {
    const part = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(part, part, part, part, part, (days, hours, minutes, seconds, milliseconds) => {
        const text = `${days}d${hours}h${minutes}m${seconds}s${milliseconds}ms`;
        expect(parseDuration(text)).toBe(parseDuration({ days, hours, minutes, seconds, milliseconds }));
      }),
    );
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0ms"],
    [450.4, "450ms"],
    [999.7, "1s"],
    [12_340, "12.3s"],
    [59_940, "59.9s"],
    [59_960, "1m"],
    [90_000, "1m 30s"],
    [3_599_900, "1h"],
    [5_400_000, "1h 30m"],
    [86_399_000, "1d"],
    [86_400_000 * 2 + 3_600_000 * 3, "2d 3h"],
    [-30_000, "-30s"],
  ])("%d ms reads %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("gives something that parses back to within a twentieth", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 10 }), (ms) => {
        const back = parseDuration(formatDuration(ms));
        expect(Math.abs(back - ms) / ms).toBeLessThanOrEqual(1 / 20);
      }),
    );
  });
});
