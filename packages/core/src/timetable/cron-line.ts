import { TradewindError } from "../errors.ts";

/**
 * A cron line, taken apart. The dialect is croniter's, which is Airflow's: five fields (minute, hour, day of month, month, day of week), lists, ranges that
 * may wrap ("22-4", "fri-mon"), steps, names of months and weekdays, 0 and 7 for Sunday, `?` for `*` in the day fields, `L` (last day of the month), `L5`
 * (last Friday of the month), `1#2` (second Monday of the month), and presets.
 */
export interface CronLine {
  /** The five fields, with a preset replaced by what it stands for. */
  expression: string;
  /** Ascending, 0–59. */
  minutes: readonly number[];
  /** Ascending, 0–23. */
  hours: readonly number[];
  /** True when no hour is left out: then a tick follows the one before by elapsed time, whatever the clock on the wall does. */
  everyHour: boolean;
  /** Bit n - 1 stands for day n. */
  daysOfMonth: number;
  lastDayOfMonth: boolean;
  /** Bit n - 1 stands for month n. */
  months: number;
  /** Bit n stands for weekday n, 0 is Sunday. */
  weekdays: number;
  /** Weekdays that count only in one week of the month. With any of these, `weekdays` is 0. */
  nthWeekdays: readonly NthWeekday[];
  /** When both day fields are restricted, a day that fits either one fits. */
  restrictsDayOfMonth: boolean;
  restrictsDayOfWeek: boolean;
}

export interface NthWeekday {
  weekday: number;
  nth: 1 | 2 | 3 | 4 | 5 | "last";
}

interface FieldRule {
  name: string;
  min: number;
  max: number;
  /** Index 0 is the name of `min`. */
  names: readonly string[];
  expected: string;
}

const MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAY_NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const MINUTE: FieldRule = { name: "minute", min: 0, max: 59, names: [], expected: "0-59" };
const HOUR: FieldRule = { name: "hour", min: 0, max: 23, names: [], expected: "0-23" };
const DAY_OF_MONTH: FieldRule = { name: "day of month", min: 1, max: 31, names: [], expected: "1-31, or L for the last day of the month" };
const MONTH: FieldRule = { name: "month", min: 1, max: 12, names: MONTH_NAMES, expected: "1-12 or JAN-DEC" };
const DAY_OF_WEEK: FieldRule = {
  name: "day of week",
  min: 0,
  max: 6,
  names: WEEKDAY_NAMES,
  expected: "0-7 (0 and 7 are Sunday) or SUN-SAT; 1#2 is the second Monday of the month, L5 the last Friday",
};

/** What each preset stands for. `@once` and `@continuous` are timetables of their own, not cron lines. */
export const CRON_PRESETS: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@quarterly": "0 0 1 */3 *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/** Reads a cron line. Throws `invalid_timetable` with the field, the value and what is expected there. */
export function parseCron(line: string): CronLine {
  const expression = expandPreset(line);
  const fields = expression.toLowerCase().split(" ");
  if (fields.length !== 5) {
    throw invalidCron(line, `it has ${fields.length} fields; expected 5: minute, hour, day of month, month, day of week`, {
      found: fields.length,
      expected: 5,
    });
  }
  const [minute, hour, dayOfMonth, month, dayOfWeek] = fields as [string, string, string, string, string];
  const minutes = parseNumbers(line, MINUTE, minute);
  const hours = parseNumbers(line, HOUR, hour);
  const days = parseDaysOfMonth(line, dayOfMonth);
  const weekdays = parseWeekdays(line, dayOfWeek);
  return {
    expression,
    minutes: ascending(minutes.values),
    hours: ascending(hours.values),
    everyHour: hours.values.size === 24,
    daysOfMonth: toBits(days.values, 1),
    lastDayOfMonth: days.last,
    months: toBits(parseNumbers(line, MONTH, month).values, 1),
    weekdays: toBits(weekdays.values, 0),
    nthWeekdays: weekdays.nth,
    restrictsDayOfMonth: !days.star && !(days.values.size === 31 && dayOfWeek.includes("*")),
    restrictsDayOfWeek: !weekdays.star && !(weekdays.values.size === 7 && dayOfMonth.includes("*")),
  };
}

/** The line with single spaces, and a preset replaced by its five fields. */
export function expandPreset(line: string): string {
  const trimmed = line.trim().replace(/\s+/g, " ");
  if (!trimmed.startsWith("@")) return trimmed;
  const key = trimmed.toLowerCase();
  if (Object.hasOwn(CRON_PRESETS, key)) return CRON_PRESETS[key]!;
  const expected = Object.keys(CRON_PRESETS).join(", ");
  throw invalidCron(line, `there is no preset "${trimmed}"; expected one of ${expected}`, { value: trimmed, expected });
}

interface NumberField {
  values: Set<number>;
  /** A bare `*` (or `?`) is in the list. */
  star: boolean;
}

function parseNumbers(line: string, rule: FieldRule, text: string): NumberField {
  const field: NumberField = { values: new Set(), star: false };
  for (const item of text.split(",")) {
    if (item === "*") field.star = true;
    for (const value of parseItem(line, rule, item)) field.values.add(value);
  }
  return field;
}

