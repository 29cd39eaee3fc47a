// Whoever compiles these sources from elsewhere finds the types only this way: an import of declarations alone would be one at run time.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./nunjucks-modules.d.ts" />
import nunjucksFilters from "nunjucks/src/filters.js";
import { JinjaDate } from "./jinja-dates.ts";
import { strftime } from "./jinja-date-formats.ts";
import { memberOf } from "./jinja-methods.ts";
import { isDict, isTruthy, type JinjaValue, toJson, toText, Undefined, used } from "./jinja-values.ts";
import { TemplateProblem } from "./template-problem.ts";

export type JinjaFilter = (
  value: JinjaValue,
  args: readonly JinjaValue[],
  named: Readonly<Record<string, JinjaValue>>,
) => JinjaValue | Promise<JinjaValue>;

/** nunjucks' own, of those that are plain functions of text and lists. */
const BORROWED = [
  "abs",
  "batch",
  "capitalize",
  "center",
  "first",
  "float",
  "indent",
  "int",
  "last",
  "replace",
  "round",
  "sum",
  "title",
  "truncate",
  "urlencode",
  "wordcount",
];

const date = (value: JinjaValue): JinjaDate => {
  const given = used(value);
  if (given instanceof JinjaDate) return given;
  throw new TemplateProblem(`the filter takes a date, and was given ${toText(given)}`);
};

const list = (value: JinjaValue): JinjaValue[] => {
  const given = used(value);
  if (Array.isArray(given)) return given;
  if (typeof given === "string") return [...given];
  if (isDict(given)) return Object.keys(given);
  throw new TemplateProblem(`a list is expected, and not ${toText(given)}`);
};

/** The member of each item that the named argument `attribute` says (`"a.b"`), or the item itself. */
async function attributes(items: JinjaValue[], attribute: JinjaValue | undefined): Promise<JinjaValue[]> {
  if (attribute === undefined || attribute === null) return items;
  const path = toText(attribute).split(".");
  return Promise.all(
    items.map((item) => path.reduce<Promise<JinjaValue>>(async (found, name) => memberOf(await found, name, name), Promise.resolve(item))),
  );
}

function compare(a: JinjaValue, b: JinjaValue): number {
  const key = (value: JinjaValue) => (value instanceof JinjaDate ? value.epochMs : value);
  const [left, right] = [key(a), key(b)] as [string, string];
  return left < right ? -1 : left > right ? 1 : 0;
}

async function sorted(value: JinjaValue, args: readonly JinjaValue[], named: Readonly<Record<string, JinjaValue>>): Promise<JinjaValue[]> {
  const items = list(value);
  const keys = await attributes(items, named["attribute"]);
  const order = items.map((_, index) => index).sort((a, b) => compare(keys[a], keys[b]));
  if (isTruthy(named["reverse"] ?? args[0] ?? false)) order.reverse();
  return order.map((index) => items[index]);
}

async function chosen(
  value: JinjaValue,
  [name, test, expected]: readonly JinjaValue[],
  wanted: boolean,
  byAttribute: boolean,
): Promise<JinjaValue[]> {
  const items = list(value);
  const subjects = byAttribute ? await attributes(items, name) : items;
  const [how, against] = byAttribute ? [test, expected] : [name, test];
  const passes = (subject: JinjaValue) =>
    how === undefined ? isTruthy(subject) : runTest(toText(how), subject, against === undefined ? [] : [against]);
  return items.filter((_, index) => passes(subjects[index]) === wanted);
}

