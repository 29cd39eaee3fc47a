import { createHash } from "node:crypto";
import type { LoadedDagFile } from "@tradewind/engine";
import type { DagFileLoad, DagImportError } from "@tradewind/loader";
import { type FileState, type LoadedBy, writeFingerprint } from "./file-state.ts";

const NO_CODE = { code: "", sha256: createHash("sha256").update("").digest("hex"), sourceMap: null };

/** The loader's outcome in the words of the engine. */
export function toLoadedDagFile(state: FileState, load: DagFileLoad, loadedBy: LoadedBy): LoadedDagFile {
  return {
    bundleName: state.folder.name,
    relativePath: state.relativePath,
    fingerprint: writeFingerprint(loadedBy, load.inputs),
    parseDurationMs: Math.round(load.durationMs),
    resolveFrom: load.resolveFrom,
    result: load.ok
      ? {
          ok: true,
          // A file that cannot define a DAG was not bundled; it is recorded all the same, to be known as unchanged.
          bundle: load.bundle ?? NO_CODE,
          source: load.sourceText ?? "",
          dags: load.dags,
        }
      : { ok: false, error: toRecordedError(load.error) },
  };
}

/** The place may lie in a file that the DAG file imports, so it stands above the frame. */
function toRecordedError(error: DagImportError): Extract<LoadedDagFile["result"], { ok: false }>["error"] {
  const { kind, message, file, line, column, frame, stack, output } = error;
  const place = [file, line, column].filter((part) => part !== null).join(":");
  const printed = output === null ? "" : `\n\nPrinted while it was loaded:\n${output}`;
  return { kind, message, line, column, frame: frame === null ? null : `${place}\n${frame}`, stack: `${stack ?? place}${printed}` };
}
