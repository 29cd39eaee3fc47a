import { readFile, stat } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import type { DagSpec } from "@tradewind/core";
import type { SpecDefaults } from "../spec-defaults.ts";
import { type FileLoad, findInstalledLoader, type InstalledLoader } from "./installed-loader.ts";
import { findReferences, type StaticReference } from "./static-references.ts";

export interface CheckDagsOptions {
  /** The pools of the installation, besides `default_pool`. Default: pools are not checked. */
  pools?: readonly string[];
  /** Ids of its connections. Default: connections are not checked. */
  connections?: readonly string[];
  /** Keys of its variables. Default: variables are not checked. */
  variables?: readonly string[];
  /** What it says where DAGs say nothing. */
  defaults?: Partial<SpecDefaults>;
  /** How long one file may take to load, in milliseconds. Default 30 000. */
  timeoutMs?: number;
}

export type DagProblemKind =
  | "import_error"
  /** A task is declared and never called. */
  | "unused_task"
  | "duplicate_dag"
  | "missing_pool"
  | "missing_connection"
  | "missing_variable"
  /** What an installation would warn of: a DAG that is another one at each load, for instance. */
  | "warning";

export interface DagProblem {
  kind: DagProblemKind;
  /** Below the folder. */
  file: string;
  line: number | null;
  dagId: string | null;
  /** What is missing. */
  name: string | null;
  message: string;
}

export interface DagsReport {
  /** Every file that was looked at, below the folder. */
  files: string[];
  /** Ids of the DAGs that were found, sorted. */
  dagIds: string[];
  /** What the DAGs and the files they are made of name, sorted. */
  references: { pools: string[]; connections: string[]; variables: string[] };
  problems: DagProblem[];
}

/**
 * Loads every DAG file of a folder as an installation does, each in a process of its own, and tells what is wrong: files that do not load, tasks that are never called, and pools, connections and
 * variables that are named in them and missing. Names that are worked out in a task are not found.
 *
 * @param folder A folder, or one file.
 * @example
 * test("all DAGs load", async () => {
 *   const { problems } = await checkDags("dags", { pools: ["warehouse"], connections: ["warehouse"] });
 *   expect(problems).toEqual([]);
 * });
 * @throws Error when the folder can't be read, or the project has no installation
 */
export async function checkDags(folder: string, options: CheckDagsOptions = {}): Promise<DagsReport> {
  return checkDagsWith(await findInstalledLoader(resolve(folder)), folder, options);
}

/** The same with a loader that is at hand. */
export async function checkDagsWith(installed: InstalledLoader, folder: string, options: CheckDagsOptions): Promise<DagsReport> {
  const root = resolve(folder);
  const { timeoutMs, defaults } = options;
  const loader = installed.createDagLoader({
    keepWarm: false,
    processes: 2,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(defaults && { defaults }),
  });
  try {
    const found = await listFiles(installed, root, folder);
    const loads = await Promise.all(found.map(async (file) => ({ ...file, load: await loader.load(file) })));
    return await report(loads, options);
  } finally {
    await Promise.all([loader.stop(), installed.stopBundler()]);
  }
}

interface LoadedFile {
  path: string;
  root: string;
  file: string;
  load: FileLoad;
}

async function listFiles(installed: InstalledLoader, root: string, folder: string): Promise<Omit<LoadedFile, "load">[]> {
  const info = await stat(root).catch(() => null);
  if (info?.isFile() === true) return [{ path: root, root: resolve(root, ".."), file: root.split(sep).at(-1)! }];
  const { files, unreadable } = await installed.discoverDagFiles(root);
  const [first] = unreadable;
  if (first !== undefined) throw new Error(`checkDags("${folder}") could not read ${first.relativePath || root}: ${first.reason}`);
  return files.map(({ path, relativePath }) => ({ path, root, file: relativePath }));
}

async function report(loads: readonly LoadedFile[], options: CheckDagsOptions): Promise<DagsReport> {
  const named = new Map<string, StaticReference[]>();
  const problems: DagProblem[] = [];
  const owners = new Map<string, string>();
  const pools = new Set<string>();
  for (const { file, root, load } of loads) {
    for (const { message } of load.warnings) problems.push(problem("warning", file, { message }));
    if (load.ok) {
      for (const { dagId, spec } of load.dags) {
        const owner = owners.get(dagId);
        if (owner !== undefined) problems.push(problem("duplicate_dag", file, { dagId, message: `DAG "${dagId}" is defined in ${owner} as well.` }));
        else owners.set(dagId, file);
        problems.push(...missingPools(file, spec, options.pools));
        for (const task of spec.tasks) pools.add(task.pool);
      }
    } else problems.push(importProblem(load.error));
    await readReferences(root, load, named);
  }
  problems.push(...missingNames(named, options));
  const all = [...named.values()].flat();
  const names = (kind: StaticReference["kind"]) => [...new Set(all.filter((one) => one.kind === kind).map(({ name }) => name))].sort();
  return {
    files: loads.map(({ file }) => file),
    dagIds: [...owners.keys()].sort(),
    references: { pools: [...pools].sort(), connections: names("connection"), variables: names("variable") },
    problems,
  };
}

/** The file and all files of the project that it is made of, each once. */
async function readReferences(root: string, { inputs }: FileLoad, named: Map<string, StaticReference[]>): Promise<void> {
  for (const { path } of inputs) {
    const file = relative(root, path).split(sep).join("/");
    if (named.has(file) || path.includes(`${sep}node_modules${sep}`) || !/\.(?:[mc]?[jt]s|ya?ml)$/u.test(path)) continue;
    const source = await readFile(path, "utf8").catch(() => null);
    if (source !== null) named.set(file, findReferences(path, source));
  }
}

function importProblem({ message, file, line }: Extract<FileLoad, { ok: false }>["error"]): DagProblem {
  return problem(message.includes("is declared but never called") ? "unused_task" : "import_error", file, { line, message });
}

function missingPools(file: string, { dagId, tasks }: DagSpec, known: readonly string[] | undefined): DagProblem[] {
  if (known === undefined) return [];
  const missing = tasks.filter(({ pool }) => pool !== "default_pool" && !known.includes(pool));
  return missing.map(({ taskId, pool }) =>
    problem("missing_pool", file, {
      dagId,
      name: pool,
      message: `Task "${taskId}" of DAG "${dagId}" takes slots of pool "${pool}", which does not exist: it would wait for ever.`,
    }),
  );
}

function missingNames(named: ReadonlyMap<string, StaticReference[]>, { connections, variables }: CheckDagsOptions): DagProblem[] {
  const known = { connection: connections, variable: variables };
  return [...named].flatMap(([file, references]) =>
    references
      .filter(({ kind, name, hasDefault }) => known[kind] !== undefined && !hasDefault && !known[kind].includes(name))
      .map(({ kind, name, line }) =>
        problem(`missing_${kind}`, file, { line, name, message: `${file}:${line} names the ${kind} "${name}", which does not exist.` }),
      ),
  );
}

function problem(kind: DagProblemKind, file: string, facts: Partial<DagProblem> & { message: string }): DagProblem {
  return { kind, file, line: null, dagId: null, name: null, ...facts };
}
