import { formatTokens, strftime } from "./jinja-date-formats.ts";
import { JinjaDate, JinjaDuration } from "./jinja-dates.ts";
import { Callable, isDict, type JinjaFunction, type JinjaValue, Members, missing, toText, Undefined, used } from "./jinja-values.ts";
import { TemplateProblem } from "./template-problem.ts";

type Methods<T> = Readonly<Record<string, (self: T, args: readonly JinjaValue[], named: Readonly<Record<string, JinjaValue>>) => JinjaValue>>;

const text = (value: JinjaValue | undefined, name: string): string => {
  if (typeof value === "string") return value;
  throw new TemplateProblem(`${name}() takes a text`);
};

/** Python's methods of `str`, as far as templates use them. */
const TEXT: Methods<string> = {
  upper: (self) => self.toUpperCase(),
  lower: (self) => self.toLowerCase(),
  title: (self) => self.replace(/[\p{L}]+/gu, (word) => word[0]!.toUpperCase() + word.slice(1).toLowerCase()),
  capitalize: (self) => self.slice(0, 1).toUpperCase() + self.slice(1).toLowerCase(),
  strip: (self, [characters]) => stripped(self, characters, true, true),
  lstrip: (self, [characters]) => stripped(self, characters, true, false),
  rstrip: (self, [characters]) => stripped(self, characters, false, true),
  replace: (self, [from, to]) => self.replaceAll(text(from, "replace"), () => text(to, "replace")),
  split: (self, [separator]) => (separator === undefined || separator === null ? self.trim().split(/\s+/) : self.split(text(separator, "split"))),
  join: (self, [list]) => (list as JinjaValue[]).map(toText).join(self),
  startswith: (self, [prefix]) => self.startsWith(text(prefix, "startswith")),
  endswith: (self, [suffix]) => self.endsWith(text(suffix, "endswith")),
  removeprefix: (self, [prefix]) => (self.startsWith(text(prefix, "removeprefix")) ? self.slice((prefix as string).length) : self),
  removesuffix: (self, [suffix]) => (self.endsWith(text(suffix, "removesuffix")) ? self.slice(0, self.length - (suffix as string).length) : self),
  find: (self, [part]) => self.indexOf(text(part, "find")),
  count: (self, [part]) => self.split(text(part, "count")).length - 1,
  zfill: (self, [width]) => self.padStart(Number(width), "0"),
  ljust: (self, [width, fill = " "]) => self.padEnd(Number(width), text(fill, "ljust")),
  rjust: (self, [width, fill = " "]) => self.padStart(Number(width), text(fill, "rjust")),
  isdigit: (self) => /^\d+$/.test(self),
  splitlines: (self) => self.split(/\r?\n/),
  format: (self, args, named) => formatted(self, args, named),
};

function stripped(self: string, characters: JinjaValue | undefined, left: boolean, right: boolean): string {
  const dropped = typeof characters === "string" ? new Set(characters) : null;
  const drops = (character: string) => (dropped === null ? /\s/.test(character) : dropped.has(character));
  let [start, end] = [0, self.length];
  while (left && start < end && drops(self[start]!)) start++;
  while (right && end > start && drops(self[end - 1]!)) end--;
  return self.slice(start, end);
}

/** `"{} {name}".format(…)` without formats of its own. */
function formatted(self: string, args: readonly JinjaValue[], named: Readonly<Record<string, JinjaValue>>): string {
  let next = 0;
  return self.replace(/\{\{|\}\}|\{(\w*)\}/g, (whole, name: string | undefined) => {
    if (name === undefined) return whole[0]!;
    const value = name === "" ? args[next++] : /^\d+$/.test(name) ? args[Number(name)] : named[name];
    if (value === undefined) throw new TemplateProblem(`format() has nothing for "${whole}"`);
    return toText(value);
  });
}

const DICT: Methods<Record<string, JinjaValue>> = {
  get: (self, [name, fallback = null]) => (Object.hasOwn(self, toText(name)) ? self[toText(name)] : fallback),
  keys: (self) => Object.keys(self),
  values: (self) => Object.values(self),
  items: (self) => Object.entries(self),
};

const LIST: Methods<JinjaValue[]> = {
  index: (self, [value]) => self.indexOf(value),
  count: (self, [value]) => self.filter((one) => one === value).length,
};

