import { assertNever } from "../errors.ts";
import type { TimetableSpec } from "../timetable-spec.ts";
import { lastCompleteCronInterval, nextCronDataIntervalRun, nextDeltaDataIntervalRun } from "./data-interval-timetables.ts";
import { manualEventInstant, nextEventRun } from "./events-timetable.ts";
import { type DataInterval, isAfterEnd, type NextRun, type NextRunRequest, type Restriction, runForInterval, toRestriction } from "./intervals.ts";
import { getTimeZone, type TimeZoneSource } from "./time-zone.ts";
import { nextCronTriggerRun, nextDeltaTriggerRun } from "./trigger-timetables.ts";

/**
 * The run that a timetable asks for after `lastRun`, or null when it asks for none: never, or not before something changes. Ask again after each run it
 * asked for, and after a change of the schedule or its dates. `runAfter` may lie in the future; create the run then.
 *
 * Without catchup the answer depends on `now`, so ask (again) when the run is about to be created.
 *
 * `zones` gives the rules of time zones, by default the engine's. Throws `invalid_timetable` for a spec that `validateTimetable` refuses.
 */
export function nextRun(spec: TimetableSpec, request: NextRunRequest, zones: TimeZoneSource = getTimeZone): NextRun | null {
  const restriction = toRestriction(request);
  switch (spec.kind) {
    case "none":
      return null;
    case "once":
      return nextOnceRun(restriction);
    case "continuous":
      return nextContinuousRun(restriction);
    case "cron_trigger":
      return nextCronTriggerRun(spec, restriction, zones);
    case "cron_data_interval":
      return nextCronDataIntervalRun(spec, restriction, zones);
    case "delta_trigger":
      return nextDeltaTriggerRun(spec, restriction);
    case "delta_data_interval":
      return nextDeltaDataIntervalRun(spec, restriction);
    case "events":
      return nextEventRun(spec, restriction);
    default:
      return assertNever(spec, "timetable");
  }
}

/**
 * The data interval of a manual run at `at`: its logical date, or the time after which it may run. (A manual run whose logical date is null has no
 * interval; do not ask.)
 */
export function manualInterval(spec: TimetableSpec, at: Date, zones: TimeZoneSource = getTimeZone): DataInterval {
  const atMs = at.getTime();
  switch (spec.kind) {
    case "none":
    case "once":
    case "continuous":
      return toInterval(atMs, atMs);
    case "cron_trigger":
    case "delta_trigger":
      return toInterval(atMs - spec.intervalMs, atMs);
    case "cron_data_interval": {
      const { startMs, endMs } = lastCompleteCronInterval(spec, atMs, zones);
      return toInterval(startMs, endMs);
    }
    case "delta_data_interval":
      return toInterval(atMs - spec.everyMs, atMs);
    case "events": {
      const eventMs = manualEventInstant(spec, atMs);
      return toInterval(eventMs, eventMs);
    }
    default:
      return assertNever(spec, "timetable");
  }
}

/** At the start date, else at once; whatever catchup says. */
function nextOnceRun(restriction: Restriction): NextRun | null {
  if (restriction.last !== null) return null;
  const atMs = restriction.startMs ?? restriction.nowMs;
  return isAfterEnd(atMs, restriction) ? null : runForInterval(atMs, atMs);
}

/**
 * From the end of the last run's interval to now; the first run from the start date. It may be created at once: that the run before has ended is seen to by
 * `activeRunsLimit`.
 */
function nextContinuousRun(restriction: Restriction): NextRun | null {
  const { startMs, endMs } = continuousInterval(restriction);
  return isAfterEnd(endMs, restriction) ? null : runForInterval(startMs, endMs);
}

function continuousInterval({ last, startMs, nowMs }: Restriction): { startMs: number; endMs: number } {
  const fromMs = startMs ?? nowMs;
  if (last === null) return { startMs: fromMs, endMs: Math.max(fromMs, nowMs) };
  if (last.endMs <= nowMs) return { startMs: last.endMs, endMs: nowMs };
  // The start date was moved into the future after the last run: keep the length of the interval.
  return { startMs: fromMs, endMs: fromMs + (last.endMs - last.startMs) };
}

function toInterval(startMs: number, endMs: number): DataInterval {
  return { start: new Date(startMs), end: new Date(endMs) };
}
