import { readFile, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { loadConfig, type TradewindConfig } from "@tradewind/config";
import { createDagLoader, type DagFileLoad, type DagLoader, discoverDagFiles, isDagFileName } from "@tradewind/loader";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { specDefaults } from "../services/spec-defaults.ts";

/** A DAG file, loaded; `dagId` when it was asked for by id. */
export interface FoundDagFile {
  path: string;
  root: string;
  load: DagFileLoad;
  dagId: string | null;
}

/** Finds what `dags test` was asked for: a file, or the DAG of this id in the configured folders and among the examples. */
export async function findDagFile(fileOrId: string): Promise<FoundDagFile> {
  const { config } = await loadConfig({ env: process.env, cwd: process.cwd() });
  const loader = createDagLoader({ keepWarm: false, defaults: specDefaults(config) });
  try {
    const path = resolve(fileOrId);
    const isFile = (await stat(path).catch(() => null))?.isFile() === true;
    if (isFile || isDagFileName(fileOrId)) return { path, root: dirname(path), load: await loader.load({ path, root: dirname(path) }), dagId: null };
    return await findById(fileOrId, loader, await dagFolders(config));
  } finally {
    await loader.stop();
  }
}

async function findById(dagId: string, loader: DagLoader, folders: readonly string[]): Promise<FoundDagFile> {
  const candidates = (await Promise.all(folders.map((root) => filesOf(root, dagId)))).flat();
  // Files that name the id go first; one that makes ids in a loop need not.
  for (const { path, root } of candidates.sort((a, b) => Number(b.namesId) - Number(a.namesId))) {
    const load = await loader.load({ path, root });
    if (load.ok && load.dags.some((dag) => dag.dagId === dagId)) return { path, root, load, dagId };
    // A file that should define it and does not load is what the author has to hear of.
    if (!load.ok && basename(path).replace(/\.\w+$/, "") === dagId) return { path, root, load, dagId };
  }
  throw new CliError("dag_not_found", `"${dagId}" is neither a file nor the id of a DAG in ${folders.join(", ")}.`, {
    exitCode: EXIT.notFound,
    hint: "Give the path of a DAG file. Files that do not load are shown by `tradewind dags test FILE`.",
  });
}

async function dagFolders(config: TradewindConfig): Promise<string[]> {
  if (!config.dags.loadExamples) return config.dags.folders;
  const { EXAMPLES_FOLDER } = await import("@tradewind/examples");
  return [...config.dags.folders, EXAMPLES_FOLDER];
}

async function filesOf(root: string, dagId: string): Promise<{ path: string; root: string; namesId: boolean }[]> {
  const { files } = await discoverDagFiles(root);
  return Promise.all(files.map(async ({ path }) => ({ path, root, namesId: (await readFile(path, "utf8").catch(() => "")).includes(dagId) })));
}
