const UNITS: readonly (readonly [limitSeconds: number, unitSeconds: number, name: string])[] = [
  [90, 1, "s"],
  [90 * 60, 60, "min"],
  [36 * 3600, 3600, "h"],
  [Number.POSITIVE_INFINITY, 86_400, "d"],
];

/** "3 min ago", "in 2 h"; null stays null. Beyond a month the date itself says more. */
export function relativeTime(instant: string | null | undefined, now: Date): string | null {
  if (instant === null || instant === undefined) return null;
  const seconds = (Date.parse(instant) - now.getTime()) / 1000;
  const distance = Math.abs(seconds);
  if (distance > 30 * 86_400) return shortInstant(instant);
  if (distance < 1) return "now";
  const [, unit, name] = UNITS.find(([limit]) => distance < limit)!;
  const text = `${Math.round(distance / unit)} ${name}`;
  return seconds < 0 ? `${text} ago` : `in ${text}`;
}

/** "2026-01-01 06:00:00Z": what people compare, without milliseconds that are zero. */
export function shortInstant(instant: string | null | undefined): string | null {
  if (instant === null || instant === undefined) return null;
  return new Date(instant)
    .toISOString()
    .replace("T", " ")
    .replace(/\.000Z$/, "Z");
}

/** A duration in seconds for people: "420 ms", "1.3 s", "2 min 5 s", "3 h 20 min". */
export function showDuration(seconds: number | null | undefined): string | null {
  if (seconds === null || seconds === undefined) return null;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
