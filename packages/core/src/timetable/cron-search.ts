import type { CronLine } from "./cron-line.ts";

const MINUTE_MS = 60_000;
/** Further than this apart no two ticks are looked for (as croniter). A fifth Monday in February may take 40 years. */
const SEARCHED_MONTHS = 50 * 12;
const ALL_DAYS = 0x7fffffff;

/**
 * The first tick later than `wallClockMs`, or null when none comes within fifty years. Knows no zones: times are wall-clock readings, written as if the
 * clock stood in UTC.
 */
export function nextWallClockTick(line: CronLine, wallClockMs: number): number | null {
  const from = new Date((Math.floor(wallClockMs / MINUTE_MS) + 1) * MINUTE_MS);
  const firstMonth = from.getUTCFullYear() * 12 + from.getUTCMonth();
  const time = nextTimeOfDay(line, from.getUTCHours(), from.getUTCMinutes());
  // With no time left on the first day, the search starts on the day after; 31 shifts by more than a month has days are harmless.
  const firstDay = from.getUTCDate() + (time === null ? 1 : 0);
  for (let month = firstMonth; month <= firstMonth + SEARCHED_MONTHS; month++) {
    let days = daysOf(line, month);
    if (month === firstMonth) days &= firstDay > 31 ? 0 : -1 << (firstDay - 1);
    if (days === 0) continue;
    const day = 32 - Math.clz32(days & -days);
    const sameDay = month === firstMonth && day === from.getUTCDate();
    return toMs(month, day, sameDay && time !== null ? time : line.hours[0]! * 60 + line.minutes[0]!);
  }
  return null;
}

/** The last tick earlier than `wallClockMs`; otherwise as `nextWallClockTick`. */
export function previousWallClockTick(line: CronLine, wallClockMs: number): number | null {
  const from = new Date((Math.ceil(wallClockMs / MINUTE_MS) - 1) * MINUTE_MS);
  const firstMonth = from.getUTCFullYear() * 12 + from.getUTCMonth();
  const time = previousTimeOfDay(line, from.getUTCHours(), from.getUTCMinutes());
  const lastDay = from.getUTCDate() - (time === null ? 1 : 0);
  for (let month = firstMonth; month >= firstMonth - SEARCHED_MONTHS; month--) {
    let days = daysOf(line, month);
    if (month === firstMonth) days &= ALL_DAYS >>> (31 - lastDay);
    if (days === 0) continue;
    const day = 32 - Math.clz32(days);
    const sameDay = month === firstMonth && day === from.getUTCDate();
    return toMs(month, day, sameDay && time !== null ? time : line.hours.at(-1)! * 60 + line.minutes.at(-1)!);
  }
  return null;
}

/** The days of a month (counted from year 0) on which the line ticks: bit n - 1 stands for day n. */
function daysOf(line: CronLine, month: number): number {
  if ((line.months & (1 << (((month % 12) + 12) % 12))) === 0) return 0;
  const length = new Date(monthStart(month + 1) - 1).getUTCDate();
  const inMonth = ALL_DAYS >>> (31 - length);
  if (!line.restrictsDayOfMonth && !line.restrictsDayOfWeek) return inMonth;
  let days = 0;
  if (line.restrictsDayOfMonth) days |= line.daysOfMonth | (line.lastDayOfMonth ? 1 << (length - 1) : 0);
  if (line.restrictsDayOfWeek) days |= weekdaysOf(line, new Date(monthStart(month)).getUTCDay(), length);
  return days & inMonth;
}

function weekdaysOf(line: CronLine, weekdayOfFirst: number, length: number): number {
  let days = 0;
  for (let day = 1; day <= length; day++) {
    const weekday = (weekdayOfFirst + day - 1) % 7;
    if ((line.weekdays & (1 << weekday)) !== 0) days |= 1 << (day - 1);
  }
  for (const { weekday, nth } of line.nthWeekdays) {
    const first = 1 + ((weekday - weekdayOfFirst + 7) % 7);
    const day = nth === "last" ? first + 7 * Math.floor((length - first) / 7) : first + 7 * (nth - 1);
    if (day <= length) days |= 1 << (day - 1);
  }
  return days;
}

/** Minutes since midnight of the first time of day that is not before the one given. */
function nextTimeOfDay(line: CronLine, hour: number, minute: number): number | null {
  for (const candidate of line.hours) {
    if (candidate < hour) continue;
    if (candidate > hour) return candidate * 60 + line.minutes[0]!;
    const found = line.minutes.find((m) => m >= minute);
    if (found !== undefined) return candidate * 60 + found;
  }
  return null;
}

function previousTimeOfDay(line: CronLine, hour: number, minute: number): number | null {
  for (let i = line.hours.length - 1; i >= 0; i--) {
    const candidate = line.hours[i]!;
    if (candidate > hour) continue;
    if (candidate < hour) return candidate * 60 + line.minutes.at(-1)!;
    const found = line.minutes.findLast((m) => m <= minute);
    if (found !== undefined) return candidate * 60 + found;
  }
  return null;
}

function monthStart(month: number): number {
  return Date.UTC(Math.floor(month / 12), ((month % 12) + 12) % 12, 1);
}

function toMs(month: number, day: number, minuteOfDay: number): number {
  return monthStart(month) + ((day - 1) * 1440 + minuteOfDay) * MINUTE_MS;
}
