import { pathToFileURL } from "node:url";
import { collectRegistrations, registeredExports } from "tradewind/internal";
import { dropBundleCode, holdBundleCode, registerBundleResolution } from "./bundle-resolution.ts";

export { useOwnPackage } from "./bundle-resolution.ts";

/** What a DAG file exports. */
export type BundleExports = Record<string, unknown>;

export interface ImportBundleInput {
  /** The stored bundle, `<sha256>.mjs`. */
  path: string;
  /** Folders its packages are looked up from: the DAG's project. See `registerBundleResolution`. */
  resolveFrom: readonly string[];
}

/**
 * Imports a stored bundle **into this process**: author code runs. Only runner children and loader children may call this.
 * Throws whatever the author's code throws.
 */
export async function importBundle(input: ImportBundleInput): Promise<BundleExports> {
  const bundleUrl = pathToFileURL(input.path).href;
  registerBundleResolution({ bundleUrl, resolveFrom: input.resolveFrom });
  return importRegistered(bundleUrl);
}

/** By bundle URL: a module that is imported again does not run again, and registers nothing. */
const importedExports = new Map<string, BundleExports>();

/** With the DAGs that a file for Airflow's SDK registers, which it need not export. */
async function importRegistered(bundleUrl: string): Promise<BundleExports> {
  const { value, registrations } = await collectRegistrations(() => import(bundleUrl) as Promise<BundleExports>);
  const known = importedExports.get(bundleUrl);
  if (known !== undefined) return known;
  const exports = registeredExports(value, registrations);
  if (exports !== value) importedExports.set(bundleUrl, exports);
  return exports;
}

export interface ImportBundleCodeInput {
  /** Not a file: the name of the module in stack traces. Importing the same URL twice gives the same module. */
  bundleUrl: string;
  code: string;
  resolveFrom: readonly string[];
}

/** As `importBundle`, for code that was never written to disk. */
export async function importBundleCode(input: ImportBundleCodeInput): Promise<BundleExports> {
  const { bundleUrl, code, resolveFrom } = input;
  registerBundleResolution({ bundleUrl, resolveFrom });
  holdBundleCode(bundleUrl, code);
  try {
    return await importRegistered(bundleUrl);
  } finally {
    dropBundleCode(bundleUrl);
  }
}
