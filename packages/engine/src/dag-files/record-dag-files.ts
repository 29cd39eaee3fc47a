import { activeRunsLimit, allowsRunType, type DagSpec, describeTimetable, isPeriodic, nextRun } from "@tradewind/core";
import {
  clearDagWarnings,
  clearImportErrors,
  type DagFacts,
  findDagVersions,
  hideDags,
  insertDagVersions,
  listLastAutomatedRuns,
  lockDagFiles,
  lockDags,
  markImportErrors,
  type NextRunColumns,
  putDags,
  putDagTags,
  recordImportErrors,
  renewSourceMaps,
  renewSources,
  storeBundles,
  touchDags,
  type Transaction,
} from "@tradewind/metadata";
import type { LoadedDagFile } from "../engine.ts";
import { bundleOf, type DagDecisions, decideDags, type Recorded, type StoredFile, storedExportName, type WrittenDag } from "./decide-dags.ts";

interface Settings {
  now: Date;
  dagsArePausedAtCreation: boolean;
}

/**
 * Records what loading files gave, all in one go: what it costs in statements does not depend on how many there are. No file may be there twice, and no two may define the same DAG. A version is made only
 * when the spec or the code of a DAG changed; what runs of a version is never rewritten, so whoever runs one may keep it for ever. Its source text and source map are for people only, and follow the file.
 *
 * Locks: the files, their bundles, their DAGs, each in the order of their names; at the end the bundles whose map is another.
 */
export async function recordDagFiles(tx: Transaction, loaded: readonly LoadedDagFile[], settings: Settings): Promise<Recorded[]> {
  const [rows, newBundles, known] = await Promise.all([
    lockDagFiles(tx, {
      files: loaded.map((file) => ({ ...file, bundleSha256: file.result.ok ? file.result.bundle.sha256 : null })),
      now: settings.now,
    }),
    storeBundlesOf(tx, loaded),
    lockDags(tx, { dagIds: loaded.flatMap(({ result }) => (result.ok ? result.dags.map(({ dagId }) => dagId) : [])), files: loaded }),
  ]);
  const rowByKey = new Map(rows.map((row) => [keyOf(row), row]));
  const files = loaded.map((file, index): StoredFile => ({ loaded: file, index, row: rowByKey.get(keyOf(file))! }));
  const decisions = decideDags(files, known);
  const [facts, earlier] = await Promise.all([dagFacts(tx, decisions.written, settings), earlierSpecs(tx, decisions.written)]);
  await Promise.all([
    ...writeDags(tx, files, decisions, { facts, now: settings.now }),
    ...writeImportErrors(tx, files, decisions, settings.now),
    // Last, see there.
    ...showNewestText(tx, files, decisions, new Set(newBundles)),
  ]);
  return decisions.recorded.map((one) => ({ ...one, changed: one.changed.map((dag) => ({ ...dag, ...earlier.get(dag.dagId) })) }));
}

function keyOf({ bundleName, relativePath }: { bundleName: string; relativePath: string }): string {
  return `${bundleName}\0${relativePath}`;
}

async function storeBundlesOf(tx: Transaction, files: readonly LoadedDagFile[]): Promise<string[]> {
  const bundles = files.flatMap(({ result }) =>
    result.ok && result.dags.length > 0 ? [{ ...result.bundle, sourceMap: result.bundle.sourceMap ?? null }] : [],
  );
  return bundles.length === 0 ? [] : storeBundles(tx, bundles);
}

type LastRuns = Awaited<ReturnType<typeof listLastAutomatedRuns>>;

const NO_RUNS: LastRuns = new Map();

/** What follows from the specs of DAGs that are written, and from their runs. */
async function dagFacts(tx: Transaction, written: readonly WrittenDag[], settings: Settings): Promise<DagFacts[]> {
  const ids = (of: (one: WrittenDag) => boolean): string[] =>
    written.filter((one) => one.before !== undefined && of(one)).map(({ dag }) => dag.dagId);
  const follows = ids(({ dag: { spec } }) => spec.schedule.kind !== "none" && allowsRunType(spec, "scheduled"));
  const lastRuns = follows.length === 0 ? NO_RUNS : await listLastAutomatedRuns(tx, { dagIds: follows });
  return written.map(({ file, dag: { dagId, spec }, versionNumber }) => {
    const timetable = describeTimetable(spec.schedule);
    return {
      dagId,
      displayName: spec.displayName ?? dagId,
      dagFileId: file.row.id,
      versionNumber,
      isPaused: spec.isPausedUponCreation ?? settings.dagsArePausedAtCreation,
      description: spec.description,
      owners: [...new Set([spec.owner, ...spec.tasks.map((task) => task.owner)])].sort(),
      timetableSummary: timetable.summary,
      timetableDescription: timetable.description,
      timetablePeriodic: isPeriodic(spec.schedule),
      maxActiveRuns: Math.min(spec.maxActiveRuns, activeRunsLimit(spec.schedule) ?? Number.POSITIVE_INFINITY),
      maxActiveTasks: spec.maxActiveTasks,
      maxConsecutiveFailedDagRuns: spec.maxConsecutiveFailedDagRuns,
      parseDurationMs: file.loaded.parseDurationMs,
      // Of a continuous schedule too, whose run may be active: who comes to make the next one finds its place taken, and notes that it waits for it.
      next: planNextRun(spec, lastRuns.get(dagId) ?? null, settings.now),
    };
  });
}

