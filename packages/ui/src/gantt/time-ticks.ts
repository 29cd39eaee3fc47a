const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
];

export interface TimeTicks {
  stepMs: number;
  /** Instants of lines, in order, in epoch milliseconds. */
  at: number[];
}

/** Round instants between two, no more than fit. */
export function timeTicks(startMs: number, endMs: number, most: number): TimeTicks {
  const length = endMs - startMs;
  const stepMs = STEPS.find((step) => length / step <= most) ?? STEPS.at(-1)!;
  const at: number[] = [];
  for (let tick = Math.ceil(startMs / stepMs) * stepMs; tick <= endMs; tick += stepMs) at.push(tick);
  return { stepMs, at };
}

/** What stands at a line: days where lines are days apart, else the time of day, as exact as the lines are. `shown` is `2026-11-21 06:30:05`. */
export function tickLabel(shown: string, atMs: number, stepMs: number): string {
  if (stepMs >= DAY) return shown.slice(5, 10);
  if (stepMs >= MINUTE) return shown.slice(11, 16);
  if (stepMs >= SECOND) return shown.slice(11, 19);
  return `${shown.slice(17, 19)}.${String(atMs % SECOND).padStart(3, "0")}`;
}
