import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { errorMessage } from "@tradewind/core";
import { type ConfigProblem, type GivenValue, parseText } from "./config-value.ts";
import { CONFIG_KEYS, ENV_PREFIX } from "./keys.ts";
import { suggest } from "./suggest.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const FILE_SUFFIX = "_FILE";
const KEYS_BY_ENV_NAME = new Map(CONFIG_KEYS.map((key) => [key.envName, key]));

/**
 * The values that the environment gives. An empty variable counts as unset, because compose files and charts pass optional variables on as empty ones.
 */
export function readEnvironment(env: Environment, cwd: string): { given: GivenValue[]; problems: ConfigProblem[] } {
  const given: GivenValue[] = [];
  const problems: ConfigProblem[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(ENV_PREFIX) || text === undefined || text === "") continue;
    const key = KEYS_BY_ENV_NAME.get(name);
    if (key !== undefined) {
      given.push({ path: key.path, value: parseText(key, text), source: { kind: "env", name } });
      continue;
    }
    const result = readSecretFile(name, text, env, cwd) ?? unknownVariable(name);
    if ("message" in result) problems.push(result);
    else given.push(result);
  }
  return { given, problems };
}

function readSecretFile(name: string, file: string, env: Environment, cwd: string): GivenValue | ConfigProblem | undefined {
  const key = name.endsWith(FILE_SUFFIX) ? KEYS_BY_ENV_NAME.get(name.slice(0, -FILE_SUFFIX.length)) : undefined;
  if (key === undefined) return undefined;
  if (!key.isSecret) return { where: name, message: `only secrets can be read from a file; set ${key.envName}` };
  if (env[key.envName]) return { where: name, message: `${key.envName} is set as well; keep one of the two` };
  const path = resolve(cwd, file);
  try {
    const value = readFileSync(path, "utf8").trim();
    if (value === "") return { where: name, message: `the file ${path} is empty` };
    return { path: key.path, value, source: { kind: "secret-file", name, path } };
  } catch (error) {
    return { where: name, message: `cannot read the file: ${errorMessage(error)}` };
  }
}

function unknownVariable(name: string): ConfigProblem {
  const nearest = suggest(name, KEYS_BY_ENV_NAME.keys());
  return { where: name, message: `there is no such key${nearest === null ? "" : `; did you mean ${nearest}?`}` };
}