/** The next run by the new schedule, after the last one that any schedule of this DAG made. */
function planNextRun(spec: DagSpec, last: ReturnType<LastRuns["get"]> | null, now: Date): NextRunColumns | null {
  if (!allowsRunType(spec, "scheduled")) return null;
  return nextRun(spec.schedule, {
    lastRun: last === null || last === undefined ? null : { ...last, dataInterval: { start: last.dataIntervalStart, end: last.dataIntervalEnd } },
    now,
    startDate: spec.startDate === null ? null : new Date(spec.startDate),
    endDate: spec.endDate === null ? null : new Date(spec.endDate),
    catchup: spec.catchup,
  });
}

/** By DAG: the other spec that the same code gave before. */
async function earlierSpecs(tx: Transaction, written: readonly WrittenDag[]): Promise<Map<string, { previousSpecJson: string }>> {
  const dagVersionIds = written.flatMap(({ file, dag, before, isNewVersion }) =>
    isNewVersion && before?.bundleSha256 === bundleOf(file).sha256 && before.specSha256 !== dag.specSha256 ? [before.dagVersionId] : [],
  );
  if (dagVersionIds.length === 0) return new Map();
  const versions = await findDagVersions(tx, { dagVersionIds });
  return new Map(versions.map(({ dagId, spec }) => [dagId, { previousSpecJson: spec }]));
}

function writeDags(
  tx: Transaction,
  files: readonly StoredFile[],
  { written, touched, unloadable, hidden }: DagDecisions,
  { facts, now }: { facts: readonly DagFacts[]; now: Date },
): Promise<void>[] {
  const writes: Promise<void>[] = [];
  const versions = written.filter(({ isNewVersion }) => isNewVersion);
  if (versions.length > 0) writes.push(insertDagVersions(tx, { versions: versions.map(newVersion), sources: sourcesOf(files) }));
  if (facts.length > 0) writes.push(putDags(tx, { dags: facts, now }), putDagTags(tx, tagsOf(written)));
  if (touched.length > 0) writes.push(touchDags(tx, { dags: touched, now }));
  if (unloadable.length > 0) writes.push(markImportErrors(tx, { dagIds: unloadable }));
  if (hidden.length > 0) writes.push(hideDags(tx, { dagIds: hidden }));
  // A DAG that is new has no warnings yet.
  const newCode = versions.filter(({ file, before }) => before !== undefined && before.bundleSha256 !== bundleOf(file).sha256);
  if (newCode.length > 0) writes.push(clearDagWarnings(tx, { dagIds: newCode.map(({ dag }) => dag.dagId), warningType: "runtime varying value" }));
  return writes;
}

function newVersion({ file, dag, versionNumber }: WrittenDag): Parameters<typeof insertDagVersions>[1]["versions"][number] {
  const { bundleName, relativePath, resolveFrom } = file.loaded;
  const { dagId, specJson, specSha256 } = dag;
  const bundleSha256 = bundleOf(file).sha256;
  const exportName = storedExportName(dag);
  return { dagId, versionNumber, specJson, specSha256, bundleSha256, exportName, bundleName, relativePath, sourceIndex: file.index, resolveFrom };
}

function sourcesOf(files: readonly StoredFile[]): string[] {
  return files.map(({ loaded: { result } }) => (result.ok ? result.source : ""));
}

function tagsOf(written: readonly WrittenDag[]): Parameters<typeof putDagTags>[1] {
  return {
    tags: written.flatMap(({ dag: { dagId, spec } }) => spec.tags.map((name) => ({ dagId, name }))),
    known: written.filter(({ before }) => before !== undefined).map(({ dag }) => dag.dagId),
  };
}

/** A file has the error with which it does not load, or that of the ids that others claim: its other DAGs go on. */
function writeImportErrors(tx: Transaction, files: readonly StoredFile[], { recorded }: DagDecisions, now: Date): Promise<void>[] {
  const errors: Parameters<typeof recordImportErrors>[1]["errors"][number][] = [];
  const mended: number[] = [];
  for (const { loaded, row, index } of files) {
    const message = recorded[index]!.rejected.map(({ reason }) => reason).join("\n");
    if (!loaded.result.ok) {
      errors.push({ ...loaded.result.error, dagFileId: row.id });
    } else if (message !== "") {
      const stack = `${loaded.relativePath}: ${message}`;
      errors.push({ dagFileId: row.id, kind: "duplicate_dag", message, line: null, column: null, frame: null, stack });
    } else if (!row.isNew) mended.push(row.id);
  }
  return [
    ...(errors.length === 0 ? [] : [recordImportErrors(tx, { errors, now })]),
    ...(mended.length === 0 ? [] : [clearImportErrors(tx, { dagFileIds: mended })]),
  ];
}

/**
 * The text of a file may be another one although its code is the same, or was before: people see the newest for that code.
 * @param newBundles what was stored just now has the newest already
 */
function showNewestText(tx: Transaction, files: readonly StoredFile[], { recorded }: DagDecisions, newBundles: ReadonlySet<string>): Promise<void>[] {
  const maps = new Map<string, string>();
  const dags: Parameters<typeof renewSources>[1]["dags"][number][] = [];
  for (const { loaded, index } of files) {
    const { changed, unchanged } = recorded[index]!;
    if (!loaded.result.ok || changed.length + unchanged.length === 0) continue;
    const { sha256, sourceMap } = loaded.result.bundle;
    if (newBundles.has(sha256)) continue;
    if (sourceMap !== undefined && sourceMap !== null) maps.set(sha256, sourceMap);
    for (const dagId of [...unchanged, ...changed.map((one) => one.dagId)]) dags.push({ dagId, bundleSha256: sha256, sourceIndex: index });
  }
  return [
    ...(dags.length === 0 ? [] : [renewSources(tx, { dags, sources: sourcesOf(files) })]),
    ...(maps.size === 0
      ? []
      : [
          renewSourceMaps(
            tx,
            [...maps].map(([sha256, sourceMap]) => ({ sha256, sourceMap })),
          ),
        ]),
  ];
}
