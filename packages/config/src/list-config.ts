import { formatSource } from "./config-value.ts";
import { CONFIG_KEYS } from "./keys.ts";
import type { LoadedConfig } from "./load-config.ts";
import type { TradewindConfig } from "./schema.ts";

export interface ListedConfig {
  key: string;
  /** The value in use; a secret is masked. */
  value: unknown;
  default: unknown;
  /** "default", a config file's path, a variable's name, or "command line". */
  source: string;
  envName: string;
  description: string;
}

const MASK = "********";

/** Every key with its value, for people: what is in use and why. */
export function listConfig(loaded: LoadedConfig): ListedConfig[] {
  return CONFIG_KEYS.map((key) => {
    const value = getValue(loaded.config, key.path);
    return {
      key: key.path,
      value: key.isSecret ? maskSecret(value) : value,
      default: key.default,
      source: formatSource(loaded.sources.get(key.path) ?? { kind: "default" }),
      envName: key.envName,
      description: key.description,
    };
  });
}

/** The value of a dotted key. */
function getValue(config: TradewindConfig, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], config);
}

/** Of a URL, people need to see the host; the user's password is what is secret, and any parameter may be one. */
function maskSecret(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (!/^[a-z]+:\/\//.test(value) || !URL.canParse(value)) return MASK;
  const url = new URL(value);
  const user = url.username === "" ? "" : `${url.username}${url.password === "" ? "" : `:${MASK}`}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}${url.search === "" ? "" : `?${MASK}`}`;
}
