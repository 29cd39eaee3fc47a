import { CONFIG_KEYS, type ConfigKey } from "./keys.ts";

/** Where a value came from. */
export type ConfigSource =
  | { kind: "default" }
  | { kind: "file"; path: string }
  | { kind: "env"; name: string }
  /** The environment named a file that holds the secret. */
  | { kind: "secret-file"; name: string; path: string }
  /** The command line. */
  | { kind: "option" };

/** One value that somebody gave for one key, before it is checked. */
export interface GivenValue {
  path: string;
  value: unknown;
  source: ConfigSource;
}

/** Something wrong with what was given; all of them are reported together. */
export interface ConfigProblem {
  /** The key, or the variable's name where there is no such key. */
  where: string;
  message: string;
}

export const CONFIG_KEYS_BY_PATH: ReadonlyMap<string, ConfigKey> = new Map(CONFIG_KEYS.map((key) => [key.path, key]));

export function formatSource(source: ConfigSource): string {
  switch (source.kind) {
    case "default":
      return "default";
    case "file":
      return source.path;
    case "env":
      return source.name;
    case "secret-file":
      return `${source.name} (${source.path})`;
    case "option":
      return "command line";
  }
}

const TRUE = new Set(["true", "1", "yes", "on"]);
const FALSE = new Set(["false", "0", "no", "off"]);

/** What a piece of text means for a key; text that does not fit is left as it is, for the schema to refuse. */
export function parseText(key: ConfigKey, text: string): unknown {
  switch (key.type) {
    case "string":
      return text;
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    case "boolean":
      return TRUE.has(text.toLowerCase()) ? true : FALSE.has(text.toLowerCase()) ? false : text;
    case "list":
      return parseList(text);
    case "map":
      return parseMap(text);
  }
}

/** A JSON list (or object, where a key takes one alone), or items separated by commas. */
function parseList(text: string): unknown {
  if (!/^\s*[[{]/.test(text))
    return text
      .split(",")
      .map((item) => item.trim())
      .filter(Boolean);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** A JSON object, or `name=value` separated by commas. */
function parseMap(text: string): unknown {
  if (!text.trimStart().startsWith("{")) {
    const pairs = text.split(",").filter((item) => item.trim() !== "");
    if (!pairs.every((pair) => pair.includes("="))) return text;
    return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")).trim(), pair.slice(pair.indexOf("=") + 1).trim()]));
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
