import { CronExpressionParser } from "cron-parser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CronLine, parseCron } from "./cron-line.ts";
import { nextWallClockTick, previousWallClockTick } from "./cron-search.ts";

const MINUTE_MS = 60_000;
const at = (iso: string) => Date.parse(`${iso}Z`);

function next(line: string, from: string): string | null {
  const tick = nextWallClockTick(parseCron(line), at(from));
  return tick === null ? null : new Date(tick).toISOString().slice(0, 16);
}

function previous(line: string, from: string): string | null {
  const tick = previousWallClockTick(parseCron(line), at(from));
  return tick === null ? null : new Date(tick).toISOString().slice(0, 16);
}

describe("the tick before and after", () => {
  it.each([
    ["0 8 * * *", "2026-03-01T08:00:00", "2026-03-02T08:00", "2026-02-28T08:00"],
    ["0 8 * * *", "2026-03-01T08:00:00.001", "2026-03-02T08:00", "2026-03-01T08:00"],
    ["0 8 * * *", "2026-03-01T07:59:59.999", "2026-03-01T08:00", "2026-02-28T08:00"],
    ["*/15 9-10 * * *", "2026-03-01T10:45:00", "2026-03-02T09:00", "2026-03-01T10:30"],
    ["0 0 31 * *", "2026-03-31T00:00:00", "2026-05-31T00:00", "2026-01-31T00:00"],
    ["0 0 29 2 *", "2096-03-01T00:00:00", "2104-02-29T00:00", "2096-02-29T00:00"],
    ["0 0 L * *", "2028-02-28T12:00:00", "2028-02-29T00:00", "2028-01-31T00:00"],
    ["0 0 1,L * *", "2026-04-15T00:00:00", "2026-04-30T00:00", "2026-04-01T00:00"],
    ["0 0 * * 1#5", "2026-04-01T00:00:00", "2026-06-29T00:00", "2026-03-30T00:00"],
    ["0 0 * * L5", "2026-04-01T00:00:00", "2026-04-24T00:00", "2026-03-27T00:00"],
    ["0 0 13 * FRI", "2026-03-10T00:00:00", "2026-03-13T00:00", "2026-03-06T00:00"],
    ["0 0 13 * FRI", "2026-04-11T00:00:00", "2026-04-13T00:00", "2026-04-10T00:00"],
    ["30 23 31 12 *", "2026-12-31T23:30:00", "2027-12-31T23:30", "2025-12-31T23:30"],
    ["59 23 * * *", "1969-12-31T23:59:00", "1970-01-01T23:59", "1969-12-30T23:59"],
  ])("%s from %s: %s, and %s before", (line, from, expectedNext, expectedPrevious) => {
    expect(next(line, from)).toBe(expectedNext);
    expect(previous(line, from)).toBe(expectedPrevious);
  });

  it("gives null when no tick comes within fifty years", () => {
    expect(next("0 0 30 2 *", "2026-01-01T00:00:00")).toBeNull();
    expect(previous("0 0 31 4,6 *", "2026-01-01T00:00:00")).toBeNull();
    expect(next("0 0 * 2 1#5", "2026-01-01T00:00:00")).toBe("2044-02-29T00:00");
  });
});

describe("any line, at any time", () => {
  it("the next tick is later, fits the line, and no tick lies between", () => {
    fc.assert(
      fc.property(anyLine, anyMinute, (text, fromMs) => {
        const line = parseCron(text);
        const tick = nextWallClockTick(line, fromMs)!;
        expect(tick).toBeGreaterThan(fromMs);
        expect(fits(line, tick)).toBe(true);
        expect(firstFit(line, fromMs + MINUTE_MS, Math.min(tick, fromMs + 3000 * MINUTE_MS))).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  it("the previous tick of the next one leads back to where we were", () => {
    fc.assert(
      fc.property(anyLine, anyMinute, (text, fromMs) => {
        const line = parseCron(text);
        const tick = nextWallClockTick(line, fromMs)!;
        expect(nextWallClockTick(line, previousWallClockTick(line, tick)!)).toBe(tick);
        expect(previousWallClockTick(line, nextWallClockTick(line, tick)!)).toBe(tick);
      }),
    );
  });

  it("agrees with cron-parser in UTC, where both know the line", () => {
    fc.assert(
      fc.property(anyLine, anyMinute, (text, fromMs) => {
        const theirs = CronExpressionParser.parse(text, { tz: "UTC", currentDate: new Date(fromMs) });
        let tick = fromMs;
        for (let i = 0; i < 5; i++) {
          tick = nextWallClockTick(parseCron(text), tick)!;
          expect(new Date(tick).toISOString()).toBe(theirs.next().toISOString());
        }
      }),
      { numRuns: 300 },
    );
  });
});

const anyMinute = fc.integer({ min: Date.UTC(1971, 0) / MINUTE_MS, max: Date.UTC(2090, 0) / MINUTE_MS }).map((minutes) => minutes * MINUTE_MS);

function field(min: number, max: number): fc.Arbitrary<string> {
  const value = fc.integer({ min, max });
  const range = fc
    .tuple(value, value)
    .filter(([a, b]) => a < b && (a > min || b < max))
    .map(([a, b]) => `${a}-${b}`);
  const step = fc.integer({ min: 2, max: Math.ceil((max - min) / 2) }).map((n) => `*/${n}`);
  const list = fc.uniqueArray(value, { minLength: 1, maxLength: 4 }).map((values) => values.join(","));
  return fc.oneof(fc.constant("*"), list, range, step);
}

/** Days up to the 28th: cron-parser refuses a day that some of the months do not have, which we take. */
const anyLine = fc
  .tuple(
    field(0, 59),
    field(0, 23),
    fc.oneof(field(1, 28), fc.constantFrom("*", "L")),
    field(1, 12),
    fc.oneof(field(0, 6), fc.constantFrom("*", "1#1", "5#3", "0#4", "MON-FRI")),
  )
  .map((fields) => fields.join(" "));

function firstFit(line: CronLine, fromMs: number, untilMs: number): string | null {
  for (let ms = fromMs; ms < untilMs; ms += MINUTE_MS) if (fits(line, ms)) return new Date(ms).toISOString();
  return null;
}

/** The rules of cron said the slow way: each field by itself, and either day field when both are restricted. */
function fits(line: CronLine, ms: number): boolean {
  const date = new Date(ms);
  if (!line.minutes.includes(date.getUTCMinutes()) || !line.hours.includes(date.getUTCHours())) return false;
  if ((line.months & (1 << date.getUTCMonth())) === 0) return false;
  const day = date.getUTCDate();
  const weekday = date.getUTCDay();
  const isLast = new Date(ms + 24 * 60 * MINUTE_MS).getUTCDate() === 1;
  const fitsMonthDay = (line.daysOfMonth & (1 << (day - 1))) !== 0 || (line.lastDayOfMonth && isLast);
  const fitsWeekday = (line.weekdays & (1 << weekday)) !== 0 || line.nthWeekdays.some((n) => n.weekday === weekday && n.nth === Math.ceil(day / 7));
  if (line.restrictsDayOfMonth && line.restrictsDayOfWeek) return fitsMonthDay || fitsWeekday;
  return (!line.restrictsDayOfMonth || fitsMonthDay) && (!line.restrictsDayOfWeek || fitsWeekday);
}
