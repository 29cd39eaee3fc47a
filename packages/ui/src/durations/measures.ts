import type { Measure } from "./durations-search.ts";

interface Times {
  run_after: string;
  data_interval_end: string | null;
  start_date: string | null;
  end_date: string | null;
}

/** A measure of a run in milliseconds, of one that runs until now; null: it has not begun. */
export function measureOf(
  { run_after: runAfter, data_interval_end: intervalEnd, start_date: start, end_date: end }: Times,
  measure: Measure,
  now: number,
): number | null {
  if (start === null) return null;
  const [startMs, endMs] = [Date.parse(start), end === null ? now : Date.parse(end)];
  const sinceMs = { took: startMs, landing: Date.parse(intervalEnd ?? runAfter), waited: Date.parse(runAfter) }[measure];
  return Math.max(0, (measure === "waited" ? startMs : endMs) - sinceMs);
}

export const MEASURE_NAMES: Readonly<Record<Measure, string>> = { took: "Duration", landing: "Landing time", waited: "Waiting" };

export const MEASURE_TELLS: Readonly<Record<Measure, string>> = {
  took: "from the start of a run to its end",
  landing: "from the end of a run's data interval, or when it was to run, to its end",
  waited: "from when a run was to run to its start",
};
