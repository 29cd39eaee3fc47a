import { nearestName } from "@tradewind/core";
import { JinjaDate, JinjaDuration } from "./jinja-dates.ts";
import { TemplateProblem } from "./template-problem.ts";

/**
 * What a template can hold: JSON, dates, durations, functions of ours, and objects with a fixed set of names. Nothing of these leads to an object of the host: members are own
 * properties of JSON, or methods that are listed here.
 */
export type JinjaValue = string | number | boolean | object | null | undefined;

/** A name or a member that is not there. Using it is an error; `is defined` and `default` may ask. */
export class Undefined {
  readonly explanation: string;

  constructor(explanation: string) {
    this.explanation = explanation;
  }
}

/** Named arguments come last, as one object. */
export type JinjaFunction = (args: readonly JinjaValue[], named: Readonly<Record<string, JinjaValue>>) => JinjaValue | Promise<JinjaValue>;

/** A function of a template; may have members of its own, as `macros.datetime` has. */
export class Callable {
  readonly name: string;
  readonly call: JinjaFunction;
  readonly members: Members | null;

  constructor(name: string, call: JinjaFunction, members: Members | null = null) {
    this.name = name;
    this.call = call;
    this.members = members;
  }
}

/** An object with names that are worked out when they are asked for. */
export class Members {
  readonly label: string;
  readonly #find: (name: string) => JinjaValue | Promise<JinjaValue>;

  constructor(label: string, find: (name: string) => JinjaValue | Promise<JinjaValue>) {
    this.label = label;
    this.#find = find;
  }

  /** With a known set of names. */
  static of(label: string, names: Readonly<Record<string, () => JinjaValue | Promise<JinjaValue>>>): Members {
    return new Members(label, (name) => (Object.hasOwn(names, name) ? names[name]!() : missing(`${label}.${name}`, name, Object.keys(names))));
  }

  get(name: string): JinjaValue | Promise<JinjaValue> {
    return this.#find(name);
  }
}

export function missing(shown: string, name: string, known: Iterable<string>): Undefined {
  const nearest = nearestName(name, known);
  return new Undefined(
    `"${shown}" is not known${nearest === undefined ? "" : `; did you mean "${shown.slice(0, shown.length - name.length)}${nearest}"?`}`,
  );
}

export function isDict(value: JinjaValue): value is Record<string, JinjaValue> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The value, if there is one. */
export function used<T>(value: T): Exclude<T, Undefined> {
  if (value instanceof Undefined) throw new TemplateProblem(value.explanation);
  return value as Exclude<T, Undefined>;
}

/** As Python: nothing, zero, and what is empty are false. */
export function isTruthy(value: JinjaValue): boolean {
  const given = used(value);
  if (Array.isArray(given)) return given.length > 0;
  return isDict(given) ? Object.keys(given).length > 0 : Boolean(given);
}

/** As Python writes a value: `None`, `True`, `['a', 1]`. */
export function toText(value: JinjaValue): string {
  const given = used(value);
  return typeof given === "string" ? given : representation(given);
}

function representation(value: JinjaValue): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return String(value);
  if (value instanceof JinjaDate || value instanceof JinjaDuration) return value.toString();
  if (Array.isArray(value)) return `[${value.map(representation).join(", ")}]`;
  if (isDict(value))
    return `{${Object.entries(value)
      .map(([name, member]) => `${quoted(name)}: ${representation(member)}`)
      .join(", ")}}`;
  if (value instanceof Members) throw new TemplateProblem(`"${value.label}" is an object; write one of its members`);
  if (value instanceof Callable) throw new TemplateProblem(`"${value.name}" is a function; call it: ${value.name}()`);
  throw new TemplateProblem(`a ${typeof value} cannot be written as text`);
}

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll(quote, `\\${quote}`) + quote;
}

/** As JSON: for `tojson`, and for options that take values. */
export function toJson(value: JinjaValue): unknown {
  const given = used(value);
  if (given instanceof JinjaDate || given instanceof JinjaDuration) return given.toString();
  if (Array.isArray(given)) return given.map(toJson);
  if (isDict(given)) return Object.fromEntries(Object.entries(given).map(([name, member]) => [name, toJson(member)]));
  if (given instanceof Members || given instanceof Callable) return toText(given);
  return given ?? null;
}
