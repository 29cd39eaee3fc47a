import { dirname } from "node:path";
import type { BuildFailure, Message } from "esbuild";
import { type AuthorFiles, recordMissingImport } from "./author-files-plugin.ts";
import type { DagImportError, DagImportErrorKind } from "./import-error.ts";

/** What esbuild found wrong, in terms of the author's files. All errors are told; the place is that of the first. */
export function buildFailureToImportError(failure: BuildFailure, files: AuthorFiles, entryPath: string): DagImportError {
  for (const message of failure.errors) rememberMissingImport(message, files, entryPath);
  const first = failure.errors[0];
  if (first === undefined) return { ...noPlace(files.sources.display(entryPath)), kind: "syntax", message: failure.message };
  const path = messagePath(first, files, entryPath);
  const line = first.location?.line ?? null;
  const column = first.location === null ? null : first.location.column + 1;
  return {
    kind: kindOf(first),
    message: [describe(first), ...failure.errors.slice(1).map((other) => `${placeOf(other, files, entryPath)}: ${describe(other)}`)].join("\n"),
    file: files.sources.display(path),
    line,
    column,
    frame: line === null ? null : files.sources.frame(path, line, column),
    stack: null,
    output: null,
  };
}

const UNRESOLVED = /^Could not resolve "(?<specifier>.+)"$/u;
const NO_LOADER = /^No loader is configured for "(?<extension>.+)" files/u;

function kindOf(message: Message): DagImportErrorKind {
  return UNRESOLVED.test(message.text) || NO_LOADER.test(message.text) ? "unresolved_import" : "syntax";
}

function describe(message: Message): string {
  const specifier = UNRESOLVED.exec(message.text)?.groups?.["specifier"];
  if (specifier !== undefined) return `The import "${specifier}" names no file. Check the path and the extension, relative to the importing file.`;
  const extension = NO_LOADER.exec(message.text)?.groups?.["extension"];
  if (extension !== undefined) {
    return `Files ending in "${extension}" cannot be imported. Possible are .ts, .js, .json, .yaml, .yml, .sql, .txt, .md, and any file as text by: import … with { type: "text" }.`;
  }
  return message.text;
}

function placeOf(message: Message, files: AuthorFiles, entryPath: string): string {
  const file = files.sources.display(messagePath(message, files, entryPath));
  return message.location === null ? file : `${file}:${message.location.line}:${message.location.column + 1}`;
}

function messagePath(message: Message, files: AuthorFiles, entryPath: string): string {
  if (typeof message.detail === "string") return message.detail;
  return message.location === null ? entryPath : files.sources.absolute(message.location.file);
}

function rememberMissingImport(message: Message, files: AuthorFiles, entryPath: string): void {
  const specifier = UNRESOLVED.exec(message.text)?.groups?.["specifier"];
  if (specifier === undefined || message.location === null) return;
  recordMissingImport(files, dirname(messagePath(message, files, entryPath)), specifier);
}

function noPlace(file: string): Omit<DagImportError, "kind" | "message"> {
  return { file, line: null, column: null, frame: null, stack: null, output: null };
}
