import type { CalendarCell } from "../api/dag-times.ts";
import { fromWallClock } from "../time/wall-clock.ts";

/** A month as weeks from Monday; null: a day of the month before or after. Days are `2026-11-21`. */
export interface Month {
  /** `2026-11` */
  id: string;
  title: string;
  weeks: (string | null)[][];
}

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
export const WEEKDAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"] as const;

export function monthOf(id: string): Month {
  const [year, month] = id.split("-").map(Number) as [number, number];
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  // Monday is 0.
  const firstWeekday = (new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 6) % 7;
  const places: (string | null)[] = Array.from({ length: firstWeekday }, () => null);
  for (let day = 1; day <= days; day += 1) places.push(`${id}-${two(day)}`);
  while (places.length % 7 !== 0) places.push(null);
  const weeks = Array.from({ length: places.length / 7 }, (_, week) => places.slice(week * 7, week * 7 + 7));
  return { id, title: `${MONTHS[month - 1]} ${year}`, weeks };
}

export function monthsOf(year: string): Month[] {
  return MONTHS.map((_, index) => monthOf(`${year}-${two(index + 1)}`));
}

export function daysOf(month: Month): string[] {
  return month.weeks.flat().filter((day) => day !== null);
}

/** `2026` → `2027`, `2026-12` → `2027-01`. */
export function stepPeriod(period: string, by: number): string {
  const [year, month] = period.split("-").map(Number) as [number, number | undefined];
  if (month === undefined) return String(year + by).padStart(4, "0");
  const at = new Date(Date.UTC(year, month - 1 + by, 1));
  return at.toISOString().slice(0, 7);
}

/** From its first instant to that of the next one, in a zone. */
export function boundsOf(period: string, zone: string): { from: string; to: string } {
  const startOf = (name: string): string => fromWallClock(`${name.length === 4 ? `${name}-01` : name}-01T00:00`, zone)!;
  return { from: startOf(period), to: startOf(stepPeriod(period, 1)) };
}

/** The instants from which and until which a cell of the calendar goes; `2026-11-21T00:00` or with an hour. */
export function cellBounds(startsAt: string, unit: "day" | "hour", zone: string): { from: string; to: string } {
  const wall = new Date(`${startsAt}Z`);
  const next = new Date(wall.getTime() + (unit === "day" ? 86_400_000 : 3_600_000)).toISOString().slice(0, 16);
  const last = Date.parse(fromWallClock(next, zone)!) - 1;
  return { from: fromWallClock(startsAt, zone)!, to: new Date(last).toISOString() };
}

const ORDER = ["failed", "running", "queued", "success"] as const;
/** Least share of a cell that a state gets: one failure among a thousand runs is seen. */
const LEAST = 0.18;

/** The states of a cell with their share of its width, what asks most for attention first. */
export function sharesOf(cell: CalendarCell): { state: string; share: number }[] {
  const present = ORDER.filter((state) => (cell.runs[state] ?? 0) > 0);
  const total = present.reduce((sum, state) => sum + cell.runs[state]!, 0);
  const raised = present.map((state) => Math.max(LEAST, cell.runs[state]! / total));
  const sum = raised.reduce((all, one) => all + one, 0);
  return present.map((state, index) => ({ state, share: raised[index]! / sum }));
}

export function totalsOf(cells: readonly CalendarCell[]): { state: string; runs: number }[] {
  const totals = new Map<string, number>();
  for (const { runs } of cells) for (const [state, count] of Object.entries(runs)) totals.set(state, (totals.get(state) ?? 0) + count);
  return ORDER.filter((state) => totals.has(state)).map((state) => ({ state, runs: totals.get(state)! }));
}

/** `2 failed, 22 success, 3 planned` */
export function toldOf(cell: CalendarCell | undefined): string {
  if (cell === undefined) return "no runs";
  const parts = ORDER.filter((state) => (cell.runs[state] ?? 0) > 0).map((state) => `${cell.runs[state]!.toLocaleString("en")} ${state}`);
  if (cell.planned > 0) parts.push(`${cell.planned.toLocaleString("en")} planned`);
  return parts.length === 0 ? "no runs" : parts.join(", ");
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
