import { SourceMap } from "node:module";
import type { AuthorSources } from "./author-source.ts";

/** A place in one of the author's files. */
export interface AuthorPlace {
  /** Absolute path. */
  path: string;
  line: number;
  column: number | null;
}

export interface MappedStack {
  /** The stack with places in the bundle replaced by places in the author's files, and without frames of Node and Tradewind. */
  stack: string;
  /** The innermost place in the author's files. */
  place: AuthorPlace | null;
}

/**
 * Turns a stack of bundled code into one of the author's files.
 * @param bundleUrl what the bundle was imported as
 */
export function mapBundleStack(stack: string, bundleUrl: string, sourceMap: string, sources: AuthorSources): MappedStack {
  const map = new SourceMap(JSON.parse(sourceMap));
  let place: AuthorPlace | null = null;
  const lines: string[] = [];
  for (const line of stack.split("\n")) {
    const found = bundlePlaceIn(line, bundleUrl);
    if (found === null) {
      if (!isInternalFrame(line)) lines.push(line);
      continue;
    }
    const origin = originOf(map, found, sources);
    if (origin === null) continue; // esbuild's own glue
    place ??= origin;
    const shown = `${sources.display(origin.path)}:${origin.line}${origin.column === null ? "" : `:${origin.column}`}`;
    lines.push(line.replace(found.text, shown));
  }
  return { stack: lines.join("\n"), place };
}

interface BundlePlace {
  text: string;
  line: number;
  column: number | null;
}

function bundlePlaceIn(line: string, bundleUrl: string): BundlePlace | null {
  const start = line.indexOf(`${bundleUrl}:`);
  if (start === -1) return null;
  const numbers = /^:(?<line>\d+)(?::(?<column>\d+))?/u.exec(line.slice(start + bundleUrl.length));
  if (numbers === null) return null;
  const column = numbers.groups?.["column"];
  return { text: bundleUrl + numbers[0], line: Number(numbers.groups?.["line"]), column: column === undefined ? null : Number(column) };
}

function originOf(map: SourceMap, found: BundlePlace, sources: AuthorSources): AuthorPlace | null {
  // A line alone (the head of a linking error) is asked for at its end: mappings of a line start after its indentation.
  const entry = map.findEntry(found.line - 1, found.column === null ? Number.MAX_SAFE_INTEGER : found.column - 1);
  if (!("originalSource" in entry) || entry.generatedLine !== found.line - 1) return null;
  const column = found.column === null ? null : entry.originalColumn + 1;
  return { path: sources.absolute(entry.originalSource), line: entry.originalLine + 1, column };
}

/** Frames that tell an author nothing: Node's module loader, the loader child, the SDK's inside. */
function isInternalFrame(line: string): boolean {
  return /^\s+at .*(?:\(|at |async )(?:node:internal|file:\/\/.*\/(?:loader|sdk)\/src\/)/u.test(line);
}
