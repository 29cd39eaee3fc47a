import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { errorMessage, TradewindError } from "@tradewind/core";
import { ancestors, findConfigFileIn } from "./find-config-file.ts";
import type { Environment } from "./environment.ts";

const HOME_NAME = ".tradewind";

export interface Project {
  /** The folder that the config file is in, or that holds the home directory, or the working directory. */
  folder: string;
  /** Where the installation keeps what it makes: embedded database, generated secrets, logs. Absolute; may not exist yet. */
  home: string;
  configFile: string | null;
}

/**
 * Finds the project that a command is about: the nearest folder, from the working directory upwards, with a config file or a home directory. So a
 * command means the same installation from any folder below.
 */
export function findProject(env: Environment, cwd: string, configFile?: string): Project {
  const explicitHome = env["TRADEWIND_HOME"] ? resolve(cwd, env["TRADEWIND_HOME"]) : null;
  const explicitFile = configFile ?? (env["TRADEWIND_CONFIG"] || null);
  if (explicitFile !== null) {
    const path = resolve(cwd, explicitFile);
    if (!existsSync(path)) throw new TradewindError("invalid_config", `The config file ${path} does not exist.`);
    return { folder: cwd, home: explicitHome ?? join(cwd, HOME_NAME), configFile: path };
  }
  for (const folder of ancestors(cwd)) {
    const file = findConfigFileIn(folder);
    const home = join(folder, HOME_NAME);
    if (file !== null || home === explicitHome || existsSync(home)) return { folder, home: explicitHome ?? home, configFile: file };
  }
  return { folder: cwd, home: explicitHome ?? join(cwd, HOME_NAME), configFile: null };
}

/** Makes the home directory, readable by its owner only: it holds secrets. */
export function createHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new TradewindError(
      "invalid_config",
      `Cannot make the home directory ${home}: ${errorMessage(error)}. Set TRADEWIND_HOME to a directory that this user may write.`,
      { cause: error },
    );
  }
}
