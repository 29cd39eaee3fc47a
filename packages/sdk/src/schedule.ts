import { type Duration, parseDuration, type TimetableSpec, TradewindError } from "@tradewind/core";
import { show } from "./definition-error.ts";
import { checkTimezone, type Instant, readInstant } from "./instant.ts";

const TIMETABLE: unique symbol = Symbol.for("tradewind.timetable");

/** When a DAG runs; made by `cron`, `every`, `once`, `continuous` and `events`. */
export interface Timetable {
  /** Given the DAG's time zone, because a timetable without a zone of its own takes the DAG's. */
  readonly [TIMETABLE]: (timezone: string) => TimetableSpec;
}

/**
 * What `schedule` of a DAG accepts: a timetable; a cron line or a preset (`"0 6 * * *"`, `"@daily"`, `"@once"`, `"@continuous"`), or a list of cron lines,
 * in the DAG's time zone; a duration (`"30m"`, `{ hours: 6 }`); or null: runs are only started by hand or by the API.
 */
export type Schedule = Timetable | string | readonly string[] | Exclude<Duration, string> | null;

export interface CronOptions {
  /** IANA name of the zone whose clocks the line is read by. Default: the DAG's `timezone`. */
  timezone?: string;
  /** Length of the data interval that ends at the tick. Default 0: the interval is empty, and the logical date is the tick. Airflow's CronTriggerTimetable. */
  interval?: Duration;
  /** True: the run for the time between two ticks is made at the second one, and its logical date is the first. Airflow's CronDataIntervalTimetable. Default false. */
  dataInterval?: boolean;
  /**
   * For a DAG without `startDate`: whether the first run is the tick before now. True: yes; false: only a recent one (10 % of the gap, or 5 minutes); a
   * duration: only one not older than this.
   */
  runImmediately?: boolean | Duration;
}

/**
 * By the clock. Five fields (minute, hour, day of month, month, day of week) with names, `L` and `#`, or a preset. Several lines make one run at each
 * instant that any of them names. An hour that is written keeps its wall-clock time when clocks change; with `*` for the hour, elapsed time counts.
 *
 * @example
 * new Dag("daily_sales", { schedule: cron("0 6 * * *", { timezone: "Europe/Madrid" }) });
 * new Dag("office_hours", { schedule: cron(["0 9 * * 1-5", "30 17 * * 1-5"]) });
 * @throws TradewindError `invalid_timetable`
 */
export function cron(line: string | readonly string[], options: CronOptions = {}): Timetable {
  const crons = (typeof line === "string" ? [line] : [...line]).map(readCronLine);
  if (crons.length === 0) throw invalid("cron() was given an empty list. Give it at least one cron line.");
  if (options.timezone !== undefined) checkTimezone(options.timezone, `cron("${crons[0]}")`);
  const runImmediately = readRunImmediately(options.runImmediately);
  if (options.dataInterval === true) {
    if (crons.length > 1) throw invalid(`cron() with dataInterval takes one line, got ${crons.length}. Leave dataInterval out, or write one line.`);
    if (options.interval !== undefined)
      throw invalid(`cron("${crons[0]}") has both dataInterval and interval. With dataInterval the interval goes from tick to tick; leave one out.`);
    return timetable((timezone) => ({ kind: "cron_data_interval", cron: crons[0]!, timezone: options.timezone ?? timezone, runImmediately }));
  }
  const intervalMs = options.interval === undefined ? 0 : parseDuration(options.interval, "interval of cron()");
  return timetable((timezone) => ({ kind: "cron_trigger", crons, timezone: options.timezone ?? timezone, intervalMs, runImmediately }));
}

/**
 * At a steady distance in elapsed time, counted from the run before, not from a grid. With `dataInterval: true` each run covers the time since the one
 * before (Airflow's DeltaDataIntervalTimetable); otherwise it fires at its logical date (DeltaTriggerTimetable), and `interval` sets the length of the
 * data interval that ends there.
 *
 * @example
 * new Dag("poll", { schedule: every("10m"), startDate: "2026-01-01" });
 * @throws TradewindError `invalid_duration`, `invalid_timetable`
 */
