import { relative, resolve, sep } from "node:path";
import { codeFrame } from "./code-frame.ts";

/**
 * The author's files as they were read for one bundle. Places in errors are shown from here and not from disk, where the file may have changed since.
 */
export class AuthorSources {
  /** The DAG folder, as a real path: names in messages are relative to it. */
  readonly #root: string;
  /** Folder of the DAG file, as a real path: names in the bundle and in its source map are relative to it. */
  readonly #base: string;
  readonly #textByPath = new Map<string, string>();
  readonly #shownAs = new Map<string, string>();

  constructor(root: string, base: string) {
    this.#root = root;
    this.#base = base;
  }

  add(path: string, text: string): void {
    this.#textByPath.set(path, text);
  }

  /** A file that is known to its author under another path than its real one (a link) is shown under that one. */
  showAs(path: string, shownPath: string): void {
    this.#shownAs.set(path, shownPath);
  }

  text(path: string): string | null {
    return this.#textByPath.get(path) ?? null;
  }

  entries(): IterableIterator<[string, string]> {
    return this.#textByPath.entries();
  }

  /** Absolute path of a name in the bundle or its source map. */
  absolute(bundleName: string): string {
    return resolve(this.#base, bundleName);
  }

  /** How a path is shown to people: relative to the DAG folder. */
  display(path: string): string {
    return this.#shownAs.get(path) ?? displayPath(this.#root, path);
  }

  /** A source map of the bundle, with the names that people know the files by. */
  displayedMap(sourceMap: string): string {
    const map = JSON.parse(sourceMap) as { sources: string[] };
    return JSON.stringify({ ...map, sources: map.sources.map((name) => this.display(this.absolute(name))) });
  }

  frame(path: string, line: number, column: number | null): string | null {
    const text = this.text(path);
    return text === null ? null : codeFrame(text, line, column);
  }
}

/** A path relative to a folder, with `/` on every system. */
export function displayPath(root: string, path: string): string {
  return relative(root, path).split(sep).join("/");
}
