import { JinjaDate, two } from "./jinja-dates.ts";
import { TemplateProblem } from "./template-problem.ts";

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = "January February March April May June July August September October November December".split(" ");

/** Directives of Python's strftime. */
const DIRECTIVES: Readonly<Record<string, (date: JinjaDate) => string>> = {
  Y: ({ parts }) => String(parts.year).padStart(4, "0"),
  y: ({ parts }) => two(parts.year % 100),
  m: ({ parts }) => two(parts.month),
  d: ({ parts }) => two(parts.day),
  H: ({ parts }) => two(parts.hour),
  I: ({ parts }) => two(parts.hour % 12 || 12),
  M: ({ parts }) => two(parts.minute),
  S: ({ parts }) => two(parts.second),
  f: ({ parts }) => `${String(parts.ms).padStart(3, "0")}000`,
  p: ({ parts }) => (parts.hour < 12 ? "AM" : "PM"),
  j: (date) => String(date.dayOfYear).padStart(3, "0"),
  a: (date) => WEEKDAYS[date.weekday]!.slice(0, 3),
  A: (date) => WEEKDAYS[date.weekday]!,
  b: ({ parts }) => MONTHS[parts.month - 1]!.slice(0, 3),
  B: ({ parts }) => MONTHS[parts.month - 1]!,
  u: (date) => String(date.weekday + 1),
  w: (date) => String((date.weekday + 1) % 7),
  U: (date) => two(Math.floor((date.dayOfYear + 6 - ((date.weekday + 1) % 7)) / 7)),
  W: (date) => two(Math.floor((date.dayOfYear + 6 - date.weekday) / 7)),
  V: (date) => two(isoWeek(date).week),
  G: (date) => String(isoWeek(date).year),
  z: (date) => date.offset(""),
  Z: ({ zone }) => zone,
  s: ({ epochMs }) => String(Math.floor(epochMs / 1000)),
  F: (date) => strftime(date, "%Y-%m-%d"),
  T: (date) => strftime(date, "%H:%M:%S"),
  D: (date) => strftime(date, "%m/%d/%y"),
  R: (date) => strftime(date, "%H:%M"),
  c: (date) => strftime(date, "%a %b %d %H:%M:%S %Y"),
  x: (date) => strftime(date, "%m/%d/%y"),
  X: (date) => strftime(date, "%H:%M:%S"),
  n: () => "\n",
  t: () => "\t",
  "%": () => "%",
};

/** As Python's `strftime`, in English. `%-d` drops a leading zero. */
export function strftime(date: JinjaDate, format: string): string {
  return format.replace(/%(-?)(.)/gsu, (_whole, dash: string, letter: string) => {
    const directive = DIRECTIVES[letter];
    if (directive === undefined) throw new TemplateProblem(`strftime() knows no "%${letter}"`);
    const text = directive(date);
    return dash === "" ? text : text.replace(/^0+(?=.)/, "");
  });
}

function isoWeek(date: JinjaDate): { year: number; week: number } {
  const thursday = date.add({ days: 3 - date.weekday }, 1);
  return { year: thursday.parts.year, week: Math.floor((thursday.dayOfYear - 1) / 7) + 1 };
}

const READ: Readonly<Record<string, string>> = {
  Y: "(?<Y>\\d{4})",
  y: "(?<y>\\d{2})",
  m: "(?<m>\\d{1,2})",
  d: "(?<d>\\d{1,2})",
  H: "(?<H>\\d{1,2})",
  M: "(?<M>\\d{1,2})",
  S: "(?<S>\\d{1,2})",
  f: "(?<f>\\d{1,6})",
  b: "(?<b>[A-Za-z]{3})",
  B: "(?<B>[A-Za-z]+)",
  z: "(?<z>Z|[+-]\\d{2}:?\\d{2})",
  "%": "%",
};

/** As Python's `strptime`. */
export function strptime(text: string, format: string): JinjaDate {
  const pattern = format.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/%(.)/gu, (_whole, letter: string) => {
    const part = READ[letter];
    if (part === undefined) throw new TemplateProblem(`strptime() knows no "%${letter}"`);
    return part;
  });
  const found = new RegExp(`^${pattern}$`, "u").exec(text)?.groups;
  if (found === undefined && !new RegExp(`^${pattern}$`, "u").test(text)) throw new TemplateProblem(`"${text}" does not have the format "${format}"`);
  const groups = found ?? {};
  const number = (name: string, fallback: number) => (groups[name] === undefined ? fallback : Number(groups[name]));
  const monthName = groups["b"] ?? groups["B"];
  const month = monthName === undefined ? number("m", 1) : MONTHS.findIndex((name) => name.toLowerCase().startsWith(monthName.toLowerCase())) + 1;
  const short = number("y", 0);
  const year = groups["y"] === undefined ? number("Y", 1900) : short + (short < 69 ? 2000 : 1900);
  const ms = Math.floor(Number((groups["f"] ?? "").padEnd(6, "0") || "0") / 1000);
  const date = JinjaDate.fromParts({ year, month, day: number("d", 1), hour: number("H", 0), minute: number("M", 0), second: number("S", 0), ms });
  if (date.parts.month !== month) throw new TemplateProblem(`"${text}" is no date of the calendar`);
  return new JinjaDate(date.epochMs - zoneOffset(groups["z"]));
}

function zoneOffset(text: string | undefined): number {
  if (text === undefined || text === "Z") return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2));
  return (text.startsWith("-") ? -1 : 1) * minutes * 60_000;
}

const TOKENS: readonly [string, (date: JinjaDate) => string][] = [
  ["YYYY", ({ parts }) => String(parts.year)],
  ["YY", ({ parts }) => two(parts.year % 100)],
  ["MMMM", ({ parts }) => MONTHS[parts.month - 1]!],
  ["MMM", ({ parts }) => MONTHS[parts.month - 1]!.slice(0, 3)],
  ["MM", ({ parts }) => two(parts.month)],
  ["M", ({ parts }) => String(parts.month)],
  ["DD", ({ parts }) => two(parts.day)],
  ["D", ({ parts }) => String(parts.day)],
  ["dddd", (date) => WEEKDAYS[date.weekday]!],
  ["ddd", (date) => WEEKDAYS[date.weekday]!.slice(0, 3)],
  ["HH", ({ parts }) => two(parts.hour)],
  ["H", ({ parts }) => String(parts.hour)],
  ["mm", ({ parts }) => two(parts.minute)],
  ["m", ({ parts }) => String(parts.minute)],
  ["ss", ({ parts }) => two(parts.second)],
  ["s", ({ parts }) => String(parts.second)],
  ["SSS", ({ parts }) => String(parts.ms).padStart(3, "0")],
  ["ZZ", (date) => date.offset("")],
  ["Z", (date) => date.offset(":")],
  ["X", ({ epochMs }) => String(Math.floor(epochMs / 1000))],
];

/** As Pendulum's `format`: `YYYY-MM-DD`. What stands in brackets stays. */
export function formatTokens(date: JinjaDate, format: string): string {
  return format.replace(/\[([^\]]*)\]|YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|HH|H|mm|m|ss|s|SSS|ZZ|Z|X/g, (token, literal: string | undefined) =>
    literal === undefined ? TOKENS.find(([name]) => name === token)![1](date) : literal,
  );
}
