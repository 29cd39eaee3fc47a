/**
 * Timetables that fire at a tick: cron_trigger and delta_trigger. The run stands for its tick; its data interval is [tick - intervalMs, tick].
 */
import { type CronSchedule, getCronSchedule } from "./cron-schedule.ts";
import type { TimetableSpec } from "../timetable-spec.ts";
import type { TimeZoneSource } from "./time-zone.ts";
import { isAfterEnd, type NextRun, type Restriction, runForInterval } from "./intervals.ts";

type CronTrigger = Extract<TimetableSpec, { kind: "cron_trigger" }>;
type DeltaTrigger = Extract<TimetableSpec, { kind: "delta_trigger" }>;

/** A tick this recent still runs when no start date is set, however short the time between two ticks is. */
const RECENT_TICK_MS = 5 * 60_000;

/** What a schedule of ticks must answer; instants in epoch milliseconds. */
interface Ticks {
  next(atMs: number): number;
  alignToNext(atMs: number): number;
  alignToPrevious(atMs: number): number;
  /** Where to begin when there is neither a run nor a start date. */
  firstTick(nowMs: number): number;
}

export function nextCronTriggerRun(spec: CronTrigger, restriction: Restriction, zones: TimeZoneSource): NextRun | null {
  const zone = zones(spec.timezone);
  const runs = spec.crons
    .map((cron) => nextTriggerRun(cronTicks(getCronSchedule(cron, zone), spec), spec.intervalMs, restriction))
    .filter((run): run is NextRun => run !== null);
  const rank = (run: NextRun) => (restriction.catchup ? run.logicalDate.getTime() : rankWithoutCatchup(run, restriction.nowMs));
  // One instant, one run: several lines that tick at the same time give the same candidate.
  return runs.length === 0 ? null : runs.reduce((best, run) => (rank(run) < rank(best) ? run : best));
}

export function nextDeltaTriggerRun(spec: DeltaTrigger, restriction: Restriction): NextRun | null {
  // Deltas lie on no grid: any instant is a tick.
  const same = (atMs: number) => atMs;
  const ticks: Ticks = { next: (atMs) => atMs + spec.everyMs, alignToNext: same, alignToPrevious: same, firstTick: same };
  return nextTriggerRun(ticks, spec.intervalMs, restriction);
}

/** Among lines: as many missed ticks as possible are passed over (the newest one not after now), and when none is due, the earliest to come. */
function rankWithoutCatchup(run: NextRun, nowMs: number): number {
  const atMs = run.logicalDate.getTime();
  return atMs <= nowMs ? -atMs : atMs;
}

function nextTriggerRun(ticks: Ticks, intervalMs: number, restriction: Restriction): NextRun | null {
  const tickMs = restriction.catchup ? tickWithCatchup(ticks, restriction) : tickWithoutCatchup(ticks, restriction);
  return isAfterEnd(tickMs, restriction) ? null : runForInterval(tickMs - intervalMs, tickMs);
}

function tickWithCatchup(ticks: Ticks, { last, startMs, nowMs }: Restriction): number {
  if (last !== null) return ticks.next(last.endMs);
  return startMs === null ? ticks.firstTick(nowMs) : ticks.alignToNext(startMs);
}

/** The latest of: the last tick up to now, the tick after the last run, the first tick from the start date on. */
function tickWithoutCatchup(ticks: Ticks, { last, startMs, nowMs }: Restriction): number {
  let tickMs = ticks.alignToPrevious(nowMs);
  if (last !== null) tickMs = Math.max(tickMs, ticks.next(last.endMs));
  else if (startMs === null) tickMs = Math.max(tickMs, ticks.firstTick(nowMs));
  return startMs === null ? tickMs : Math.max(tickMs, ticks.alignToNext(startMs));
}

function cronTicks(schedule: CronSchedule, spec: CronTrigger): Ticks {
  return {
    next: (atMs) => schedule.next(atMs),
    alignToNext: (atMs) => schedule.alignToNext(atMs),
    alignToPrevious: (atMs) => schedule.alignToPrevious(atMs),
    firstTick: (nowMs) => firstCronTick(schedule.alignToPrevious(nowMs), schedule.alignToNext(nowMs), nowMs, spec.runImmediately),
  };
}

/**
 * `runImmediately`: true takes the tick just past; a number only when it is not longer ago than that; false and null only when it is not longer ago than a
 * tenth of the gap between the ticks, or five minutes.
 */
function firstCronTick(pastMs: number, comingMs: number, nowMs: number, runImmediately: boolean | number | null): number {
  if (runImmediately === true) return pastMs;
  const recentMs = typeof runImmediately === "number" ? runImmediately : Math.max((comingMs - pastMs) / 10, RECENT_TICK_MS);
  return nowMs - pastMs <= recentMs ? pastMs : comingMs;
}
