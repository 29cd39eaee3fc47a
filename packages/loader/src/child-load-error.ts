import { mapBundleStack, type MappedStack, readSourceMap } from "./bundle-stack.ts";
import type { DagBundle } from "./bundle-dag-file.ts";
import type { ChildAnswer, ChildDeath } from "./child-process.ts";
import type { ChildErrorKind, ThrownError } from "./child-protocol.ts";
import type { DagImportError, DagImportErrorKind } from "./import-error.ts";
import { importerOf, missingPackage } from "./missing-package.ts";
import { isYamlDagFile, yamlPlace } from "./yaml-bundle.ts";

export interface LoadedAs {
  bundle: DagBundle;
  bundleUrl: string;
  /** Absolute real path of the DAG file, and how it is shown. */
  entryPath: string;
  /** Folder in which the author installs packages. */
  projectFolder: string;
  timeoutMs: number;
  memoryLimitMb: number;
}

type FailedAnswer = Extract<ChildAnswer, { answered: false }>;

/** An error that the child caught. */
export function thrownToImportError(kind: ChildErrorKind, thrown: ThrownError, output: string | null, load: LoadedAs): DagImportError {
  const { sources } = load.bundle;
  const name = missingPackage(thrown.code, thrown.message);
  if (name !== null) return { ...missingPackageError(name, load), output };
  const written = isYamlDagFile(load.entryPath) ? yamlPlace(thrown.stack) : null;
  if (written !== null) return yamlError(thrown, written, output, load);
  const mapped = thrown.stack === null ? null : mapThrown(thrown.stack, load);
  const found = mapped?.place ?? null;
  const place = found === null ? null : { ...found, path: sources.absolute(found.source) };
  return {
    kind: kindOf(kind, thrown),
    message: messageOf(kind, thrown),
    file: sources.display(place?.path ?? load.entryPath),
    line: place?.line ?? null,
    column: place?.column ?? null,
    frame: place === null ? null : sources.frame(place.path, place.line, place.column),
    stack: mapped?.stack ?? null,
    output,
  };
}

/** What is wrong with a YAML DAG; its stack would tell of the program that reads it. */
function yamlError(thrown: ThrownError, { line, column }: { line: number; column: number }, output: string | null, load: LoadedAs): DagImportError {
  const { sources } = load.bundle;
  const place = { file: sources.display(load.entryPath), line, column, frame: sources.frame(load.entryPath, line, column) };
  return { kind: thrown.message.startsWith("This is not YAML") ? "syntax" : "invalid_dag", message: thrown.message, ...place, stack: null, output };
}

function mapThrown(stack: string, { bundle, bundleUrl }: LoadedAs): MappedStack {
  const { sources, sourceMap } = bundle;
  return mapBundleStack(stack, { bundleUrl, sourceMap: readSourceMap(sourceMap), display: (source) => sources.display(sources.absolute(source)) });
}

function kindOf(kind: ChildErrorKind, thrown: ThrownError): DagImportErrorKind {
  return kind === "throw" && (thrown.code?.startsWith("invalid_") ?? false) ? "invalid_dag" : kind;
}

function messageOf(kind: ChildErrorKind, thrown: ThrownError): string {
  switch (kind) {
    case "exit":
      return `${thrown.message} while the file was loaded. A DAG file is also imported where its tasks run; code that may exit belongs into a task.`;
    case "unhandled_rejection":
      return `A promise was rejected and nobody handled it: ${thrown.message}. Await it, or move the work into a task.`;
    case "invalid_dag":
    case "too_large":
      return thrown.message;
    case "throw":
      return thrown.name === "Error" || thrown.name === "TradewindError" ? thrown.message : `${thrown.name}: ${thrown.message}`;
  }
}

function missingPackageError(name: string, load: LoadedAs): DagImportError {
  const { sources, externals } = load.bundle;
  const importer = importerOf(name, externals);
  const path = importer?.importer ?? load.entryPath;
  const line = importer === null ? null : lineOfImport(sources.text(path) ?? "", importer.specifier);
  const who =
    importer === null
      ? `A package that ${sources.display(path)} uses needs the package "${name}", which`
      : `${sources.display(path)} imports the package "${name}", which`;
  return {
    kind: "missing_package",
    message: `${who} is not installed. Install it in the project of the DAG files: cd ${load.projectFolder} && npm install ${name}`,
    file: sources.display(path),
    line,
    column: null,
    frame: line === null ? null : sources.frame(path, line, null),
    stack: null,
    output: null,
  };
}

function lineOfImport(text: string, specifier: string): number | null {
  const index = text.split(/\r?\n/u).findIndex((line) => line.includes(`"${specifier}"`) || line.includes(`'${specifier}'`));
  return index === -1 ? null : index + 1;
}

/** A child that could not answer any more. */
export function deathToImportError({ death, stderr }: FailedAnswer, load: LoadedAs): DagImportError {
  return {
    kind: death.kind,
    message: describeDeath(death, load),
    file: load.bundle.sources.display(load.entryPath),
    line: null,
    column: null,
    frame: null,
    stack: null,
    output: stderr === "" ? null : stderr,
  };
}

function describeDeath(death: ChildDeath, { timeoutMs, memoryLimitMb }: LoadedAs): string {
  switch (death.kind) {
    case "timeout":
      return `Loading the file took longer than ${timeoutMs / 1000} s. Code outside of tasks should only define DAGs: move slow work, endless loops and requests into tasks.`;
    case "out_of_memory":
      return `Loading the file took more than ${memoryLimitMb} MB of memory. Code outside of tasks should only define DAGs: load data in tasks.`;
    case "exit":
      return `The file ended the process that loaded it (exit code ${death.exitCode}). A DAG file is also imported where its tasks run; code that may exit belongs into a task.`;
    case "crash":
      return `The process that loaded the file crashed (${death.signal}), perhaps in a native module it imports.`;
  }
}
