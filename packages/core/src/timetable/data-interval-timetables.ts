/**
 * Timetables whose runs stand for a period: cron_data_interval and delta_data_interval. The run for [a, b) is created at b; one period follows the other.
 */
import { type CronSchedule, getCronSchedule } from "./cron-schedule.ts";
import type { TimetableSpec } from "../timetable-spec.ts";
import type { TimeZoneSource } from "./time-zone.ts";
import { isAfterEnd, type NextRun, type Restriction, runForInterval } from "./intervals.ts";

type CronDataInterval = Extract<TimetableSpec, { kind: "cron_data_interval" }>;
type DeltaDataInterval = Extract<TimetableSpec, { kind: "delta_data_interval" }>;

export function nextCronDataIntervalRun(spec: CronDataInterval, restriction: Restriction, zones: TimeZoneSource): NextRun | null {
  const schedule = getCronSchedule(spec.cron, zones(spec.timezone));
  // After a change of the schedule the end of the last period need not lie on the new grid.
  const lastEndMs = restriction.last === null ? null : schedule.alignToPrevious(restriction.last.endMs);
  const startMs = laterOf(lastEndMs, earliestCronStart(schedule, spec, restriction));
  if (startMs === null || isAfterEnd(startMs, restriction)) return null;
  return runForInterval(startMs, schedule.next(startMs));
}

export function nextDeltaDataIntervalRun(spec: DeltaDataInterval, restriction: Restriction): NextRun | null {
  const startMs = laterOf(restriction.last?.endMs ?? null, earliestDeltaStart(spec.everyMs, restriction));
  if (startMs === null || isAfterEnd(startMs, restriction)) return null;
  return runForInterval(startMs, startMs + spec.everyMs);
}

/** The last complete period before an instant. */
export function lastCompleteCronInterval(spec: CronDataInterval, atMs: number, zones: TimeZoneSource): { startMs: number; endMs: number } {
  const schedule = getCronSchedule(spec.cron, zones(spec.timezone));
  const endMs = schedule.alignToPrevious(atMs);
  return { startMs: schedule.previous(endMs), endMs };
}

function earliestCronStart(schedule: CronSchedule, spec: CronDataInterval, restriction: Restriction): number | null {
  const { startMs, nowMs } = restriction;
  const firstTickMs = startMs === null ? null : schedule.alignToNext(startMs);
  const decidedByOption = startMs === null && restriction.last === null && spec.runImmediately !== null;
  if (decidedByOption) return firstStartWithoutStartDate(schedule, nowMs, spec.runImmediately!);
  return restriction.catchup ? firstTickMs : laterOf(newestCompleteStart(schedule, nowMs), firstTickMs);
}

/** Start of the newest period that is over. One that ends exactly now is over. */
function newestCompleteStart(schedule: CronSchedule, nowMs: number): number {
  const lastTickMs = schedule.previous(nowMs);
  return schedule.next(lastTickMs) === nowMs ? lastTickMs : schedule.previous(lastTickMs);
}

/**
 * `runImmediately`, which counts for the first run of a DAG without a start date: true begins with the newest complete period, false with the one that is
 * still going on, a number with the newest complete one when it ended no longer ago than that. Unset is as true without catchup, and never with it.
 */
function firstStartWithoutStartDate(schedule: CronSchedule, nowMs: number, runImmediately: boolean | number): number {
  const completeStartMs = newestCompleteStart(schedule, nowMs);
  if (runImmediately === true) return completeStartMs;
  const endMs = schedule.next(completeStartMs);
  return typeof runImmediately === "number" && nowMs - endMs <= runImmediately ? completeStartMs : endMs;
}

/** Without catchup: one delta before now rounded down to a whole number of deltas since the epoch. */
function earliestDeltaStart(everyMs: number, { startMs, nowMs, catchup }: Restriction): number | null {
  if (catchup) return startMs;
  return laterOf(Math.floor(nowMs / everyMs) * everyMs - everyMs, startMs);
}

function laterOf(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
