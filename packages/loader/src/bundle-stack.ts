import { SourceMap } from "node:module";
import { isInternalFrame } from "tradewind/author-frames";

/** A place in one of the author's files. */
export interface AuthorPlace {
  /** The file as the source map names it. */
  source: string;
  line: number;
  column: number | null;
}

export interface MappedStack {
  /** The stack with places in the bundle replaced by places in the author's files, and without frames of Node and Tradewind. */
  stack: string;
  /** The innermost place in the author's files. */
  place: AuthorPlace | null;
}

export interface MapStackOptions {
  /** What the bundle was imported as. */
  bundleUrl: string;
  sourceMap: SourceMap;
  /** How a source of the map is shown. Default: by its name in the map. */
  display?: (source: string) => string;
}

/**
 * A bundle's source map, to be used for any number of stacks.
 * @param json source map v3
 * @throws SyntaxError when it is not JSON
 */
export function readSourceMap(json: string): SourceMap {
  return new SourceMap(JSON.parse(json));
}

/** Turns a stack of bundled code into one of the author's files. Several stacks in one text (an error with its causes) are fine. */
export function mapBundleStack(stack: string, { bundleUrl, sourceMap, display = (source) => source }: MapStackOptions): MappedStack {
  let place: AuthorPlace | null = null;
  const lines: string[] = [];
  for (const line of stack.split("\n")) {
    const found = bundlePlaceIn(line, bundleUrl);
    if (found === null) {
      if (!isInternalFrame(line)) lines.push(line);
      continue;
    }
    const origin = originOf(sourceMap, found);
    if (origin === null) continue; // esbuild's own glue
    place ??= origin;
    const shown = `${display(origin.source)}:${origin.line}${origin.column === null ? "" : `:${origin.column}`}`;
    lines.push(line.replace(found.text, () => shown));
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

function originOf(map: SourceMap, found: BundlePlace): AuthorPlace | null {
  // A line alone (the head of a linking error) is asked for at its end: mappings of a line start after its indentation.
  const entry = map.findEntry(found.line - 1, found.column === null ? Number.MAX_SAFE_INTEGER : found.column - 1);
  if (!("originalSource" in entry) || entry.generatedLine !== found.line - 1) return null;
  const column = found.column === null ? null : entry.originalColumn + 1;
  return { source: entry.originalSource, line: entry.originalLine + 1, column };
}
