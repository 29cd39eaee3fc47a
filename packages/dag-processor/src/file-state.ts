import type { Json } from "@tradewind/core";
import type { InputFingerprint } from "@tradewind/loader";

/** A folder with DAG files, as Airflow's DAG bundle. */
export interface DagFolder {
  /** Stable: DAG files are known by folder name and path below it. */
  name: string;
  path: string;
}

/** What this process knows of one DAG file. */
export interface FileState {
  folder: DagFolder;
  relativePath: string;
  path: string;
  /** What the last recorded outcome depended on; null: never loaded, or by another release or under other settings. */
  inputs: InputFingerprint[] | null;
  hasError: boolean;
  /** It defines a DAG that another file owns, to its regret or by its own will; as soon as any file lets go of a DAG, this one may have it. */
  hasRejectedDags: boolean;
  /** Epoch ms; null: nothing is to be tried again. */
  retryAtMs: number | null;
  failuresInARow: number;
  loadedAtMs: number | null;
  /** Not there since then (epoch ms): perhaps an editor is in the middle of saving it. */
  vanishedAtMs: number | null;
  /** Without content since then, for the same reason. */
  emptiedAtMs: number | null;
}

export function newFileState(folder: DagFolder, relativePath: string, path: string): FileState {
  return {
    folder,
    relativePath,
    path,
    inputs: null,
    hasError: false,
    hasRejectedDags: false,
    retryAtMs: null,
    failuresInARow: 0,
    loadedAtMs: null,
    vanishedAtMs: null,
    emptiedAtMs: null,
  };
}

/** Unique over all folders. */
export function fileKey(folderName: string, relativePath: string): string {
  return `${folderName}\0${relativePath}`;
}

const FORMAT = 1;

/** What besides a file's inputs decides about its specs: the same file may read otherwise by another release of Tradewind, or under other settings of the loader. */
export interface LoadedBy {
  release: string;
  /** See `DagLoader.settingsSha256`. */
  settingsSha256: string;
}

/** Fingerprints as they are kept in the database, so that a restart with unchanged files costs stats only. */
export function writeFingerprint({ release, settingsSha256 }: LoadedBy, inputs: readonly InputFingerprint[]): Json {
  return { format: FORMAT, release, settingsSha256, inputs: inputs.map((input) => ({ ...input })) };
}

/** Null when the stored value is none of ours, or was written by another release or under other settings. */
export function readFingerprint({ release, settingsSha256 }: LoadedBy, stored: Json): InputFingerprint[] | null {
  if (typeof stored !== "object" || stored === null || Array.isArray(stored)) return null;
  if (stored["format"] !== FORMAT || stored["release"] !== release || stored["settingsSha256"] !== settingsSha256) return null;
  if (!Array.isArray(stored["inputs"])) return null;
  const inputs = stored["inputs"] as unknown[];
  return inputs.every(isInputFingerprint) ? inputs : null;
}

function isInputFingerprint(value: unknown): value is InputFingerprint {
  if (typeof value !== "object" || value === null) return false;
  const input = value as Record<keyof InputFingerprint, unknown>;
  return (
    typeof input.path === "string" &&
    typeof input.mtimeMs === "number" &&
    typeof input.size === "number" &&
    typeof input.inode === "number" &&
    typeof input.statAtMs === "number" &&
    (input.sha256 === null || typeof input.sha256 === "string")
  );
}
