import { dirname, resolve } from "node:path";
import { TradewindError } from "@tradewind/core";
import { readConfigFile, valuesOfFile } from "./config-file.ts";
import { CONFIG_KEYS_BY_PATH, type ConfigProblem, type ConfigSource, formatSource, type GivenValue, parseText } from "./config-value.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { CONFIG_KEYS, CONFIG_SECTIONS } from "./keys.ts";
import { findProject, type Project } from "./project.ts";
import { configSchema, type TradewindConfig } from "./schema.ts";
import { suggest } from "./suggest.ts";

export interface LoadConfigOptions {
  /** Usually `process.env`. */
  env: Environment;
  /** Usually `process.cwd()`; relative paths of the environment and of options start here. */
  cwd: string;
  /** What the command line says, by dotted key: `{ "api.port": 9000 }`. Text is read as in the environment. Wins over everything. */
  overrides?: Readonly<Record<string, unknown>>;
  /** Read this config file instead of searching for one. */
  configFile?: string;
}

export interface LoadedConfig {
  config: TradewindConfig;
  /** Where each key's value came from, by dotted key. */
  sources: ReadonlyMap<string, ConfigSource>;
  /** The installation's directory, absolute; see `createHome`. */
  home: string;
  /** The project's folder; DAG folders are relative to it by default. */
  projectFolder: string;
  configFile: string | null;
}

/**
 * Puts the configuration together: defaults, then the config file, then the environment, then the command line.
 * @throws TradewindError `invalid_config` that lists everything that is wrong at once
 */
export async function loadConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  const project = findProject(options.env, options.cwd, options.configFile);
  const fromFile = project.configFile === null ? [] : valuesOfFile(await readConfigFile(project.configFile), project.configFile);
  const fromEnvironment = readEnvironment(options.env, options.cwd);
  const given = [...fromFile, ...fromEnvironment.given, ...valuesOfOptions(options.overrides ?? {})];
  const problems = [...fromEnvironment.problems, ...given.filter((value) => !CONFIG_KEYS_BY_PATH.has(value.path)).map(unknownKey)];

  // Later values win; a value of an unknown key is reported and goes no further.
  const effective = new Map<string, GivenValue>();
  for (const value of given) if (CONFIG_KEYS_BY_PATH.has(value.path)) effective.set(value.path, value);

  const parsed = configSchema.safeParse(nest(effective));
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => schemaProblem(issue, effective)));
  if (problems.length > 0 || parsed.data === undefined) throw invalidConfig(problems);

  const config = parsed.data;
  resolvePaths(config, effective, project, options.cwd);
  const sources = new Map(CONFIG_KEYS.map((key) => [key.path, effective.get(key.path)?.source ?? ({ kind: "default" } as const)]));
  return { config, sources, home: project.home, projectFolder: project.folder, configFile: project.configFile };
}

function valuesOfOptions(overrides: Readonly<Record<string, unknown>>): GivenValue[] {
  return Object.entries(overrides).flatMap(([path, value]): GivenValue[] => {
    if (value === undefined) return [];
    const key = CONFIG_KEYS_BY_PATH.get(path);
    return [{ path, value: key !== undefined && typeof value === "string" ? parseText(key, value) : value, source: { kind: "option" } }];
  });
}

function nest(values: ReadonlyMap<string, GivenValue>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { path, value } of values.values()) {
    const [first, second] = path.split(".") as [string, string | undefined];
    if (second === undefined) root[first] = value;
    else ((root[first] ??= {}) as Record<string, unknown>)[second] = value;
  }
  return root;
}

function unknownKey(value: GivenValue): ConfigProblem {
  const from = formatSource(value.source);
  if (CONFIG_SECTIONS.some((section) => section.name === value.path)) {
    return { where: value.path, message: `expected a group of keys, found ${JSON.stringify(value.value)} (${from})` };
  }
  const nearest = suggest(value.path, CONFIG_KEYS_BY_PATH.keys());
  return { where: value.path, message: `there is no such key (${from})${nearest === null ? "" : `; did you mean ${nearest}?`}` };
}

function schemaProblem(issue: { path: PropertyKey[]; message: string }, effective: ReadonlyMap<string, GivenValue>): ConfigProblem {
  const path = issue.path.slice(0, CONFIG_KEYS_BY_PATH.has(String(issue.path[0])) ? 1 : 2).join(".");
  const value = effective.get(path);
  const message = issue.message.replace(/^Invalid input: /, "");
  if (value === undefined) return { where: path, message };
  const found = CONFIG_KEYS_BY_PATH.get(path)?.isSecret ? "a secret value" : JSON.stringify(value.value);
  return { where: path, message: `${message}; found ${found} (${formatSource(value.source)})` };
}

function invalidConfig(problems: ConfigProblem[]): TradewindError {
  const lines = problems.map((problem) => `  ${problem.where}: ${problem.message}`);
  return new TradewindError(
    "invalid_config",
    `The configuration cannot be used:\n${lines.join("\n")}\nEvery key is described in docs/configuration.md.`,
    {
      details: { problems },
    },
  );
}

/** Makes paths absolute, so that no part of the system depends on the working directory. */
function resolvePaths(config: TradewindConfig, effective: ReadonlyMap<string, GivenValue>, project: Project, cwd: string): void {
  for (const key of CONFIG_KEYS) {
    if (key.pathBase === null) continue;
    const source = effective.get(key.path)?.source;
    const byDefault = key.pathBase === "home" ? project.home : project.folder;
    const base = source === undefined ? byDefault : source.kind === "file" ? dirname(source.path) : cwd;
    const [section, name] = key.path.split(".") as [keyof TradewindConfig, string];
    const group = config[section] as Record<string, unknown>;
    const value = group[name];
    if (value === null) continue;
    group[name] = Array.isArray(value) ? value.map((path: string) => resolve(base, path)) : resolve(base, value as string);
  }
}
