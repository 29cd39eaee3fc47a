import { activeRunsLimit, allowsRunType, describeTimetable, isPeriodic, nextRun, type DagSpec } from "@tradewind/core";
import {
  clearDagWarnings,
  clearImportError,
  findDagVersions,
  findLastAutomatedRun,
  hasActiveRuns,
  insertDagVersion,
  type LockedDag,
  lockDagFile,
  lockDags,
  markDagsStale,
  markImportErrors,
  type NextRunColumns,
  putDag,
  recordImportError,
  renewSources,
  storeBundle,
  touchDags,
  type Transaction,
} from "@tradewind/metadata";
import type { LoadedDagFile, RecordedDagFile } from "../engine.ts";

type LoadedDag = Extract<LoadedDagFile["result"], { ok: true }>["dags"][number];

interface Settings {
  now: Date;
  dagsArePausedAtCreation: boolean;
}

/** `revived`: a DAG without a change may run again, since the file loads once more. */
type Recorded = RecordedDagFile & { revived: boolean };

/**
 * Records what loading a file gave. A version is made only when the spec or the code of a DAG changed; what runs of a version is never rewritten, so whoever runs one may keep it
 * for ever. Its source text and source map are for people only, and follow the file.
 */
export async function recordDagFile(tx: Transaction, file: LoadedDagFile, settings: Settings): Promise<Recorded> {
  const { result } = file;
  const { dagFileId } = await lockDagFile(tx, {
    bundleName: file.bundleName,
    relativePath: file.relativePath,
    fingerprint: file.fingerprint,
    bundleSha256: result.ok ? result.bundle.sha256 : null,
    parseDurationMs: file.parseDurationMs,
    now: settings.now,
  });
  if (!result.ok) {
    await recordImportError(tx, { dagFileId, error: result.error, now: settings.now });
    await markImportErrors(tx, { dagFileId });
    return { changed: [], unchanged: [], stale: [], rejected: [], revived: false };
  }
  if (result.dags.length > 0) await storeBundle(tx, { ...result.bundle, sourceMap: result.bundle.sourceMap ?? null });
  const recorded = await recordDags(tx, file, result, { ...settings, dagFileId });
  const stale = await markDagsStale(tx, { dagFileIds: [dagFileId], keep: result.dags.map((dag) => dag.dagId) });
  await recordRejected(tx, { dagFileId, relativePath: file.relativePath, rejected: recorded.rejected, now: settings.now });
  await showNewestText(tx, result, [...recorded.unchanged, ...recorded.changed.map(({ dagId }) => dagId)]);
  return { ...recorded, stale };
}

/** The text of a file may be another one although its code is the same, or was before: people see the newest for that code. */
async function showNewestText(
  tx: Transaction,
  { bundle, source }: Extract<LoadedDagFile["result"], { ok: true }>,
  dagIds: readonly string[],
): Promise<void> {
  if (dagIds.length === 0) return;
  await renewSources(tx, { bundleSha256: bundle.sha256, sourceMap: bundle.sourceMap ?? null, dagIds, source });
}

async function recordDags(
  tx: Transaction,
  file: LoadedDagFile,
  result: Extract<LoadedDagFile["result"], { ok: true }>,
  settings: Settings & { dagFileId: number },
): Promise<Omit<Recorded, "stale">> {
  const recorded: Omit<Recorded, "stale"> = { changed: [], unchanged: [], rejected: [], revived: false };
  const newCode: string[] = [];
  const dags = [...result.dags].sort((one, other) => (one.dagId < other.dagId ? -1 : 1));
  const known = new Map((await lockDags(tx, { dagIds: dags.map((dag) => dag.dagId) })).map((dag) => [dag.dagId, dag]));
  for (const dag of dags) {
    const before = known.get(dag.dagId);
    const owner = before === undefined ? null : otherOwner(before, settings.dagFileId);
    if (owner !== null && dag.yields === true) {
      recorded.yielded = [...(recorded.yielded ?? []), dag.dagId];
    } else if (owner !== null && !isYielded(before!)) {
      recorded.rejected.push({ dagId: dag.dagId, reason: `DAG "${dag.dagId}" is defined in "${owner}" already: give one of the two another id.` });
    } else if (before !== undefined && isSameVersion(before, dag, result.bundle.sha256)) {
      await keepVersion(tx, before, dag, file, settings);
      recorded.unchanged.push(dag.dagId);
      recorded.revived ||= before.isStale || before.hasImportErrors;
    } else {
      const versionNumber = (before?.versionNumber ?? 0) + 1;
      const { dagVersionId } = await insertDagVersion(tx, {
        dagId: dag.dagId,
        versionNumber,
        specJson: dag.specJson,
        specSha256: dag.specSha256,
        bundleSha256: result.bundle.sha256,
        exportName: storedExportName(dag),
        bundleName: file.bundleName,
        relativePath: file.relativePath,
        source: result.source,
        resolveFrom: file.resolveFrom,
      });
      await putDag(tx, await dagFacts(tx, dag, file, { ...settings, dagVersionId }));
      const previousSpecJson = await earlierSpec(tx, before, dag, result.bundle.sha256);
      if (before?.bundleSha256 !== result.bundle.sha256) newCode.push(dag.dagId);
      recorded.changed.push({ dagId: dag.dagId, versionNumber, ...(previousSpecJson === undefined ? {} : { previousSpecJson }) });
    }
  }
  if (newCode.length > 0) await clearDagWarnings(tx, { dagIds: newCode, warningType: "runtime varying value" });
  return recorded;
}

