import { dirname, sep } from "node:path";
import { checkFingerprints, discoverDagFiles, type Discovery } from "@tradewind/loader";
import { type DagFolder, fileKey, type FileState, newFileState } from "./file-state.ts";

export interface FolderScan {
  /** Files to load. */
  toLoad: FileState[];
  /** Known files that were not found, in folders that could be read. */
  missing: FileState[];
  /** Folders in which a file may appear or change. */
  watch: Set<string>;
  unreadable: { folder: string; reason: string }[];
  files: number;
}

/**
 * Compares the folders with what is known of them. Costs one listing per folder and one stat per file and input; reads nothing that has not changed.
 * New files are added to `states`.
 */
export async function scanFolders(folders: readonly DagFolder[], states: Map<string, FileState>, nowMs: number): Promise<FolderScan> {
  const scan: FolderScan = { toLoad: [], missing: [], watch: new Set(), unreadable: [], files: 0 };
  const found = new Set<FileState>();
  for (const folder of folders) {
    const discovery = await discoverDagFiles(folder.path);
    for (const path of discovery.folders) scan.watch.add(path);
    for (const { relativePath, reason } of discovery.unreadable) scan.unreadable.push({ folder: `${folder.path}/${relativePath}`, reason });
    for (const file of discovery.files) found.add(stateOf(states, folder, file.relativePath, file.path));
    for (const state of states.values()) {
      if (state.folder.name === folder.name && !found.has(state) && !isHidden(state, discovery)) scan.missing.push(state);
    }
  }
  for (const state of found) {
    state.vanishedAtMs = null;
    if (await needsLoad(state, nowMs)) scan.toLoad.push(state);
  }
  scan.files = found.size;
  return scan;
}

/**
 * Did anything a file depends on change, or is it time to try again? Refreshes its fingerprints on the way.
 */
export async function needsLoad(state: FileState, nowMs: number): Promise<boolean> {
  if (state.retryAtMs !== null && state.retryAtMs <= nowMs) return true;
  if (state.inputs === null) return state.retryAtMs === null;
  const before = state.inputs;
  const check = await checkFingerprints(before);
  if (check.unchanged && state.inputs === before) state.inputs = check.inputs;
  return !check.unchanged;
}

/**
 * The folders of what a file depends on: parts of it may lie outside of the DAG folder. Where a package was looked for in vain is left to the regular scan:
 * those are the node_modules of every folder up to the root.
 */
export function inputFolders({ inputs }: FileState): Set<string> {
  return new Set((inputs ?? []).filter(({ path }) => !path.includes(`${sep}node_modules${sep}`)).map(({ path }) => dirname(path)));
}

function stateOf(states: Map<string, FileState>, folder: DagFolder, relativePath: string, path: string): FileState {
  const key = fileKey(folder.name, relativePath);
  const known = states.get(key);
  if (known !== undefined) return known;
  const state = newFileState(folder, relativePath, path);
  states.set(key, state);
  return state;
}

/** In a folder that could not be read: nobody knows whether it is still there. */
function isHidden(state: FileState, discovery: Discovery): boolean {
  return discovery.unreadable.some(({ relativePath }) => relativePath === "" || state.relativePath.startsWith(`${relativePath}/`));
}
