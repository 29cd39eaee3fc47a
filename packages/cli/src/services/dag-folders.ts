import { mkdirSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { DagFolder } from "@tradewind/dag-processor";

const EXAMPLES_NAME = "examples";

/**
 * The DAG folders with their names, by which files are known in the database: the folder's own name, and a number where two have the same one. A folder given twice counts once.
 * Those of the configuration come first, so that their names do not depend on options.
 */
export function nameDagFolders(paths: readonly string[], examples: string | null): DagFolder[] {
  const folders: DagFolder[] = [];
  const taken = new Set(examples === null ? [] : [EXAMPLES_NAME]);
  for (const path of new Set(paths.map((path) => resolve(path)))) {
    const wanted = basename(path) || "dags";
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${wanted}-${number}`;
    taken.add(name);
    folders.push({ name, path });
  }
  return examples === null ? folders : [...folders, { name: EXAMPLES_NAME, path: resolve(examples) }];
}

/** A folder that is missing is made, so that the first file can be dropped into it. */
export function makeFolders(folders: readonly DagFolder[]): void {
  for (const { path } of folders) mkdirSync(path, { recursive: true });
}
