import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { DagSpec } from "@tradewind/core";
import type { SpecDefaults } from "../spec-defaults.ts";

/** What `checkDags` uses of the loader of an installation. */
export interface InstalledLoader {
  createDagLoader(options: { keepWarm: boolean; processes: number; timeoutMs?: number; defaults?: Partial<SpecDefaults> }): {
    load(request: { path: string; root: string }): Promise<FileLoad>;
    stop(): Promise<void>;
  };
  discoverDagFiles(root: string): Promise<{
    files: { path: string; relativePath: string }[];
    unreadable: { relativePath: string; reason: string }[];
  }>;
  stopBundler(): Promise<void>;
}

export type FileLoad = {
  inputs: { path: string }[];
  warnings: { message: string }[];
} & (
  | { ok: true; dags: { dagId: string; spec: DagSpec }[] }
  | { ok: false; error: { message: string; file: string; line: number | null; column: number | null; frame: string | null } }
);

/**
 * The loader that the project's own installation would load its DAG files with, so that a test finds what the installation would find. This package does not depend on it: whoever runs DAGs has it.
 * @throws Error when the project has none
 */
export async function findInstalledLoader(folder: string): Promise<InstalledLoader> {
  for (const from of [resolve(folder), process.cwd()]) {
    const path = resolveFrom(from, "@tradewind/loader") ?? throughCli(from);
    if (path !== null) return (await import(pathToFileURL(path).href)) as InstalledLoader;
  }
  throw new Error(
    `checkDags("${folder}") loads DAG files as an installation does, and found none in the project: neither "@tradewind/loader" nor "@tradewind/cli" can be resolved from there. Install one: npm install --save-dev @tradewind/cli.`,
  );
}

function throughCli(from: string): string | null {
  const cli = resolveFrom(from, "@tradewind/cli");
  return cli === null ? null : resolveFrom(cli, "@tradewind/loader");
}

function resolveFrom(from: string, name: string): string | null {
  try {
    return createRequire(join(from, "package.json")).resolve(name);
  } catch {
    return null;
  }
}
