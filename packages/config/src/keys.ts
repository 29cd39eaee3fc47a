import { z } from "zod";
import { configSchema } from "./schema.ts";

/** One leaf of the configuration. */
export interface ConfigKey {
  /** Dotted, as in a config file: "api.port". */
  path: string;
  /** Its name in the environment: "TRADEWIND__API__PORT". */
  envName: string;
  type: "string" | "number" | "boolean" | "list" | "map";
  /** The accepted values, where they are few. */
  choices: string[] | null;
  default: unknown;
  description: string;
  /** Never shown, and may come from a file by `…_FILE`. */
  isSecret: boolean;
  /** Relative values are made absolute; the default is relative to this. */
  pathBase: "project" | "home" | null;
}

/** One named group of keys, or the keys outside any group (`name` is null). */
export interface ConfigSection {
  name: string | null;
  description: string;
  keys: ConfigKey[];
}

type JsonSchema = {
  type?: string;
  anyOf?: JsonSchema[];
  enum?: string[];
  properties?: Record<string, JsonSchema>;
  default?: unknown;
  description?: string;
  secret?: boolean;
  path?: "project" | "home";
};

export const ENV_PREFIX = "TRADEWIND__";

/** "executionApi" → "EXECUTION_API". */
const upperSnake = (camel: string): string => camel.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();

function toKey(path: string[], schema: JsonSchema): ConfigKey {
  const types = typesOf(schema);
  const type = types.includes("array")
    ? "list"
    : types.includes("object")
      ? "map"
      : types.includes("boolean")
        ? "boolean"
        : types.some((t) => t === "number" || t === "integer")
          ? "number"
          : "string";
  return {
    path: path.join("."),
    envName: ENV_PREFIX + path.map(upperSnake).join("__"),
    type,
    choices: schema.enum ?? null,
    default: schema.default ?? null,
    description: schema.description ?? "",
    isSecret: schema.secret ?? false,
    pathBase: schema.path ?? null,
  };
}

function typesOf(schema: JsonSchema): (string | undefined)[] {
  return schema.anyOf === undefined ? [schema.type] : schema.anyOf.flatMap((branch) => typesOf(branch));
}

function readSections(): ConfigSection[] {
  const root = z.toJSONSchema(configSchema, { io: "input" }) as JsonSchema;
  const topLevel: ConfigSection = { name: null, description: "", keys: [] };
  const sections = [topLevel];
  for (const [name, schema] of Object.entries(root.properties ?? {})) {
    if (schema.properties === undefined) topLevel.keys.push(toKey([name], schema));
    else {
      const keys = Object.entries(schema.properties).map(([key, leaf]) => toKey([name, key], leaf));
      sections.push({ name, description: schema.description ?? "", keys });
    }
  }
  return sections;
}

export const CONFIG_SECTIONS: readonly ConfigSection[] = readSections();
export const CONFIG_KEYS: readonly ConfigKey[] = CONFIG_SECTIONS.flatMap((section) => section.keys);
