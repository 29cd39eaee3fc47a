import { expect, it } from "vitest";
import { readDurationsSearch } from "./durations-search.ts";
import { measureOf } from "./measures.ts";
import { namedMarks, quantile, timeScale, trendOf } from "./scale.ts";

it("has a few round ticks up to the longest", () => {
  expect(timeScale(0)).toEqual({ topMs: 1, ticks: [0, 1] });
  expect(timeScale(43)).toEqual({ topMs: 50, ticks: [0, 10, 20, 30, 40, 50] });
  expect(timeScale(61_000)).toEqual({ topMs: 75_000, ticks: [0, 15_000, 30_000, 45_000, 60_000, 75_000] });
  expect(timeScale(3_600_000).ticks).toEqual([0, 900_000, 1_800_000, 2_700_000, 3_600_000]);
  const years = timeScale(86_400_000 * 365);
  expect([years.topMs >= 86_400_000 * 365, years.ticks.length]).toEqual([true, 6]);
});

it("knows medians", () => {
  expect([quantile([3, 1, 2], 0.5), quantile([1, 2, 3, 4], 0.5), quantile([], 0.5), quantile([5], 0.95)]).toEqual([2, 2.5, undefined, 5]);
});

it("names as many marks as fit", () => {
  expect(namedMarks(10, 20)).toHaveLength(10);
  expect(namedMarks(100, 5)).toEqual([0, 20, 40, 60, 80]);
  expect(namedMarks(0, 5)).toEqual([]);
});

it("tells a trend when there is one", () => {
  expect(trendOf([10, 10, 10, 10, 15, 15, 15, 15])).toBeCloseTo(0.5);
  expect(trendOf([10, 10, 10, 10, 10, 10, 10, 10.5])).toBeUndefined();
  expect(trendOf([1, 9])).toBeUndefined();
});

it("measures a run from where it matters", () => {
  const run = {
    run_after: "2026-01-01T06:00:00Z",
    data_interval_end: "2026-01-01T00:00:00Z",
    start_date: "2026-01-01T06:00:10Z",
    end_date: "2026-01-01T06:01:00Z",
  };
  expect([measureOf(run, "took", 0), measureOf(run, "waited", 0), measureOf(run, "landing", 0)]).toEqual([50_000, 10_000, 21_660_000]);
  const running = { ...run, end_date: null };
  expect(measureOf(running, "took", Date.parse("2026-01-01T06:00:40Z"))).toBe(30_000);
  expect(measureOf({ ...run, start_date: null, end_date: null }, "took", 0)).toBeNull();
  expect(measureOf({ ...run, data_interval_end: null }, "landing", 0)).toBe(60_000);
});

it("reads its address", () => {
  expect(readDurationsSearch({ runs: 100, by: "took", task: "" })).toEqual({});
  expect(readDurationsSearch({ runs: 50, by: "landing", task: "load" })).toEqual({ runs: 50, by: "landing", task: "load" });
  expect(readDurationsSearch({ runs: 7, by: "luck" })).toEqual({});
});
