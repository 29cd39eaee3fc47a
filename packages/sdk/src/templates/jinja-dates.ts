import { TemplateProblem } from "./template-problem.ts";

const SECOND = 1000;
const DAY = 86_400 * SECOND;

/** Python's `timedelta`. */
export class JinjaDuration {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }

  static of(named: Readonly<Record<string, unknown>>, args: readonly unknown[] = []): JinjaDuration {
    const units = { days: DAY, seconds: SECOND, microseconds: 0.001, milliseconds: 1, minutes: 60 * SECOND, hours: 3600 * SECOND, weeks: 7 * DAY };
    const given = { ...Object.fromEntries(args.map((value, index) => [Object.keys(units)[index] ?? "", value])), ...named };
    let ms = 0;
    for (const [name, value] of Object.entries(given)) {
      const unit = (units as Record<string, number>)[name];
      if (unit === undefined || typeof value !== "number") throw new TemplateProblem(`timedelta() takes numbers of ${Object.keys(units).join(", ")}`);
      ms += unit * value;
    }
    return new JinjaDuration(ms);
  }

  get days(): number {
    return Math.floor(this.ms / DAY);
  }

  toString(): string {
    const rest = this.ms - this.days * DAY;
    const [hours, minutes, seconds] = [Math.floor(rest / 3_600_000), Math.floor(rest / 60_000) % 60, Math.floor(rest / SECOND) % 60];
    const day = this.days === 0 ? "" : `${this.days} day${Math.abs(this.days) === 1 ? "" : "s"}, `;
    return `${day}${hours}:${two(minutes)}:${two(seconds)}`;
  }
}

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  ms: number;
}

/** An instant as it is shown by the clocks of a zone: Airflow's dates, which are Pendulum's. */
export class JinjaDate {
  readonly epochMs: number;
  readonly zone: string;
  /** Only a day: printed without a time. */
  readonly isDay: boolean;
  #parts: Parts | undefined;

  constructor(epochMs: number, zone = "UTC", isDay = false) {
    if (!Number.isFinite(epochMs) || Math.abs(epochMs) > 8.64e15) throw new TemplateProblem("a date is outside of the calendar");
    this.epochMs = epochMs;
    this.zone = zone;
    this.isDay = isDay;
  }

  static fromParts(parts: Partial<Parts>, zone = "UTC"): JinjaDate {
    const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0 } = parts;
    const local = Date.UTC(year, month - 1, day, hour, minute, second, ms);
    return new JinjaDate(local - offsetMs(local - offsetMs(local, zone), zone), zone);
  }

  get parts(): Parts {
    if (this.#parts === undefined) {
      const local = new Date(this.epochMs + this.offsetMs);
      this.#parts = {
        year: local.getUTCFullYear(),
        month: local.getUTCMonth() + 1,
        day: local.getUTCDate(),
        hour: local.getUTCHours(),
        minute: local.getUTCMinutes(),
        second: local.getUTCSeconds(),
        ms: local.getUTCMilliseconds(),
      };
    }
    return this.#parts;
  }

  get offsetMs(): number {
    return offsetMs(this.epochMs, this.zone);
  }

  /** From 0, Monday. */
  get weekday(): number {
    return (new Date(this.epochMs + this.offsetMs).getUTCDay() + 6) % 7;
  }

  get dayOfYear(): number {
    const { year, month, day } = this.parts;
    return Math.round((Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 1)) / DAY) + 1;
  }

  plus(ms: number): JinjaDate {
    return new JinjaDate(this.epochMs + ms, this.zone, this.isDay);
  }

  /** By the calendar: a month later is the same day of the next month, or its last one; a day later shows the same clock. */
  add(named: Readonly<Record<string, unknown>>, sign: 1 | -1): JinjaDate {
    const amount = (name: string) => {
      const value = named[name] ?? 0;
      if (typeof value !== "number") throw new TemplateProblem(`"${name}" of add() or subtract() is no number`);
      return value * sign;
    };
    const unknown = Object.keys(named).find((name) => !/^(?:years|months|weeks|days|hours|minutes|seconds|microseconds)$/.test(name));
    if (unknown !== undefined) throw new TemplateProblem(`add() and subtract() know no "${unknown}"`);
    const { year, month, day, ...clock } = this.parts;
    const first = new Date(Date.UTC(year + amount("years"), month - 1 + amount("months"), 1));
    const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
    const moved = JinjaDate.fromParts(
      { year: first.getUTCFullYear(), month: first.getUTCMonth() + 1, day: Math.min(day, last) + amount("days") + 7 * amount("weeks"), ...clock },
      this.zone,
    );
    const elapsed = amount("hours") * 3_600_000 + amount("minutes") * 60_000 + amount("seconds") * SECOND + amount("microseconds") / 1000;
    return new JinjaDate(moved.epochMs + elapsed, this.zone, this.isDay);
  }

  replace(named: Readonly<Record<string, unknown>>): JinjaDate {
    const { microsecond, ...rest } = named as Partial<Parts> & { microsecond?: number };
    return JinjaDate.fromParts({ ...this.parts, ...rest, ...(microsecond === undefined ? {} : { ms: microsecond / 1000 }) }, this.zone);
  }

  startOf(unit: string): JinjaDate {
    const { year, month, day, hour, minute, second } = this.parts;
    const parts: Record<string, Partial<Parts>> = {
      year: { year },
      month: { year, month },
      week: { year, month, day: day - this.weekday },
      day: { year, month, day },
      hour: { year, month, day, hour },
      minute: { year, month, day, hour, minute },
      second: { year, month, day, hour, minute, second },
    };
    const found = parts[unit];
    if (found === undefined) throw new TemplateProblem(`start_of() knows ${Object.keys(parts).join(", ")}, and not "${unit}"`);
    return JinjaDate.fromParts(found, this.zone);
  }

  inZone(zone: string): JinjaDate {
    return new JinjaDate(this.epochMs, zone, this.isDay);
  }

  /** `2026-01-31T06:00:00+00:00`, with microseconds when there are any. */
  isoformat(separator = "T"): string {
    const { year, month, day, hour, minute, second, ms } = this.parts;
    const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
    if (this.isDay) return date;
    const fraction = ms === 0 ? "" : `.${String(ms).padStart(3, "0")}000`;
    return `${date}${separator}${two(hour)}:${two(minute)}:${two(second)}${fraction}${this.offset(":")}`;
  }

  offset(separator: string): string {
    const minutes = Math.abs(this.offsetMs) / 60_000;
    return `${this.offsetMs < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}${separator}${two(minutes % 60)}`;
  }

  toString(): string {
    return this.isoformat(" ");
  }
}

export function two(value: number): string {
  return String(value).padStart(2, "0");
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** How far the clocks of the zone are ahead of UTC at an instant. */
function offsetMs(epochMs: number, zone: string): number {
  if (zone === "UTC") return 0;
  const match = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(formatterOf(zone).format(epochMs))!;
  const [, sign, hours = "0", minutes = "0", seconds = "0"] = match;
  return (sign === "-" ? -1 : 1) * ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * SECOND;
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (formatter !== undefined) return formatter;
  try {
    formatter = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  } catch {
    throw new TemplateProblem(`"${zone}" is no time zone; write an IANA name such as "Europe/Madrid"`);
  }
  formatters.set(zone, formatter);
  return formatter;
}
