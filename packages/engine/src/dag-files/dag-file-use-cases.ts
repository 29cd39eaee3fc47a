import {
  listDagFiles,
  markDagFilesDeleted,
  markDagFoldersDeleted,
  markDagsStale,
  isUniqueViolation,
  recordDagWarnings,
  isOutage,
  takeDagFileRequests,
  transaction,
  type Database,
} from "@tradewind/metadata";
import type { Json } from "@tradewind/core";
import type { Changes, DagFileUseCases, LoadedDagFile, RecordedDagFile, WakeKind } from "../engine.ts";
import { inIndependentGroups } from "./independent-files.ts";
import type { Recorded } from "./decide-dags.ts";
import { recordDagFiles } from "./record-dag-files.ts";

export interface DagFileContext {
  db: Database;
  now(): Date;
  wake(...kinds: WakeKind[]): void;
  noteChanges(changes: Changes): void;
  /** Whether a new DAG that does not say so starts paused. */
  dagsArePausedAtCreation: boolean;
}

/** What a dag-processor tells the engine: files it loaded, files that are gone. */
export function dagFileUseCases(context: DagFileContext): DagFileUseCases {
  return {
    async listKnownDagFiles(bundleNames) {
      const files = await listDagFiles(context.db, { bundleNames });
      return files.map((file) => ({ ...file, fingerprint: file.fingerprint as Json }));
    },

    async recordDagFile(file) {
      return told(context, await recordTogether(context, [file]))[0]!;
    },

    async recordDagFiles(files) {
      const outcomes: PromiseSettledResult<RecordedDagFile>[] = [];
      for (const group of inIndependentGroups(files)) {
        for (const [position, outcome] of (
          await recordGroup(
            context,
            group.map((index) => files[index]!),
          )
        ).entries()) {
          outcomes[group[position]!] = outcome;
        }
      }
      return outcomes;
    },

    async recordDagWarnings(warnings) {
      if (warnings.length === 0) return;
      await transaction(context.db, (tx) => recordDagWarnings(tx, { warnings, now: context.now() }));
      context.noteChanges({ dags: warnings.map(({ dagId }) => dagId) });
      context.wake("state");
    },

    async recordDeletedDagFiles(files) {
      const stale = await transaction(context.db, async (tx) => {
        const dagFileIds = await markDagFilesDeleted(tx, { files, now: context.now() });
        return markDagsStale(tx, { dagFileIds });
      });
      context.noteChanges({ dags: stale, subjects: ["import_errors"] });
      if (stale.length > 0) context.wake("dags", "state");
      return { stale };
    },

    async retireDagFolders({ configured }) {
      const { folders, stale } = await transaction(context.db, async (tx) => {
        const files = await markDagFoldersDeleted(tx, { configured, now: context.now() });
        const folders = [...new Set(files.map(({ bundleName }) => bundleName))];
        return { folders, stale: await markDagsStale(tx, { dagFileIds: files.map(({ id }) => id) }) };
      });
      if (folders.length > 0) context.noteChanges({ dags: stale, subjects: ["import_errors"] });
      if (stale.length > 0) context.wake("dags", "state");
      return { folders, stale };
    },

    takeDagFileRequests: (bundleNames) => takeDagFileRequests(context.db, { bundleNames }),
  };
}

/** One after the other when they cannot be recorded together: what is wrong with one file keeps no other from being recorded. */
async function recordGroup(context: DagFileContext, files: readonly LoadedDagFile[]): Promise<PromiseSettledResult<RecordedDagFile>[]> {
  try {
    return told(context, await recordTogether(context, files)).map((value) => ({ status: "fulfilled", value }));
  } catch (error) {
    // Without a server it would be waited for as often as there are files.
    if (files.length === 1 || isOutage(error)) return files.map(() => ({ status: "rejected", reason: error }));
    const outcomes: PromiseSettledResult<RecordedDagFile>[] = [];
    for (const file of files) outcomes.push(...(await recordGroup(context, [file])));
    return outcomes;
  }
}

async function recordTogether(context: DagFileContext, files: readonly LoadedDagFile[]): Promise<Recorded[]> {
  const { db, dagsArePausedAtCreation } = context;
  const record = (): Promise<Recorded[]> => transaction(db, (tx) => recordDagFiles(tx, files, { now: context.now(), dagsArePausedAtCreation }));
  // Somebody else made the same DAG at the same moment: now it can be seen.
  return record().catch((error: unknown) => (isUniqueViolation(error, "dag_version_dag_id_version_number_key") ? record() : Promise.reject(error)));
}

/** Tells everybody what was recorded, once for all. */
function told(context: DagFileContext, recorded: readonly Recorded[]): RecordedDagFile[] {
  // Raised limits may let queued runs start; a changed schedule moves the next due time.
  if (recorded.some(({ changed }) => changed.length > 0)) context.wake("dags", "runs", "state");
  else if (recorded.some(({ revived, stale, rejected }) => revived || stale.length > 0 || rejected.length > 0)) context.wake("dags", "state");
  const dags = recorded.flatMap(({ changed, stale, revived, unchanged }) => [
    ...changed.map(({ dagId }) => dagId),
    ...stale,
    ...(revived ? unchanged : []),
  ]);
  context.noteChanges({ dags, subjects: ["import_errors"] });
  return recorded.map(({ revived: _revived, ...rest }) => rest);
}
