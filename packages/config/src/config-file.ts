import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { pathToFileURL } from "node:url";
import { errorMessage, TradewindError } from "@tradewind/core";
import { parse as parseYaml } from "yaml";
import type { GivenValue } from "./config-value.ts";
import { CONFIG_SECTIONS } from "./keys.ts";

/**
 * What a config file says. A TypeScript or JavaScript file is run: it belongs to the people who operate the installation, not to DAG authors.
 */
export async function readConfigFile(path: string): Promise<unknown> {
  try {
    switch (extname(path)) {
      case ".json":
        return JSON.parse(readFileSync(path, "utf8")) as unknown;
      case ".yaml":
      case ".yml":
        return (parseYaml(readFileSync(path, "utf8")) as unknown) ?? {};
      default:
        return await importConfig(path);
    }
  } catch (error) {
    throw new TradewindError("invalid_config", `Cannot read the config file ${path}: ${errorMessage(error)}`, { cause: error });
  }
}

async function importConfig(path: string): Promise<unknown> {
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  if (!("default" in module)) throw new Error(`${basename(path)} has no default export; write \`export default { … }\``);
  return await module["default"];
}

const SECTION_NAMES: ReadonlySet<string> = new Set(CONFIG_SECTIONS.map((section) => section.name).filter((name) => name !== null));

const isPlainObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** The leaves of a config file's object. A section that is no object stays one leaf, to be refused by its name; an empty one (`api:` in YAML) gives nothing. */
export function valuesOfFile(content: unknown, path: string): GivenValue[] {
  if (!isPlainObject(content))
    throw new TradewindError("invalid_config", `The config file ${path} must hold an object, and holds ${describe(content)}.`);
  const source = { kind: "file", path } as const;
  return Object.entries(content).flatMap(([name, value]): GivenValue[] => {
    if (value === undefined || (value === null && SECTION_NAMES.has(name))) return [];
    if (!SECTION_NAMES.has(name) || !isPlainObject(value)) return [{ path: name, value, source }];
    return Object.entries(value).flatMap(([key, leaf]) => (leaf === undefined ? [] : [{ path: `${name}.${key}`, value: leaf, source }]));
  });
}

function describe(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
