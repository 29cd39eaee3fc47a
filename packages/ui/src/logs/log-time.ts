import { formatInstant } from "../time/format.ts";

const MOST_KEPT = 500;
const kept = new Map<string, string>();

/** Of the day only the clock, to the millisecond: the day is that of the try. Many lines are of one second, which is formatted once. */
export function timeOfLine(at: number, zone: string): string {
  const second = Math.floor(at / 1000);
  const key = `${second} ${zone}`;
  let clock = kept.get(key);
  if (clock === undefined) {
    clock = formatInstant(new Date(second * 1000).toISOString(), zone).slice(11);
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(key, clock);
  }
  return `${clock}.${String(at - second * 1000).padStart(3, "0")}`;
}
