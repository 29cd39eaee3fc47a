import { extname, resolve } from "node:path";
import type { Loader, OnLoadResult, Plugin } from "esbuild";
import { LineCounter, parseDocument } from "yaml";
import type { AuthorSources } from "./author-source.ts";
import { absentInput, type InputFingerprint, readInput, type ReadInput } from "./fingerprint.ts";

const LOADERS: Record<string, Loader> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
  ".json": "json",
  ".yaml": "json",
  ".yml": "json",
  ".sql": "text",
  ".txt": "text",
  ".md": "text",
};

/** Where esbuild looks for a relative import without an extension. */
const TRIED_SUFFIXES = ["", ".ts", ".tsx", ".mts", ".js", ".mjs", ".json", "/index.ts", "/index.js"];

export interface AuthorFiles {
  sources: AuthorSources;
  /** Everything the bundle depends on, by absolute path: files that were read, and files that were looked for in vain. */
  inputs: Map<string, InputFingerprint>;
}

/**
 * Reads each of the author's files itself, so that the fingerprints are those of exactly the bytes that were bundled; knows the kinds of files that give
 * their content.
 */
export function authorFilesPlugin(files: AuthorFiles, entry: ReadInput): Plugin {
  return {
    name: "author-files",
    setup(build) {
      // No flags: esbuild reads the expression in Go, which knows no "u".
      build.onLoad({ filter: /./, namespace: "file" }, async ({ path, with: attributes }) => {
        const loader = attributes["type"] === "text" ? "text" : LOADERS[extname(path).toLowerCase()];
        if (loader === undefined) return undefined; // esbuild says so, at the place of the import
        const input = path === entry.fingerprint.path ? entry : await readInput(path);
        const text = authorText(input);
        files.inputs.set(path, input.fingerprint);
        files.sources.add(path, text);
        return /\.ya?ml$/iu.test(path) && loader === "json" ? loadYaml(text, path, files.sources) : { contents: text, loader };
      });
    },
  };
}

/** A relative import that names no file: the file it may have meant is an input, so that creating it mends the import. */
export function recordMissingImport(files: AuthorFiles, importerFolder: string, specifier: string): void {
  for (const suffix of TRIED_SUFFIXES) {
    const path = resolve(importerFolder, `${specifier}${suffix}`);
    if (!files.inputs.has(path)) files.inputs.set(path, absentInput(path));
  }
}

function loadYaml(text: string, path: string, sources: AuthorSources): OnLoadResult {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const error = document.errors[0];
  if (error === undefined) return { contents: JSON.stringify(document.toJS({ maxAliasCount: 100 }) ?? null), loader: "json" };
  const { line, col } = lineCounter.linePos(error.pos[0]);
  return {
    errors: [
      {
        text: error.message,
        location: { file: sources.display(path), line, column: col - 1, lineText: text.split("\n")[line - 1] ?? "" },
        detail: path,
      },
    ],
  };
}

/** Without a byte order mark. */
export function authorText({ content }: ReadInput): string {
  const text = content.toString("utf8");
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}
