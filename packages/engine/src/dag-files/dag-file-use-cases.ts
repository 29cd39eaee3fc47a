import {
  listDagFiles,
  markDagFilesDeleted,
  markDagFoldersDeleted,
  markDagsStale,
  recordDagWarnings,
  takeDagFileRequests,
  transaction,
  type Database,
} from "@tradewind/metadata";
import type { Json } from "@tradewind/core";
import type { Changes, DagFileUseCases, WakeKind } from "../engine.ts";
import { recordDagFile } from "./record-dag-file.ts";

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
      const recorded = await transaction(context.db, (tx) =>
        recordDagFile(tx, file, { now: context.now(), dagsArePausedAtCreation: context.dagsArePausedAtCreation }),
      );
      // Raised limits may let queued runs start; a changed schedule moves the next due time.
      if (recorded.changed.length > 0) context.wake("dags", "runs", "state");
      else if (recorded.revived || recorded.stale.length > 0 || recorded.rejected.length > 0) context.wake("dags", "state");
      const { revived, ...told } = recorded;
      const dags = [...told.changed.map(({ dagId }) => dagId), ...told.stale, ...(revived ? told.unchanged : [])];
      context.noteChanges({ dags, subjects: ["import_errors"] });
      return told;
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
        return markDagsStale(tx, { dagFileIds, keep: [] });
      });
      context.noteChanges({ dags: stale, subjects: ["import_errors"] });
      if (stale.length > 0) context.wake("dags", "state");
      return { stale };
    },

    async retireDagFolders({ configured }) {
      const { folders, stale } = await transaction(context.db, async (tx) => {
        const files = await markDagFoldersDeleted(tx, { configured, now: context.now() });
        const folders = [...new Set(files.map(({ bundleName }) => bundleName))];
        return { folders, stale: await markDagsStale(tx, { dagFileIds: files.map(({ id }) => id), keep: [] }) };
      });
      if (folders.length > 0) context.noteChanges({ dags: stale, subjects: ["import_errors"] });
      if (stale.length > 0) context.wake("dags", "state");
      return { folders, stale };
    },

    takeDagFileRequests: (bundleNames) => takeDagFileRequests(context.db, { bundleNames }),
  };
}
