import { TradewindError } from "@tradewind/core";

/**
 * A point in time in a DAG file: a `Date`, or an ISO 8601 string. A string with an offset (`"2026-01-01T06:00:00+02:00"`, `"…Z"`) is that instant; one
 * without (`"2026-01-01"`, `"2026-01-01T06:00"`) is local time in the DAG's `timezone`, which is the installation's (UTC, where that says nothing) unless the DAG says otherwise.
 */
export type Instant = string | Date;

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * ISO 8601 in UTC with milliseconds.
 * @param name What the instant is for, to be named in the error.
 * @throws TradewindError `invalid_date`
 */
export function readInstant(value: Instant, timezone: string, name: string): string {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw invalid(name, "an invalid Date");
    return value.toISOString();
  }
  const match = typeof value === "string" ? ISO.exec(value.trim()) : null;
  if (!match) throw invalid(name, typeof value === "string" ? `"${value}"` : String(value));
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", offset] = match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, "0").slice(0, 3)}Z`;
  const epochMs = Date.parse(local);
  if (Number.isNaN(epochMs) || new Date(epochMs).toISOString() !== local) throw invalid(name, `"${value}", which is no date of the calendar`);
  return new Date(epochMs - (offset === undefined ? zoneOffsetMs(epochMs, timezone) : fixedOffsetMs(offset))).toISOString();
}

function fixedOffsetMs(offset: string): number {
  if (/^z$/i.test(offset)) return 0;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(offset)!;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** How far the zone's clocks are ahead of UTC when they show this local time. A local time that is shown twice is the first, one that is skipped is read with the offset from before. */
function zoneOffsetMs(localMs: number, timezone: string): number {
  if (timezone === "UTC") return 0;
  const before = offsetAt(localMs - 86_400_000, timezone);
  const after = offsetAt(localMs + 86_400_000, timezone);
  if (before === after || offsetAt(localMs - before, timezone) === before) return before;
  return offsetAt(localMs - after, timezone) === after ? after : before;
}

function offsetAt(epochMs: number, timezone: string): number {
  const text = formatterOf(timezone).format(epochMs);
  const [, sign, hours, minutes, seconds = "0"] = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text)!;
  if (sign === undefined) return 0;
  return (sign === "-" ? -1 : 1) * ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timezone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timezone);
  if (!formatter) formatters.set(timezone, (formatter = new Intl.DateTimeFormat("en-US", { timeZone: timezone, timeZoneName: "longOffset" })));
  return formatter;
}

/** @throws TradewindError `invalid_timetable` */
export function checkTimezone(timezone: unknown, where: string): asserts timezone is string {
  try {
    if (typeof timezone !== "string") throw new RangeError("not a string");
    if (timezone !== "UTC") formatterOf(timezone);
  } catch {
    throw new TradewindError(
      "invalid_timetable",
      `The timezone ${JSON.stringify(timezone)} of ${where} is not known. Use an IANA name such as "UTC" or "Europe/Madrid".`,
      {
        details: { timezone: String(timezone) },
      },
    );
  }
}

function invalid(name: string, found: string): TradewindError {
  return new TradewindError(
    "invalid_date",
    `The ${name} is ${found}. Write an ISO 8601 date such as "2026-01-31" or "2026-01-31T06:00:00Z", or give a Date.`,
    {
      details: { name, found },
    },
  );
}
