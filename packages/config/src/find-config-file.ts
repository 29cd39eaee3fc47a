import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { TradewindError } from "@tradewind/core";

export const CONFIG_FILE_NAMES = ["ts", "mts", "js", "mjs", "json", "yaml", "yml"].map((extension) => `tradewind.config.${extension}`);

/** The config file of the folder, if it has one. Two are an error: it would not be clear which one counts. */
export function findConfigFileIn(folder: string): string | null {
  const found = CONFIG_FILE_NAMES.filter((name) => existsSync(join(folder, name)));
  if (found.length > 1) throw new TradewindError("invalid_config", `${folder} has several config files: ${found.join(", ")}. Keep one of them.`);
  return found[0] === undefined ? null : join(folder, found[0]);
}

/** The folder itself, then its parents up to the root. */
export function* ancestors(folder: string): Generator<string> {
  for (let current = folder; ; current = dirname(current)) {
    yield current;
    if (dirname(current) === current) return;
  }
}
