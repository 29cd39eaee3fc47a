import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { readSourceFile, type SourceFile } from "./source-file.ts";

export interface WorkspaceFile extends SourceFile {
  /** From the workspace's root, with forward slashes. */
  path: string;
}

export interface WorkspacePackage {
  /** The folder below packages/. */
  folder: string;
  npmName: string;
  dependencies: ReadonlySet<string>;
  devDependencies: ReadonlySet<string>;
  /** The sub-paths that others may import: ".", "./testing" … */
  exports: ReadonlySet<string>;
  files: WorkspaceFile[];
}

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  exports?: Record<string, unknown>;
}

/** Every package of the workspace with its parsed sources. */
export function readWorkspace(root: string): WorkspacePackage[] {
  const packages = join(root, "packages");
  return readdirSync(packages)
    .filter((folder) => existsSync(join(packages, folder, "package.json")))
    .sort()
    .map((folder) => readPackage(root, folder));
}

function readPackage(root: string, folder: string): WorkspacePackage {
  const directory = join(root, "packages", folder);
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
  const files = ["src", "test"].flatMap((part) => [...sourceFiles(join(directory, part))]);
  return {
    folder,
    npmName: manifest.name,
    dependencies: new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies })),
    devDependencies: new Set(Object.keys(manifest.devDependencies ?? {})),
    exports: new Set(Object.keys(manifest.exports ?? {})),
    files: files.map((path) => ({ path: relative(root, path).split(sep).join("/"), ...readSourceFile(path, readFileSync(path, "utf8")) })),
  };
}

function* sourceFiles(directory: string): Generator<string> {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    // What lies in a fixtures folder is material for tests: broken on purpose, or an author's file.
    if (entry.isDirectory() && entry.name !== "node_modules" && entry.name !== "fixtures") yield* sourceFiles(path);
    else if (entry.isFile() && /\.(ts|tsx|mts|js|mjs)$/.test(entry.name)) yield path;
  }
}
