import { TradewindError } from "./errors.ts";
import { showValue } from "./show-value.ts";

/** A duration in parts; they add up. Fractions are allowed, negative parts are not. */
export interface DurationParts {
  days?: number;
  hours?: number;
  minutes?: number;
  seconds?: number;
  milliseconds?: number;
}

/**
 * A duration as people write it: `"30s"`, `"5m"`, `"1h30m"`, `"2d"`, `"1.5s"`, `"250ms"`, a number of milliseconds, or an object of parts. Days are 24
 * hours of elapsed time, whatever the clocks do.
 */
export type Duration = string | number | DurationParts;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const MS_PER_UNIT: Record<string, number> = { d: DAY, h: HOUR, m: MINUTE, s: SECOND, ms: 1 };
const MS_PER_PART: Record<keyof DurationParts, number> = { days: DAY, hours: HOUR, minutes: MINUTE, seconds: SECOND, milliseconds: 1 };

const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|d|h|m|s)\s*)+$/;
const PIECE = /(\d+(?:\.\d+)?)(ms|d|h|m|s)/g;
const EXPECTED = 'Write it as "30s", "5m", "1h30m", "2d", as a number of milliseconds, or as { hours: 1, minutes: 30 }.';

/**
 * A duration in whole milliseconds (rounded), never negative.
 * @param name What the duration is for, to be named in the error.
 * @throws TradewindError `invalid_duration`
 */
export function parseDuration(duration: Duration, name = "duration"): number {
  const ms = readDuration(duration, name);
  if (!Number.isFinite(ms) || ms < 0 || ms > Number.MAX_SAFE_INTEGER) throw invalid(name, duration, "it must be zero or more, and finite");
  return Math.round(ms);
}

function readDuration(duration: Duration, name: string): number {
  if (typeof duration === "number") return duration;
  if (typeof duration === "string") return readText(duration, name);
  if (typeof duration === "object" && duration !== null && !Array.isArray(duration)) return readParts(duration, name);
  throw invalid(name, duration, "it is neither a string, a number nor an object");
}

function readText(text: string, name: string): number {
  const trimmed = text.trim();
  if (!WHOLE.test(trimmed))
    throw invalid(name, text, /^\d+$/.test(trimmed) ? "the unit is missing" : "it is not a number and a unit (d, h, m, s, ms)");
  const seen = new Set<string>();
  let ms = 0;
  for (const [, amount, unit] of trimmed.matchAll(PIECE)) {
    if (seen.has(unit!)) throw invalid(name, text, `the unit "${unit}" comes twice`);
    seen.add(unit!);
    ms += Number(amount) * MS_PER_UNIT[unit!]!;
  }
  return ms;
}

function readParts(parts: DurationParts, name: string): number {
  let ms = 0;
  let found = false;
  for (const [part, amount] of Object.entries(parts)) {
    if (!Object.hasOwn(MS_PER_PART, part))
      throw invalid(name, parts, `it has the unknown part "${part}" (known: ${Object.keys(MS_PER_PART).join(", ")})`);
    if (amount === undefined) continue;
    if (typeof amount !== "number" || !(amount >= 0)) throw invalid(name, parts, `its part "${part}" is not a number of zero or more`);
    found = true;
    ms += amount * MS_PER_PART[part as keyof DurationParts];
  }
  if (!found) throw invalid(name, parts, "it has no parts");
  return ms;
}

function invalid(name: string, found: unknown, why: string): TradewindError {
  const shown = showValue(found);
  return new TradewindError("invalid_duration", `The ${name} ${shown} is not a duration: ${why}. ${EXPECTED}`, { details: { name, found: shown } });
}

/** A duration for people, in its two largest units: "450ms", "12.3s", "5m", "1h 30m", "2d 3h". */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (Math.round(ms) < SECOND) return `${Math.round(ms)}ms`;
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${tenths / 10}s`;
  // Rounding comes before the choice of units, so that 59m 59.9s reads "1h" and not "60m".
  const seconds = Math.round(ms / SECOND);
  if (seconds < 3600) return pair(seconds, 60, "m", "s");
  const minutes = Math.round(ms / MINUTE);
  if (minutes < 24 * 60) return pair(minutes, 60, "h", "m");
  return pair(Math.round(ms / HOUR), 24, "d", "h");
}

function pair(amount: number, perBig: number, big: string, small: string): string {
  const rest = amount % perBig;
  return `${Math.floor(amount / perBig)}${big}${rest === 0 ? "" : ` ${rest}${small}`}`;
}
