/** Steps that people count time in, in milliseconds. */
const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000,
  7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000,
] as const;
const MOST_TICKS = 5;

export interface TimeScale {
  /** Where the axis ends. */
  topMs: number;
  ticks: number[];
}

/** An axis from zero that holds a duration, with a few round ticks. */
export function timeScale(longestMs: number): TimeScale {
  const longest = Math.max(1, longestMs);
  const step = STEPS_MS.find((one) => longest / one <= MOST_TICKS) ?? Math.ceil(longest / MOST_TICKS / 604_800_000) * 604_800_000;
  const count = Math.max(1, Math.ceil(longest / step));
  return { topMs: count * step, ticks: Array.from({ length: count + 1 }, (_, index) => index * step) };
}

/** The value that a share of all is at or below; undefined of nothing. */
export function quantile(values: readonly number[], share: number): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return sorted[low]! + ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!) * (at - low);
}

/** Which of so many marks are named below the axis, when that many names fit. */
export function namedMarks(count: number, fitting: number): number[] {
  if (count === 0 || fitting <= 0) return [];
  const step = Math.max(1, Math.ceil(count / fitting));
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}

/**
 * How the newer half of some values compares to the older one: 0.5 is half as long again. undefined: too few to tell, or the difference is nothing.
 * @param values oldest first
 */
export function trendOf(values: readonly number[]): number | undefined {
  if (values.length < 8) return undefined;
  const middle = Math.floor(values.length / 2);
  const [before, after] = [quantile(values.slice(0, middle), 0.5)!, quantile(values.slice(middle), 0.5)!];
  if (before === 0) return undefined;
  const change = after / before - 1;
  return Math.abs(change) < 0.1 ? undefined : change;
}
