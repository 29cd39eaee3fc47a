/**
 * Small checks that a value from outside has the shape it should have. Each reports what it finds wrong and goes on, so that one look lists everything.
 */
import { canonicalJson } from "./canonical-json.ts";
import { isTradewindError } from "./errors.ts";
import { formatJsonPath } from "./json-path.ts";
import { findKeyProblem } from "./keys.ts";
import { showValue } from "./show-value.ts";

/** One thing that is wrong in a spec. */
export interface SpecProblem {
  /** Where, as in `tasks[3].retries`. */
  path: string;
  /** What, in words for people, naming the task or group. */
  message: string;
}

type Path = (string | number)[];

/** Gathers problems below one place in the spec. */
export class ProblemList {
  readonly problems: SpecProblem[];
  readonly #path: Path;
  /** What the place is for people: `Task "load"`. */
  readonly #subject: string;

  constructor(problems: SpecProblem[], path: Path, subject: string) {
    this.problems = problems;
    this.#path = path;
    this.#subject = subject;
  }

  /** The same list at another place. */
  at(path: Path, subject: string): ProblemList {
    return new ProblemList(this.problems, path, subject);
  }

  /** The same subject, one field deeper. */
  in(field: string | number): ProblemList {
    return new ProblemList(this.problems, [...this.#path, field], this.#subject);
  }

  get path(): Path {
    return this.#path;
  }

  /** `Task "load": retries …`; `what` goes on after the name of the field. */
  add(field: string | number | null, what: string): void {
    const path = field === null ? this.#path : [...this.#path, field];
    const inside = formatJsonPath(path.slice(this.#subject.startsWith("Task") || this.#subject.startsWith("Group") ? 2 : 0));
    const name = inside === "(root)" ? "" : ` ${inside}`;
    this.problems.push({ path: formatJsonPath(path), message: `${this.#subject}:${name} ${what}${what.endsWith("?") ? "" : "."}` });
  }
}

export type Check = (value: unknown, list: ProblemList, field: string | number) => void;
export type Checks<T> = { [K in keyof Required<T>]: Check };

/** A check by a predicate; `expected` completes "must be …". */
export function must(expected: string, holds: (value: unknown) => boolean): Check {
  return (value, list, field) => {
    if (value === undefined) list.add(field, `is missing; it must be ${expected}`);
    else if (!holds(value)) list.add(field, `must be ${expected}; found ${showValue(value)}`);
  };
}

export function nullable(check: Check): Check {
  return (value, list, field) => {
    if (value !== null) check(value, list, field);
  };
}

/** For a field that may be absent. */
export function optional(check: Check): Check {
  return (value, list, field) => {
    if (value !== undefined) check(value, list, field);
  };
}

// PostgreSQL stores no NUL character, neither in text nor in jsonb.
const isText = (value: unknown): value is string => typeof value === "string" && !value.includes("\u0000");

export const text = must("a string without NUL characters", isText);
export const bool = must("true or false", (value) => typeof value === "boolean");

export function textUpTo(max: number): Check {
  return must(`a string of 1 to ${max} characters`, (value) => isText(value) && value !== "" && value.length <= max);
}

export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): Check {
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
  return must(`a whole number, ${range}`, (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max);
}

export function numberFrom(min: number): Check {
  return must(`a number, ${min} or more`, (value) => typeof value === "number" && Number.isFinite(value) && value >= min);
}

export function oneOf(names: readonly string[]): Check {
  return must(`one of ${names.join(", ")}`, (value) => typeof value === "string" && names.includes(value));
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** As `Date.toISOString` writes it; 31 February and the like are refused because they do not come back the same. */
export const instant = must('an instant like "2026-01-01T00:00:00.000Z"', (value) => {
  if (typeof value !== "string" || !INSTANT.test(value)) return false;
  const at = new Date(value);
  return !Number.isNaN(at.getTime()) && at.toISOString() === value;
});

export const key: Check = (value, list, field) => {
  if (typeof value !== "string") return must("an id", () => false)(value, list, field);
  const problem = findKeyProblem(value);
  if (problem !== null) list.add(field, `${showValue(value)} is not an id: it ${problem}`);
};

export const json: Check = (value, list, field) => {
  try {
    const written = canonicalJson(value);
    if (written.includes("\\u0000")) list.add(field, "holds a NUL character, which the database cannot store");
  } catch (error) {
    if (!isTradewindError(error)) throw error;
    list.add(field, `must be JSON: ${error.message.replace(/\.$/, "")}`);
  }
};

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Checks every field of an object, and that it has no others. Returns whether it is an object at all. */
export function checkFields<T>(value: unknown, checks: Checks<T>, list: ProblemList): value is Record<string, unknown> {
  if (!isObject(value)) {
    list.add(null, `must be an object; found ${showValue(value)}`);
    return false;
  }
  for (const field of Object.keys(checks)) checks[field as keyof Checks<T>](value[field], list, field);
  for (const field of Object.keys(value)) {
    if (!Object.hasOwn(checks, field) && value[field] !== undefined) list.add(field, "is not a known field");
  }
  return true;
}

/** A list, or nothing and a problem. */
export function asList(value: unknown, list: ProblemList, field: string | number): unknown[] {
  if (Array.isArray(value)) return value;
  must("a list", () => false)(value, list, field);
  return [];
}
