import { TradewindError } from "../errors.ts";
import { type CronLine, parseCron } from "./cron-line.ts";
import { nextWallClockTick, previousWallClockTick } from "./cron-search.ts";
import type { TimeZone } from "./time-zone.ts";

/** In one zone. */
const MAX_KEPT_SCHEDULES = 4096;

/**
 * A cron line in a time zone: the instants at which it ticks. All times are epoch milliseconds.
 *
 * The line is read on the wall clock of the zone. When it leaves out hours, "08:00" stays 08:00 through the year, and the UTC time moves with the offset.
 * When it runs every hour, a step between two ticks is taken as elapsed time, so the hour that comes twice has its ticks twice and none is lost.
 */
export class CronSchedule {
  readonly line: CronLine;
  readonly zone: TimeZone;

  constructor(line: CronLine, zone: TimeZone) {
    this.line = line;
    this.zone = zone;
  }

  /** The first tick after an instant. Always later. */
  next(atMs: number): number {
    const wallClockMs = this.zone.toWallClock(atMs);
    const tickMs = this.#require(nextWallClockTick(this.line, wallClockMs));
    return this.line.everyHour ? atMs + (tickMs - wallClockMs) : this.zone.toInstant(tickMs);
  }

  /**
   * The last tick before an instant, by the wall clock. Around a change of the clock the answer may not be earlier: a skipped or repeated time stands for
   * the later of its instants (see `TimeZone.toInstant`). Airflow has the same answers.
   */
  previous(atMs: number): number {
    const wallClockMs = this.zone.toWallClock(atMs);
    const tickMs = this.#require(previousWallClockTick(this.line, wallClockMs));
    return this.line.everyHour ? atMs - (wallClockMs - tickMs) : this.zone.toInstant(tickMs);
  }

  /** The instant itself when it is a tick, else the next one. */
  alignToNext(atMs: number): number {
    const nextMs = this.next(atMs);
    return this.previous(nextMs) === atMs ? atMs : nextMs;
  }

  /** The instant itself when it is a tick, else the one before. */
  alignToPrevious(atMs: number): number {
    const previousMs = this.previous(atMs);
    return this.next(previousMs) === atMs ? atMs : previousMs;
  }

  #require(tickMs: number | null): number {
    if (tickMs !== null) return tickMs;
    throw new TradewindError(
      "invalid_timetable",
      `Cron line "${this.line.expression}" never ticks: none of its days comes in any of its months. Correct the day of month or the month.`,
      { details: { cron: this.line.expression } },
    );
  }
}

const schedulesByZone = new WeakMap<TimeZone, Map<string, CronSchedule>>();

/** The schedule of a cron line in a zone; kept, since a scheduler asks for the same ones all the time. Throws `invalid_timetable`. */
export function getCronSchedule(cron: string, zone: TimeZone): CronSchedule {
  let schedules = schedulesByZone.get(zone);
  if (schedules === undefined || schedules.size >= MAX_KEPT_SCHEDULES) {
    schedules = new Map();
    schedulesByZone.set(zone, schedules);
  }
  let schedule = schedules.get(cron);
  if (schedule === undefined) {
    schedule = new CronSchedule(parseCron(cron), zone);
    schedules.set(cron, schedule);
  }
  return schedule;
}