/** The spec that the same code gave before; undefined: there was none, or the code was another. */
async function earlierSpec(tx: Transaction, before: LockedDag | undefined, dag: LoadedDag, bundleSha256: string): Promise<string | undefined> {
  if (before === undefined || before.bundleSha256 !== bundleSha256 || before.specSha256 === dag.specSha256) return undefined;
  const [version] = await findDagVersions(tx, { dagVersionIds: [before.dagVersionId] });
  return version?.spec;
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

function storedExportName(dag: LoadedDag): string {
  return dag.yields === true ? `${YIELDED_EXPORT}${dag.exportName}` : dag.exportName;
}

function isYielded({ exportName }: LockedDag): boolean {
  return exportName.startsWith(YIELDED_EXPORT);
}

async function keepVersion(
  tx: Transaction,
  before: LockedDag,
  dag: LoadedDag,
  file: LoadedDagFile,
  settings: Settings & { dagFileId: number },
): Promise<void> {
  if (before.isStale || before.dagFileId !== settings.dagFileId) {
    await putDag(tx, await dagFacts(tx, dag, file, { ...settings, dagVersionId: before.dagVersionId }));
  } else {
    await touchDags(tx, { dagIds: [dag.dagId], now: settings.now, parseDurationMs: file.parseDurationMs });
  }
}

async function dagFacts(tx: Transaction, dag: LoadedDag, file: LoadedDagFile, settings: Settings & { dagFileId: number; dagVersionId: number }) {
  const { spec } = dag;
  const timetable = describeTimetable(spec.schedule);
  return {
    dagId: dag.dagId,
    displayName: spec.displayName ?? dag.dagId,
    dagFileId: settings.dagFileId,
    dagVersionId: settings.dagVersionId,
    isPaused: spec.isPausedUponCreation ?? settings.dagsArePausedAtCreation,
    description: spec.description,
    owners: [...new Set([spec.owner, ...spec.tasks.map((task) => task.owner)])].sort(),
    timetableSummary: timetable.summary,
    timetableDescription: timetable.description,
    timetablePeriodic: isPeriodic(spec.schedule),
    maxActiveRuns: Math.min(spec.maxActiveRuns, activeRunsLimit(spec.schedule) ?? Number.POSITIVE_INFINITY),
    maxActiveTasks: spec.maxActiveTasks,
    maxConsecutiveFailedDagRuns: spec.maxConsecutiveFailedDagRuns,
    parseDurationMs: file.parseDurationMs,
    tags: spec.tags,
    next: await planNextRun(tx, spec, settings.now),
    now: settings.now,
  };
}

/** The next run by the new schedule, after the last one that any schedule of this DAG made. */
async function planNextRun(tx: Transaction, spec: DagSpec, now: Date): Promise<NextRunColumns | null> {
  // A continuous schedule goes on when the run that is active ends.
  if (spec.schedule.kind === "continuous" && (await hasActiveRuns(tx, { dagId: spec.dagId }))) return null;
  if (!allowsRunType(spec, "scheduled")) return null;
  const last = await findLastAutomatedRun(tx, { dagId: spec.dagId });
  return nextRun(spec.schedule, {
    lastRun: last === null ? null : { ...last, dataInterval: { start: last.dataIntervalStart, end: last.dataIntervalEnd } },
    now,
    startDate: spec.startDate === null ? null : new Date(spec.startDate),
    endDate: spec.endDate === null ? null : new Date(spec.endDate),
    catchup: spec.catchup,
  });
}

/** An id that two files claim is an error of the second file; its other DAGs go on. */
async function recordRejected(
  tx: Transaction,
  params: { dagFileId: number; relativePath: string; rejected: readonly { dagId: string; reason: string }[]; now: Date },
): Promise<void> {
  if (params.rejected.length === 0) return clearImportError(tx, { dagFileId: params.dagFileId });
  const message = params.rejected.map(({ reason }) => reason).join("\n");
  await recordImportError(tx, {
    dagFileId: params.dagFileId,
    error: { kind: "duplicate_dag", message, line: null, column: null, frame: null, stack: `${params.relativePath}: ${message}` },
    now: params.now,
  });
}
