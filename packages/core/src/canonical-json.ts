import type { Json } from "./dag-spec.ts";
import { TradewindError } from "./errors.ts";
import { formatJsonPath } from "./json-path.ts";

/** Deeper values are refused: they would overflow the stack of whoever reads them. */
const MAX_DEPTH = 500;

/**
 * JSON with sorted keys and no spaces: equal values give equal bytes, whatever order their keys were set in. What is stored or hashed is this text.
 *
 * Only JSON is accepted: `undefined`, functions, dates, maps, class instances, NaN and cycles are refused with their place, because `JSON.stringify`
 * would drop or change them without a word.
 * @throws TradewindError `not_json`
 */
export function canonicalJson(value: unknown): string {
  return write(value, []);
}

/**
 * Checks that a value is JSON, without writing it.
 * @throws TradewindError `not_json`
 */
export function assertJson(value: unknown): asserts value is Json {
  write(value, []);
}

type Path = (string | number)[];

function write(value: unknown, path: Path): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "number":
      if (!Number.isFinite(value)) throw notJson(path, String(value));
      return JSON.stringify(value);
    case "object":
      if (value === null) return "null";
      if (path.length >= MAX_DEPTH) throw tooDeep(path);
      return Array.isArray(value) ? writeArray(value, path) : writeObject(value, path);
    default:
      throw notJson(path, describe(value));
  }
}

function writeArray(items: unknown[], path: Path): string {
  let text = "[";
  for (let index = 0; index < items.length; index++) {
    if (index > 0) text += ",";
    path.push(index);
    text += write(items[index], path);
    path.pop();
  }
  return `${text}]`;
}

function writeObject(object: object, path: Path): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  // An object of another realm (a vm context) has another Object.prototype, which has no prototype itself either.
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) throw notJson(path, describe(object));
  let text = "{";
  for (const key of Object.keys(object).sort()) {
    if (text.length > 1) text += ",";
    path.push(key);
    text += `${JSON.stringify(key)}:${write((object as Record<string, unknown>)[key], path)}`;
    path.pop();
  }
  return `${text}}`;
}

function describe(value: unknown): string {
  if (value === undefined) return "undefined";
  if (typeof value === "object" && value !== null) return `a ${value.constructor?.name ?? "object"}`;
  return `a ${typeof value}`;
}

function notJson(path: Path, found: string): TradewindError {
  const at = formatJsonPath(path);
  return new TradewindError(
    "not_json",
    `${at} is ${found}, which is not JSON. Use null, booleans, finite numbers, strings, lists and plain objects.`,
    {
      details: { path: at, found },
    },
  );
}

function tooDeep(path: Path): TradewindError {
  const at = formatJsonPath(path.slice(0, 5));
  return new TradewindError(
    "not_json",
    `The value below ${at} is nested more than ${MAX_DEPTH} levels deep (or contains itself), which is not accepted.`,
    {
      details: { path: at, maxDepth: MAX_DEPTH },
    },
  );
}
