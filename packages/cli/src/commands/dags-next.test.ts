import { expect, test } from "vitest";
import { planRuns } from "./dags-next.ts";

const dag = (summary: string | null, first: string | null, extra: { timezone?: string; end_date?: string } = {}) =>
  planRuns({ timetable_summary: summary, timezone: extra.timezone ?? "UTC", next_dagrun_run_after: first, end_date: extra.end_date ?? null }, 3).map(
    (run) => run.run_after,
  );

test("cron lines go on in their zone, over the change of the clocks", () => {
  expect(dag("0 6 * * *", "2026-03-28T05:00:00Z", { timezone: "Europe/Madrid" })).toEqual([
    "2026-03-28T05:00:00Z",
    "2026-03-29T04:00:00.000Z",
    "2026-03-30T04:00:00.000Z",
  ]);
});

test("intervals go on", () => {
  expect(dag("1 day, 2:00:00", "2026-01-01T00:00:00Z")).toEqual(["2026-01-01T00:00:00Z", "2026-01-02T02:00:00.000Z", "2026-01-03T04:00:00.000Z"]);
});

test("an end date ends them; a schedule without rhythm has only the run that is planned; none is none", () => {
  expect(dag("@daily", "2026-01-01T00:00:00Z", { end_date: "2026-01-02T00:00:00Z" })).toHaveLength(2);
  expect(dag("@once", "2026-01-01T00:00:00Z")).toEqual(["2026-01-01T00:00:00Z"]);
  expect(dag("None", null)).toEqual([]);
});