const FILTERS: Readonly<Record<string, JinjaFilter>> = {
  ds: (value) => strftime(date(value), "%Y-%m-%d"),
  ds_nodash: (value) => strftime(date(value), "%Y%m%d"),
  ts: (value) => date(value).isoformat(),
  ts_nodash: (value) => strftime(date(value), "%Y%m%dT%H%M%S"),
  ts_nodash_with_tz: (value) => strftime(date(value), "%Y%m%dT%H%M%S%z"),
  default: (value, [fallback = "", alsoFalsy], named) => {
    const falsy = alsoFalsy ?? named["boolean"] ?? false;
    if (value instanceof Undefined) return named["default_value"] ?? fallback;
    return isTruthy(falsy) && !isTruthy(value) ? (named["default_value"] ?? fallback) : value;
  },
  tojson: (value, [indent], named) => {
    const spaces = named["indent"] ?? indent;
    return JSON.stringify(toJson(value), null, typeof spaces === "number" ? spaces : undefined);
  },
  string: (value) => toText(value),
  lower: (value) => toText(value).toLowerCase(),
  upper: (value) => toText(value).toUpperCase(),
  trim: (value) => toText(value).trim(),
  // Nothing is escaped unless it is asked for.
  safe: (value) => used(value),
  escape: (value) => toText(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  length: (value) => list(value).length,
  list: (value) => [...list(value)],
  reverse: (value) => (typeof used(value) === "string" ? [...toText(value)].reverse().join("") : [...list(value)].reverse()),
  unique: (value) => [...new Set(list(value))],
  items: (value) => Object.entries(isDict(used(value)) ? (value as object) : {}),
  dictsort: (value) => Object.entries(isDict(used(value)) ? (value as object) : {}).sort(([a], [b]) => compare(a.toLowerCase(), b.toLowerCase())),
  join: async (value, [separator = "", attribute], named) =>
    (await attributes(list(value), named["attribute"] ?? attribute)).map(toText).join(toText(named["d"] ?? separator)),
  sort: (value, args, named) => sorted(value, args, named),
  min: async (value, _args, named) => (await sorted(value, [], { attribute: named["attribute"] }))[0] ?? new Undefined("min of an empty list"),
  max: async (value, _args, named) => (await sorted(value, [true], { attribute: named["attribute"] }))[0] ?? new Undefined("max of an empty list"),
  map: async (value, [name, ...args], named) => {
    if (named["attribute"] !== undefined) return attributes(list(value), named["attribute"]);
    const filter = findFilter(toText(name));
    return Promise.all(list(value).map(async (item) => filter(item, args, named)));
  },
  select: (value, args) => chosen(value, args, true, false),
  reject: (value, args) => chosen(value, args, false, false),
  selectattr: (value, args) => chosen(value, args, true, true),
  rejectattr: (value, args) => chosen(value, args, false, true),
};

const ALIASES: Readonly<Record<string, string>> = { d: "default", e: "escape", count: "length" };

/** @throws TemplateProblem for a filter that is not known */
export function findFilter(name: string): JinjaFilter {
  const own = Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
  if (Object.hasOwn(FILTERS, own)) return FILTERS[own]!;
  if (!BORROWED.includes(own))
    throw new TemplateProblem(`there is no filter "${name}"; known are ${[...Object.keys(FILTERS), ...BORROWED].sort().join(", ")}`);
  const borrowed = nunjucksFilters[own] as (...args: unknown[]) => JinjaValue;
  return (value, args, named) => borrowed(used(value), ...args, ...(Object.keys(named).length > 0 ? [{ ...named, __keywords: true }] : []));
}

type Test = (value: JinjaValue, args: readonly JinjaValue[]) => boolean;

const TESTS: Readonly<Record<string, Test>> = {
  defined: (value) => !(value instanceof Undefined),
  undefined: (value) => value instanceof Undefined,
  none: (value) => used(value) === null,
  true: (value) => used(value) === true,
  false: (value) => used(value) === false,
  boolean: (value) => typeof used(value) === "boolean",
  string: (value) => typeof used(value) === "string",
  number: (value) => typeof used(value) === "number",
  integer: (value) => Number.isInteger(used(value)),
  float: (value) => typeof used(value) === "number" && !Number.isInteger(value),
  mapping: (value) => isDict(used(value)),
  sequence: (value) => Array.isArray(used(value)) || typeof value === "string",
  iterable: (value) => Array.isArray(used(value)) || typeof value === "string" || isDict(value),
  even: (value) => Number(used(value)) % 2 === 0,
  odd: (value) => Math.abs(Number(used(value)) % 2) === 1,
  divisibleby: (value, [divisor]) => Number(used(value)) % Number(divisor) === 0,
  equalto: (value, [other]) => areEqual(used(value), other),
  eq: (value, [other]) => areEqual(used(value), other),
  ne: (value, [other]) => !areEqual(used(value), other),
  gt: (value, [other]) => compare(used(value), other) > 0,
  ge: (value, [other]) => compare(used(value), other) >= 0,
  lt: (value, [other]) => compare(used(value), other) < 0,
  le: (value, [other]) => compare(used(value), other) <= 0,
  in: (value, [container]) => contains(container, used(value)),
  lower: (value) => toText(value) === toText(value).toLowerCase(),
  upper: (value) => toText(value) === toText(value).toUpperCase(),
};

export function runTest(name: string, value: JinjaValue, args: readonly JinjaValue[]): boolean {
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
  if (test === undefined) throw new TemplateProblem(`there is no test "is ${name}"; known are ${Object.keys(TESTS).join(", ")}`);
  return test(value, args);
}

export function areEqual(a: JinjaValue, b: JinjaValue): boolean {
  if (a instanceof JinjaDate && b instanceof JinjaDate) return a.epochMs === b.epochMs;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  return JSON.stringify(toJson(a)) === JSON.stringify(toJson(b));
}

export function contains(container: JinjaValue, value: JinjaValue): boolean {
  const holder = used(container);
  if (typeof holder === "string") return holder.includes(toText(value));
  return Array.isArray(holder) ? holder.some((one) => areEqual(one, value)) : isDict(holder) && Object.hasOwn(holder, toText(value));
}

/** Smaller, equal or greater, for texts, numbers and dates. */
export function order(a: JinjaValue, b: JinjaValue): number {
  const kinds = [a, b].map((value) => (value instanceof JinjaDate ? "date" : typeof value));
  if (kinds[0] !== kinds[1] || !["date", "string", "number", "boolean"].includes(kinds[0]!))
    throw new TemplateProblem(`${toText(a)} and ${toText(b)} cannot be compared`);
  return compare(a, b);
}
