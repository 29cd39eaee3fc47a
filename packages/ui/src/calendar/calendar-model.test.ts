import { describe, expect, it } from "vitest";
import { boundsOf, cellBounds, daysOf, monthOf, monthsOf, sharesOf, stepPeriod, toldOf, totalsOf } from "./calendar-model.ts";
import { readCalendarSearch } from "./calendar-search.ts";

describe("months", () => {
  it("have weeks that begin on Monday, and all of their days", () => {
    const { weeks, title } = monthOf("2026-11");
    expect(title).toBe("November 2026");
    expect(weeks[0]).toEqual([null, null, null, null, null, null, "2026-11-01"]);
    expect(weeks.every((week) => week.length === 7)).toBe(true);
    expect(daysOf(monthOf("2028-02"))).toHaveLength(29);
    expect(monthsOf("2026").flatMap(daysOf)).toHaveLength(365);
  });

  it("follow each other over the turn of the year", () => {
    expect([stepPeriod("2026-12", 1), stepPeriod("2026-01", -1), stepPeriod("2026", 1)]).toEqual(["2027-01", "2025-12", "2027"]);
  });
});

describe("bounds", () => {
  it("are those of a zone, also when its clocks change", () => {
    expect(boundsOf("2026", "UTC")).toEqual({ from: "2026-01-01T00:00:00.000Z", to: "2027-01-01T00:00:00.000Z" });
    expect(boundsOf("2026-03", "Europe/Madrid")).toEqual({ from: "2026-02-28T23:00:00.000Z", to: "2026-03-31T22:00:00.000Z" });
    expect(cellBounds("2026-03-29T00:00", "day", "Europe/Madrid")).toEqual({ from: "2026-03-28T23:00:00.000Z", to: "2026-03-29T21:59:59.999Z" });
    expect(cellBounds("2026-11-21T23:00", "hour", "UTC")).toEqual({ from: "2026-11-21T23:00:00.000Z", to: "2026-11-21T23:59:59.999Z" });
  });
});

describe("a cell", () => {
  const cell = { starts_at: "2026-11-21T00:00", runs: { success: 999, failed: 1 }, planned: 2 };

  it("shows a failure however many runs there were", () => {
    const [failed, success] = sharesOf(cell);
    expect([failed!.state, success!.state]).toEqual(["failed", "success"]);
    expect(failed!.share).toBeGreaterThan(0.14);
    expect(failed!.share + success!.share).toBeCloseTo(1);
    expect(sharesOf({ ...cell, runs: {} })).toEqual([]);
  });

  it("is told in words", () => {
    expect(toldOf(cell)).toBe("1 failed, 999 success, 2 planned");
    expect([toldOf(undefined), toldOf({ ...cell, runs: {}, planned: 0 })]).toEqual(["no runs", "no runs"]);
    expect(totalsOf([cell, { ...cell, runs: { success: 1 } }])).toEqual([
      { state: "failed", runs: 1 },
      { state: "success", runs: 1000 },
    ]);
  });
});

it("reads its address, and drops what it does not understand", () => {
  expect(readCalendarSearch({ at: 2026 })).toEqual({ at: "2026" });
  expect(readCalendarSearch({ unit: "hour", at: "2026-11" })).toEqual({ unit: "hour", at: "2026-11" });
  expect(readCalendarSearch({ unit: "hour", at: "2026" })).toEqual({ unit: "hour" });
  expect(readCalendarSearch({ unit: "week", at: "2026-13" })).toEqual({});
});
