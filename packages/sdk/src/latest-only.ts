import { nextRun, type TimetableSpec } from "@tradewind/core";
import { contextOf, taskNowMs, taskScope } from "./context.ts";

/** The operator whose tasks get the DAG's timetable as an input, resolved with the defaults of the installation. */
export const LATEST_ONLY = "latest_only";

/** The handler of `dag.latestOnly`: whether this run is the newest that is due. */
export function isLatestRun({ timetable }: { timetable: TimetableSpec }): boolean {
  const { run, log } = contextOf(taskScope("latestOnly"));
  if (run.type === "manual" || run.dataInterval === null) return true;
  const { start, end } = run.dataInterval;
  if (start.getTime() === end.getTime()) return true;
  const now = taskNowMs();
  // With catchup the timetable names the interval that follows this one, whatever the time is.
  const next = nextRun(timetable, { lastRun: { dataInterval: run.dataInterval }, now: new Date(now), startDate: null, endDate: null, catchup: true });
  const isLatest = end.getTime() <= now && (next === null || now <= next.dataIntervalEnd.getTime());
  const until = next === null ? "for ever" : `until ${next.dataIntervalEnd.toISOString()}`;
  log.info(
    `This run is the latest from ${end.toISOString()} ${until}; it is ${new Date(now).toISOString()}: ${isLatest ? "going on" : "skipping what comes next"}.`,
  );
  return isLatest;
}
