import { TradewindError } from "../errors.ts";
import type { TimetableSpec } from "../timetable-spec.ts";
import { parseCron } from "./cron-line.ts";
import { CronSchedule } from "./cron-schedule.ts";
import { getTimeZone } from "./time-zone.ts";

/** Any instant does: from each, a line that ticks at all ticks again within fifty years. */
const PROBE_AT_MS = Date.UTC(2024, 0, 1);

/**
 * Throws `invalid_timetable` when a timetable cannot work: a cron line that cannot be read or never ticks, an unknown time zone, a delta that is not
 * positive, an event that is no instant. The spec must have the right shape already.
 */
export function validateTimetable(spec: TimetableSpec): void {
  switch (spec.kind) {
    case "cron_trigger":
      if (spec.crons.length === 0) throw invalid("A cron timetable needs at least one cron line; the list is empty.", { crons: [] });
      requireNotNegative(spec.intervalMs, "interval");
      return validateCronLines(spec.crons, spec.timezone, spec.runImmediately);
    case "cron_data_interval":
      return validateCronLines([spec.cron], spec.timezone, spec.runImmediately);
    case "delta_trigger":
      requireNotNegative(spec.intervalMs, "interval");
      return requirePositive(spec.everyMs);
    case "delta_data_interval":
      return requirePositive(spec.everyMs);
    case "events":
      return validateEvents(spec.events);
    default:
      return;
  }
}

function validateCronLines(crons: string[], timezone: string, runImmediately: boolean | number | null): void {
  const zone = getTimeZone(timezone);
  for (const cron of crons) new CronSchedule(parseCron(cron), zone).next(PROBE_AT_MS);
  if (typeof runImmediately === "number") requireNotNegative(runImmediately, "runImmediately");
}

function requirePositive(everyMs: number): void {
  if (Number.isFinite(everyMs) && everyMs > 0) return;
  throw invalid(`The time between two runs must be more than 0 milliseconds; found ${everyMs}.`, { everyMs });
}

function requireNotNegative(ms: number, name: string): void {
  if (Number.isFinite(ms) && ms >= 0) return;
  throw invalid(`A timetable's ${name} must be 0 milliseconds or more; found ${ms}.`, { [name]: ms });
}

function validateEvents(events: string[]): void {
  let previousMs = -Infinity;
  for (const [index, event] of events.entries()) {
    const atMs = Date.parse(event);
    if (Number.isNaN(atMs)) throw invalid(`Event ${index + 1} of the timetable is not an ISO 8601 instant: "${event}".`, { index, event });
    if (atMs < previousMs) throw invalid(`The events of a timetable must be sorted; "${event}" comes after a later one.`, { index, event });
    previousMs = atMs;
  }
}

function invalid(message: string, details: Record<string, unknown>): TradewindError {
  return new TradewindError("invalid_timetable", message, { details });
}