const DATE: Methods<JinjaDate> = {
  strftime: (self, [format]) => strftime(self, text(format, "strftime")),
  format: (self, [format]) => formatTokens(self, text(format, "format")),
  isoformat: (self, [separator = "T"]) => self.isoformat(text(separator, "isoformat")),
  to_iso8601_string: (self) => self.isoformat().replace("+00:00", "Z"),
  to_date_string: (self) => strftime(self, "%Y-%m-%d"),
  to_time_string: (self) => strftime(self, "%H:%M:%S"),
  to_datetime_string: (self) => strftime(self, "%Y-%m-%d %H:%M:%S"),
  date: (self) => new JinjaDate(JinjaDate.fromParts({ ...self.startOf("day").parts }).epochMs, "UTC", true),
  timestamp: (self) => self.epochMs / 1000,
  weekday: (self) => self.weekday,
  isoweekday: (self) => self.weekday + 1,
  add: (self, _args, named) => self.add(named, 1),
  subtract: (self, _args, named) => self.add(named, -1),
  replace: (self, _args, named) => self.replace(named),
  start_of: (self, [unit]) => self.startOf(text(unit, "start_of")),
  end_of: (self, [unit]) =>
    self
      .startOf(text(unit, "end_of"))
      .add({ [`${text(unit, "end_of")}s`]: 1 }, 1)
      .plus(-1),
  in_timezone: (self, [zone]) => self.inZone(text(zone, "in_timezone")),
  in_tz: (self, [zone]) => self.inZone(text(zone, "in_tz")),
  astimezone: (self, [zone]) => self.inZone(text(zone, "astimezone")),
};

const DATE_FIELDS: Readonly<Record<string, (self: JinjaDate) => JinjaValue>> = {
  year: ({ parts }) => parts.year,
  month: ({ parts }) => parts.month,
  day: ({ parts }) => parts.day,
  hour: ({ parts }) => parts.hour,
  minute: ({ parts }) => parts.minute,
  second: ({ parts }) => parts.second,
  microsecond: ({ parts }) => parts.ms * 1000,
  day_of_week: (self) => self.weekday,
  day_of_year: (self) => self.dayOfYear,
  quarter: ({ parts }) => Math.ceil(parts.month / 3),
  int_timestamp: ({ epochMs }) => Math.floor(epochMs / 1000),
  timezone_name: ({ zone }) => zone,
};

const DURATION: Methods<JinjaDuration> = { total_seconds: (self) => self.ms / 1000 };

/** `target.name` and `target[name]`: own members of JSON, or what is listed above. */
export async function memberOf(target: JinjaValue, key: JinjaValue, shown: string): Promise<JinjaValue> {
  const owner = used(target);
  const name = used(key);
  if (owner instanceof Members) return owner.get(toText(name));
  if (owner instanceof Callable && owner.members !== null) return owner.members.get(toText(name));
  if (Array.isArray(owner) || typeof owner === "string") {
    const item = typeof name === "number" ? owner.at(name) : undefined;
    if (typeof name === "number") return item === undefined ? new Undefined(`"${shown}" has ${owner.length} members and no number ${name}`) : item;
    return Array.isArray(owner) ? method(LIST, owner, toText(name), shown) : method(TEXT, owner, toText(name), shown);
  }
  if (owner instanceof JinjaDate) {
    const field = Object.hasOwn(DATE_FIELDS, toText(name)) ? DATE_FIELDS[toText(name)] : undefined;
    return field === undefined ? method(DATE, owner, toText(name), shown, Object.keys(DATE_FIELDS)) : field(owner);
  }
  if (owner instanceof JinjaDuration) return name === "days" ? owner.days : method(DURATION, owner, toText(name), shown);
  if (isDict(owner)) {
    if (Object.hasOwn(owner, toText(name))) return owner[toText(name)];
    return method(DICT, owner, toText(name), shown, Object.keys(owner));
  }
  throw new TemplateProblem(`"${shown}" is ${toText(owner)}, which has no "${toText(name)}"`);
}

function method<T>(methods: Methods<T>, self: T, name: string, shown: string, further: readonly string[] = []): Callable | Undefined {
  const found = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (found === undefined) return missing(`${shown}.${name}`, name, [...further, ...Object.keys(methods)]);
  const call: JinjaFunction = (args, named) => found(self, args, named);
  return new Callable(`${shown}.${name}`, call);
}