export function every(duration: Duration, options: { interval?: Duration; dataInterval?: boolean } = {}): Timetable {
  const everyMs = parseDuration(duration, "duration of every()");
  if (everyMs === 0) throw invalid("every() was given a duration of zero. Give it a positive one, or use continuous() for runs without a pause.");
  if (options.dataInterval === true) {
    if (options.interval !== undefined)
      throw invalid("every() has both dataInterval and interval. With dataInterval the interval is the duration itself; leave one out.");
    return timetable(() => ({ kind: "delta_data_interval", everyMs }));
  }
  const intervalMs = options.interval === undefined ? 0 : parseDuration(options.interval, "interval of every()");
  return timetable(() => ({ kind: "delta_trigger", everyMs, intervalMs }));
}

/** One run, at the DAG's `startDate`, or at once when it has none. Also `"@once"`. */
export function once(): Timetable {
  return timetable(() => ({ kind: "once" }));
}

/** The next run starts when the last one has ended; never two at a time. Needs `maxActiveRuns: 1`, which is then the default. Also `"@continuous"`. */
export function continuous(): Timetable {
  return timetable(() => ({ kind: "continuous" }));
}

/**
 * At the given instants. Airflow's EventsTimetable.
 *
 * @param options.restrictToEvents A manual run takes the data interval of the last event before it, in place of the present moment. Default false.
 * @param options.description Shown as the schedule. Default: the number of events.
 * @example
 * new Dag("kick_offs", { schedule: events(["2026-06-11T19:00:00Z", "2026-06-12T16:00:00Z"], { description: "World Cup" }) });
 */
export function events(instants: readonly Instant[], options: { restrictToEvents?: boolean; description?: string } = {}): Timetable {
  if (instants.length === 0) throw invalid("events() was given no instants. Give it at least one, or use schedule: null.");
  return timetable((timezone) => ({
    kind: "events",
    events: [...new Set(instants.map((instant) => readInstant(instant, timezone, "instant in events()")))].sort(),
    restrictToEvents: options.restrictToEvents ?? false,
    description: options.description ?? null,
  }));
}

/** The plain form of what an author gave as `schedule`. */
export function readSchedule(schedule: Schedule | undefined, timezone: string): TimetableSpec {
  if (schedule === undefined || schedule === null) return { kind: "none" };
  if (isTimetable(schedule)) return schedule[TIMETABLE](timezone);
  if (typeof schedule === "string") return readScheduleText(schedule)[TIMETABLE](timezone);
  if (Array.isArray(schedule)) return cron(schedule as readonly string[])[TIMETABLE](timezone);
  if (typeof schedule === "number" || typeof schedule === "object") return every(schedule as Exclude<Duration, string>)[TIMETABLE](timezone);
  throw invalid(
    `${show(schedule)} is not a schedule. Use cron("0 6 * * *"), every("10m"), once(), continuous(), events([...]), a preset such as "@daily", or null.`,
  );
}

function readScheduleText(text: string): Timetable {
  const trimmed = text.trim();
  if (trimmed === "@once") return once();
  if (trimmed === "@continuous") return continuous();
  if (/^[\d.]+\s*[a-z]/i.test(trimmed) && trimmed.split(/\s+/).length < 5) return every(trimmed);
  return cron(trimmed);
}

const PRESETS = new Set(["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@quarterly", "@yearly", "@annually"]);

function readCronLine(line: unknown): string {
  const trimmed = typeof line === "string" ? line.trim().replace(/\s+/g, " ") : "";
  if (trimmed.startsWith("@") ? PRESETS.has(trimmed) : trimmed.split(" ").length === 5) return trimmed;
  throw invalid(
    `${show(line)} is not a cron line. Write five fields (minute, hour, day of month, month, day of week) such as "0 6 * * *", or one of ${[...PRESETS].join(", ")}.`,
  );
}

function readRunImmediately(value: boolean | Duration | undefined): boolean | number | null {
  if (value === undefined) return null;
  return typeof value === "boolean" ? value : parseDuration(value, "runImmediately of cron()");
}

function timetable(toSpec: (timezone: string) => TimetableSpec): Timetable {
  return { [TIMETABLE]: toSpec };
}

function isTimetable(value: unknown): value is Timetable {
  return typeof value === "object" && value !== null && TIMETABLE in value;
}

function invalid(message: string): TradewindError {
  return new TradewindError("invalid_timetable", message);
}