function parseDaysOfMonth(line: string, text: string): NumberField & { last: boolean } {
  const items = questionMarkAsStar(text).split(",");
  const rest = items.filter((item) => item !== "l");
  const field = rest.length === 0 ? { values: new Set<number>(), star: false } : parseNumbers(line, DAY_OF_MONTH, rest.join(","));
  return { ...field, last: rest.length < items.length };
}

function parseWeekdays(line: string, text: string): NumberField & { nth: NthWeekday[] } {
  const plain: string[] = [];
  const nth: NthWeekday[] = [];
  for (const item of questionMarkAsStar(text).split(",")) {
    const parts = /^(?:l(\d)|(.+)#(.*))$/.exec(item);
    if (!parts) plain.push(item);
    else if (parts[1] !== undefined) nth.push({ weekday: parseValue(line, DAY_OF_WEEK, parts[1], item), nth: "last" });
    else nth.push(...parseNthWeekdays(line, parts[2]!, parts[3]!, item));
  }
  if (nth.length > 0 && plain.length > 0) {
    throw invalidField(line, DAY_OF_WEEK, text, "mixes plain weekdays with # or L; expected one kind only");
  }
  const field = plain.length === 0 ? { values: new Set<number>(), star: false } : parseNumbers(line, DAY_OF_WEEK, plain.join(","));
  return { ...field, nth };
}

function parseNthWeekdays(line: string, weekdays: string, nth: string, item: string): NthWeekday[] {
  if (!/^[1-5]$/.test(nth)) throw invalidField(line, DAY_OF_WEEK, item, `has "${nth}" behind the #; expected 1-5`);
  if (weekdays === "*" || weekdays.includes("/")) throw invalidField(line, DAY_OF_WEEK, item, "is not a weekday or a range of weekdays before the #");
  const values = parseItem(line, DAY_OF_WEEK, weekdays);
  return values.map((weekday) => ({ weekday, nth: Number(nth) as NthWeekday["nth"] }));
}

/** One member of a list: `*`, `5`, `2-6`, and each with a step. `a/n` means from a to the field's end. */
function parseItem(line: string, rule: FieldRule, item: string): number[] {
  const [range, step, ...rest] = item.split("/");
  if (range === undefined || range === "" || rest.length > 0) throw invalidField(line, rule, item, "is not a value, a range or a step");
  const stride = step === undefined ? 1 : parseStep(line, rule, step, item);
  if (range === "*") return span(rule.min, rule.max, stride);
  const [from, to, ...more] = range.split("-");
  if (from === undefined || from === "" || more.length > 0 || to === "") throw invalidField(line, rule, item, "is not a value, a range or a step");
  const low = parseValue(line, rule, from, item);
  if (to === undefined) return step === undefined ? [low] : span(low, rule.max, stride);
  const high = rule === DAY_OF_MONTH && to === "l" ? rule.max : parseValue(line, rule, to, item);
  return parseRange(rule, low, high, stride);
}

/** As croniter: a range from a value to itself is the whole cycle, and one that ends before it starts goes round the end of the field. */
function parseRange(rule: FieldRule, low: number, high: number, stride: number): number[] {
  if (low < high) return span(low, high, stride);
  if (low === high) return span(rule.min, rule.max, stride);
  const head = span(low, rule.max, stride);
  const leftOver = rule.max - head.at(-1)!;
  // Croniter's count of the values left out after the turn: one more than even steps would leave out ("22-4/3" is 22, 2 and not 22, 1, 4).
  const skipped = stride > leftOver + 1 ? stride - leftOver : 0;
  return [...head, ...span(rule.min + skipped, high, stride)];
}

function parseStep(line: string, rule: FieldRule, step: string, item: string): number {
  if (!/^\d+$/.test(step) || Number(step) === 0) throw invalidField(line, rule, item, `has the step "${step}"; expected a whole number of 1 or more`);
  return Number(step);
}

function parseValue(line: string, rule: FieldRule, text: string, item: string): number {
  const named = rule.names.indexOf(text);
  if (named >= 0) return rule.min + named;
  if (!/^\d+$/.test(text)) throw invalidField(line, rule, item, `is not understood; expected ${rule.expected}`);
  const value = rule === DAY_OF_WEEK && text === "7" ? 0 : Number(text);
  if (value < rule.min || value > rule.max) throw invalidField(line, rule, item, `is out of range; expected ${rule.expected}`);
  return value;
}

function questionMarkAsStar(text: string): string {
  return text === "?" ? "*" : text;
}

function span(from: number, to: number, stride: number): number[] {
  const values: number[] = [];
  for (let value = from; value <= to; value += stride) values.push(value);
  return values;
}

function ascending(values: Set<number>): number[] {
  return [...values].sort((a, b) => a - b);
}

function toBits(values: Set<number>, first: number): number {
  let bits = 0;
  for (const value of values) bits |= 1 << (value - first);
  return bits;
}

function invalidField(line: string, rule: FieldRule, value: string, problem: string): TradewindError {
  return invalidCron(line, `${rule.name} "${value}" ${problem}`, { field: rule.name, value, expected: rule.expected });
}

function invalidCron(line: string, problem: string, details: Record<string, unknown>): TradewindError {
  return new TradewindError("invalid_timetable", `Cron line "${line}" could not be read: ${problem}.`, { details: { cron: line, ...details } });
}
