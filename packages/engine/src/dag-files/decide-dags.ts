import type { LockedDag, LockedDagFile } from "@tradewind/metadata";
import type { LoadedDagFile, RecordedDagFile } from "../engine.ts";

type LoadedResult = Extract<LoadedDagFile["result"], { ok: true }>;
export type LoadedDag = LoadedResult["dags"][number];

/** A file that was loaded, with its row. */
export interface StoredFile {
  row: LockedDagFile;
  /** Of the file among those that are recorded together. */
  index: number;
  loaded: LoadedDagFile;
}

/** `revived`: a DAG without a change may run again, since the file loads once more. */
export type Recorded = RecordedDagFile & { revived: boolean };

/** A DAG that is written: it is new, changed, or belongs to this file from now on. */
export interface WrittenDag {
  file: StoredFile;
  dag: LoadedDag;
  before: LockedDag | undefined;
  versionNumber: number;
  isNewVersion: boolean;
}

/** What recording files comes to, found out without the database. */
export interface DagDecisions {
  /** In the order of the files. */
  recorded: Recorded[];
  written: WrittenDag[];
  /** As they were. */
  touched: { dagId: string; parseDurationMs: number }[];
  /** Their files load no more. */
  unloadable: string[];
  /** Their files do not define them any more, and no other of these files does. */
  hidden: string[];
}

/**
 * What becomes of the DAGs of loaded files. No two of the files may define the same DAG.
 * @param known every DAG that one of the files defines, or had before
 */
export function decideDags(files: readonly StoredFile[], known: readonly LockedDag[]): DagDecisions {
  const decisions: DagDecisions = { recorded: [], written: [], touched: [], unloadable: [], hidden: [] };
  const knownById = new Map(known.map((dag) => [dag.dagId, dag]));
  const definedBy = new Map(files.flatMap((file) => dagsOf(file).map(({ dagId }) => [dagId, file.row.id])));
  const knownByFile = Map.groupBy(known, ({ dagFileId }) => dagFileId);
  /** Their files were read again and do not define them any more: they belong to nobody, whichever of the files comes first. */
  const left = new Set<string>();
  for (const { row, loaded } of files)
    for (const { dagId } of knownByFile.get(row.id) ?? []) if (loaded.result.ok && definedBy.get(dagId) !== row.id) left.add(dagId);
  for (const file of files) {
    const recorded: Recorded = { changed: [], unchanged: [], stale: [], rejected: [], revived: false };
    const had = knownByFile.get(file.row.id) ?? [];
    if (!file.loaded.result.ok) decisions.unloadable.push(...had.filter((dag) => !dag.hasImportErrors).map(({ dagId }) => dagId));
    else recorded.stale = had.filter(({ dagId, isStale }) => !isStale && left.has(dagId)).map(({ dagId }) => dagId);
    for (const dag of dagsOf(file)) decideDag(decisions, recorded, { file, dag, before: knownById.get(dag.dagId), isLeft: left.has(dag.dagId) });
    decisions.recorded.push(recorded);
  }
  const writtenIds = new Set(decisions.written.map(({ dag }) => dag.dagId));
  decisions.hidden = decisions.recorded.flatMap(({ stale }) => stale).filter((dagId) => !writtenIds.has(dagId));
  return decisions;
}

function dagsOf({ loaded: { result } }: StoredFile): LoadedDag[] {
  return result.ok ? [...result.dags].sort((one, other) => (one.dagId < other.dagId ? -1 : 1)) : [];
}

interface Claim {
  file: StoredFile;
  dag: LoadedDag;
  before: LockedDag | undefined;
  /** Nobody has it any more. */
  isLeft: boolean;
}

function decideDag(decisions: DagDecisions, recorded: Recorded, { file, dag, before, isLeft }: Claim): void {
  const { dagId } = dag;
  const owner = before === undefined || isLeft ? null : otherOwner(before, file.row.id);
  if (owner !== null && dag.yields === true) {
    recorded.yielded = [...(recorded.yielded ?? []), dagId];
  } else if (owner !== null && !isYielded(before!)) {
    recorded.rejected.push({ dagId, reason: `DAG "${dagId}" is defined in "${owner}" already: give one of the two another id.` });
  } else if (before !== undefined && isSameVersion(before, dag, bundleOf(file).sha256)) {
    recorded.unchanged.push(dagId);
    recorded.revived ||= before.isStale || before.hasImportErrors;
    if (before.isStale || before.dagFileId !== file.row.id)
      decisions.written.push({ file, dag, before, versionNumber: before.versionNumber, isNewVersion: false });
    else decisions.touched.push({ dagId, parseDurationMs: file.loaded.parseDurationMs });
  } else {
    const versionNumber = (before?.versionNumber ?? 0) + 1;
    recorded.changed.push({ dagId, versionNumber });
    decisions.written.push({ file, dag, before, versionNumber, isNewVersion: true });
  }
}

/** Of a file that loaded. */
export function bundleOf({ loaded: { result } }: StoredFile): LoadedResult["bundle"] {
  return (result as LoadedResult).bundle;
}

/** The other file that has this DAG, unless that file or the DAG in it is gone. */
function otherOwner(dag: LockedDag, dagFileId: number): string | null {
  if (dag.dagFileId === dagFileId || dag.fileIsGone || dag.isStale) return null;
  return `${dag.bundleName}/${dag.relativePath}`;
}

function isSameVersion(before: LockedDag, dag: LoadedDag, bundleSha256: string): boolean {
  return before.specSha256 === dag.specSha256 && before.bundleSha256 === bundleSha256 && before.exportName === storedExportName(dag);
}

/** Kept with the version: the DAG of a file that yields it may be taken over by another file. */
const YIELDED_EXPORT = "yielded: ";

export function storedExportName(dag: LoadedDag): string {
  return dag.yields === true ? `${YIELDED_EXPORT}${dag.exportName}` : dag.exportName;
}

function isYielded({ exportName }: LockedDag): boolean {
  return exportName.startsWith(YIELDED_EXPORT);
}
