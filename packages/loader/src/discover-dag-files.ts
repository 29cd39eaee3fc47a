import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import createIgnore, { type Ignore } from "ignore";

/** Patterns in the syntax of .gitignore, for the folder it lies in and all below. Airflow's `.airflowignore` with glob syntax. */
export const IGNORE_FILE = ".tradewindignore";

const DAG_FILE = /\.(?:ts|mts|js|mjs|dag\.yaml|dag\.yml)$/u;
const NO_DAG_FILE = /\.(?:d\.m?ts|test\.m?[jt]s)$/u;

export interface DiscoveredFile {
  /** Absolute; links are not resolved. */
  path: string;
  /** Below the DAG folder, with `/` on every system. */
  relativePath: string;
}

export interface Discovery {
  /** Sorted by relative path. */
  files: DiscoveredFile[];
  /** The folders that were read, absolute: a new file can appear in any of them. */
  folders: string[];
  /** Folders that could not be read. Nothing is known about what is in them: their files must not be taken for deleted. */
  unreadable: { relativePath: string; reason: string }[];
}

/**
 * Finds the files of a DAG folder that may define DAGs: `*.ts`, `*.mts`, `*.js`, `*.mjs`, `*.dag.yaml`, `*.dag.yml`; not `*.d.ts`, not `*.test.ts`, nothing in `node_modules` or in
 * folders whose name begins with a dot, and nothing that a `.tradewindignore` excludes. Reads folders and ignore files, not the files themselves.
 *
 * Links are followed, each real folder once. A DAG folder that is missing altogether comes back as unreadable, and not as empty.
 */
export async function discoverDagFiles(root: string): Promise<Discovery> {
  const walk: Walk = { root: resolve(root), discovery: { files: [], folders: [], unreadable: [] }, seen: new Set() };
  await visit(walk, walk.root, []);
  walk.discovery.files.sort((a, b) => (a.relativePath < b.relativePath ? -1 : 1));
  return walk.discovery;
}

/** Would `discoverDagFiles` consider a file of this name at all? */
export function isDagFileName(path: string): boolean {
  return DAG_FILE.test(path) && !NO_DAG_FILE.test(path);
}

/** Folders that are never entered. */
export function isSkippedFolder(name: string): boolean {
  return name === "node_modules" || name.startsWith(".");
}

interface Walk {
  root: string;
  discovery: Discovery;
  /** Real paths of the folders entered so far: links may form a circle. */
  seen: Set<string>;
}

/** The rules of one ignore file, for paths below its folder. */
interface Rules {
  folder: string;
  matcher: Ignore;
}

async function visit(walk: Walk, folder: string, outerRules: Rules[]): Promise<void> {
  try {
    const real = await realpath(folder);
    if (walk.seen.has(real)) return;
    walk.seen.add(real);
    const entries = await readdir(folder, { withFileTypes: true });
    walk.discovery.folders.push(folder);
    const rules = await withOwnRules(
      folder,
      entries.some(({ name }) => name === IGNORE_FILE),
      outerRules,
    );
    for (const entry of entries) {
      const path = join(folder, entry.name);
      const kind = entry.isSymbolicLink() ? await linkedKind(path) : entry.isDirectory() ? "folder" : entry.isFile() ? "file" : "other";
      if (kind === "folder" && !isSkippedFolder(entry.name) && !isIgnored(rules, path, true)) await visit(walk, path, rules);
      if (kind === "file" && isDagFileName(entry.name) && !isIgnored(rules, path, false)) {
        walk.discovery.files.push({ path, relativePath: slashed(relative(walk.root, path)) });
      }
    }
  } catch (error) {
    walk.discovery.unreadable.push({
      relativePath: slashed(relative(walk.root, folder)),
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}

async function withOwnRules(folder: string, exists: boolean, outer: Rules[]): Promise<Rules[]> {
  if (!exists) return outer;
  const text = await readFile(join(folder, IGNORE_FILE), "utf8");
  return [...outer, { folder, matcher: createIgnore().add(text) }];
}

/** As git: the innermost ignore file that says something about a path decides. */
function isIgnored(rules: readonly Rules[], path: string, isFolder: boolean): boolean {
  for (const { folder, matcher } of rules.toReversed()) {
    const result = matcher.test(`${slashed(relative(folder, path))}${isFolder ? "/" : ""}`);
    if (result.ignored) return true;
    if (result.unignored) return false;
  }
  return false;
}

/** What a link leads to; a dangling one leads to nothing. */
async function linkedKind(path: string): Promise<"folder" | "file" | "other"> {
  const stats = await stat(path).catch(() => null);
  if (stats === null) return "other";
  return stats.isDirectory() ? "folder" : stats.isFile() ? "file" : "other";
}

function slashed(path: string): string {
  return sep === "/" ? path : path.split(sep).join("/");
}
