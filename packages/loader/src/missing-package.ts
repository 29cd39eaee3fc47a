import { dirname, join } from "node:path";
import type { ExternalImport } from "./bundle-dag-file.ts";
import { absentInput, type InputFingerprint } from "./fingerprint.ts";

const NODE_MESSAGE = /^Cannot find (?:package|module) '(?<specifier>[^']+)'/u;

/** The package a failed import asked for, or null when the error is about something else. */
export function missingPackage(errorCode: string | null, message: string): string | null {
  if (errorCode !== "ERR_MODULE_NOT_FOUND" && errorCode !== "MODULE_NOT_FOUND") return null;
  const specifier = NODE_MESSAGE.exec(message)?.groups?.["specifier"];
  return specifier === undefined || specifier.startsWith(".") || specifier.startsWith("/") ? null : packageName(specifier);
}

/** `@acme/tools/dates` is in package `@acme/tools`. */
export function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** The author's import of a package; null when one of its packages asks for it, and not the DAG file. */
export function importerOf(name: string, externals: readonly ExternalImport[]): ExternalImport | null {
  return externals.find(({ specifier }) => packageName(specifier) === name) ?? null;
}

/** Where the package would be looked for: that it appears there is a change of the DAG file's inputs, and mends it without an edit. */
export function missingPackageInputs(name: string, resolveFrom: readonly string[]): InputFingerprint[] {
  const paths = new Set<string>();
  for (const folder of resolveFrom) {
    for (let current = folder; ; current = dirname(current)) {
      paths.add(join(current, "node_modules", name, "package.json"));
      if (current === dirname(current)) break;
    }
  }
  return [...paths].sort().map(absentInput);
}
