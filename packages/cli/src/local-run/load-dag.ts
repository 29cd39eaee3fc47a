import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { compileDag, type DagGraph } from "@tradewind/core";
import { importBundleCode } from "@tradewind/loader";
import { type AnyDag, collectDags } from "tradewind/internal";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import type { FoundDagFile } from "./find-dag-file.ts";

export interface LocalDag {
  dag: AnyDag;
  graph: DagGraph;
}

/**
 * Imports the file's code into this process, so that a debugger and `console.log` work as in any program. It was loaded in a child before: a file that hangs or exits
 * while it is loaded has been told of.
 */
export async function loadLocalDag(found: FoundDagFile, wanted: string | undefined): Promise<LocalDag> {
  const { load, path } = found;
  if (!load.ok) throw importFailure(path, load.error);
  const ids = load.dags.map((dag) => dag.dagId);
  const dagId = chooseDag(path, ids, wanted ?? found.dagId);
  const { code, sourceMap, sha256 } = load.bundle!;
  process.setSourceMapsEnabled(true);
  const exports = await importBundleCode({
    // Beside the DAG file, where the map's relative names lead to the author's files.
    bundleUrl: pathToFileURL(join(dirname(path), `.${sha256.slice(0, 12)}.mjs`)).href,
    code: `${code}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(sourceMap).toString("base64")}\n`,
    resolveFrom: load.resolveFrom,
  });
  const dag = collectDags(exports).find((candidate) => candidate.dagId === dagId);
  if (dag === undefined) {
    throw new CliError("dag_load_failed", `${path} gave DAG "${dagId}" when it was loaded first, and not the second time.`, {
      exitCode: EXIT.usage,
      hint: "What a DAG file exports must not depend on the time or on chance.",
    });
  }
  return { dag, graph: compileDag(load.dags.find((loaded) => loaded.dagId === dagId)!.spec) };
}

function chooseDag(path: string, ids: readonly string[], wanted: string | null): string {
  if (wanted !== null && ids.includes(wanted)) return wanted;
  const [only, ...others] = ids;
  if (wanted === null && only !== undefined && others.length === 0) return only;
  if (only === undefined)
    throw new CliError("dag_not_found", `${path} exports no DAG.`, { exitCode: EXIT.notFound, hint: "Write: export const dag = new Dag(…)" });
  const what = wanted === null ? `${path} has ${ids.length} DAGs` : `${path} has no DAG "${wanted}"`;
  throw new CliError("dag_not_found", `${what}: ${ids.join(", ")}.`, { exitCode: EXIT.usage, hint: "Say which one with --dag." });
}

function importFailure(
  path: string,
  error: { message: string; file: string; line: number | null; column: number | null; frame: string | null },
): CliError {
  const place = [error.file, error.line, error.column].filter((part) => part !== null).join(":");
  const frame = error.frame === null ? "" : `\n${error.frame}`;
  return new CliError("dag_load_failed", `${path} does not load: ${error.message}\n${place}${frame}`, {
    exitCode: EXIT.usage,
    details: { path, ...error },
  });
}
