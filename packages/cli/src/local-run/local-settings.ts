import { readFileSync } from "node:fs";
import { errorMessage, type Json } from "@tradewind/core";
import type { Connection } from "tradewind/internal";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { parseConnectionUrl } from "../input/connection-url.ts";

const VARIABLE_PREFIX = "TRADEWIND_VAR_";
const CONNECTION_PREFIX = "TRADEWIND_CONN_";

/** Variables and connections of a run without a database: from the environment, as Airflow's AIRFLOW_VAR_… and AIRFLOW_CONN_…, and from a file. */
export class LocalSettings {
  readonly #env: NodeJS.ProcessEnv;
  readonly #variables: Map<string, string>;
  readonly #connections: Map<string, Connection>;

  constructor(env: NodeJS.ProcessEnv, file: { variables: Record<string, unknown>; connections: Record<string, unknown> }) {
    this.#env = env;
    this.#variables = new Map(Object.entries(file.variables).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
    this.#connections = new Map(Object.entries(file.connections).map(([id, value]) => [id, toConnection(id, value)]));
  }

  /** What a task set in this run counts first. */
  getVariable(key: string): string | undefined {
    return this.#variables.get(key) ?? this.#env[VARIABLE_PREFIX + envName(key)];
  }

  setVariable(key: string, value: string): void {
    this.#variables.set(key, value);
  }

  deleteVariable(key: string): boolean {
    return this.#variables.delete(key);
  }

  getConnection(id: string): Connection | undefined {
    const known = this.#connections.get(id);
    const text = this.#env[CONNECTION_PREFIX + envName(id)];
    return known ?? (text === undefined ? undefined : toConnection(id, text));
  }

  howToSet(kind: "variable" | "connection", name: string): string {
    const [prefix, example] = kind === "variable" ? [VARIABLE_PREFIX, "its value"] : [CONNECTION_PREFIX, "its URL"];
    return `Without a server it comes from the environment or a file: set ${prefix}${envName(name)} to ${example}, or name a file with --settings`;
  }
}

const envName = (name: string): string => name.replaceAll(/\W/g, "_").toUpperCase();

export function readLocalSettings(env: NodeJS.ProcessEnv, path: string | undefined): LocalSettings {
  if (path === undefined) return new LocalSettings(env, { variables: {}, connections: {} });
  try {
    const content = JSON.parse(readFileSync(path, "utf8")) as { variables?: object; connections?: object } | null;
    return new LocalSettings(env, { variables: { ...content?.variables }, connections: { ...content?.connections } });
  } catch (error) {
    throw new CliError("invalid_request", `Cannot read the settings file ${path}: ${errorMessage(error)}`, {
      exitCode: EXIT.usage,
      hint: 'It is JSON, such as {"variables": {"region": "eu"}, "connections": {"warehouse": "postgres://user:secret@host/db"}}.',
    });
  }
}

/** A URL, JSON text, or an object with the API's names or the SDK's. */
function toConnection(id: string, given: unknown): Connection {
  const value: unknown = typeof given === "string" && given.trimStart().startsWith("{") ? JSON.parse(given) : given;
  const empty: Connection = {
    connectionId: id,
    connType: "",
    description: null,
    host: null,
    port: null,
    login: null,
    password: null,
    schema: null,
    extra: {},
  };
  if (typeof value === "string") {
    const { extra, ...parts } = parseConnectionUrl(value, `What was given for connection "${id}"`);
    return { ...empty, ...parts, extra: (extra ?? {}) as Record<string, Json> };
  }
  const { conn_type: connType, extra, ...rest } = value as Record<string, unknown>;
  const parsedExtra = (typeof extra === "string" ? JSON.parse(extra) : (extra ?? {})) as Record<string, Json>;
  return {
    ...empty,
    ...(connType === undefined ? {} : { connType: connType as string }),
    ...(rest as Partial<Connection>),
    connectionId: id,
    extra: parsedExtra,
  };
}
