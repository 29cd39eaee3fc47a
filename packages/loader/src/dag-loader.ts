import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { canonicalJson, type DagSpec } from "@tradewind/core";
import { SPEC_DEFAULTS, type SpecDefaults } from "tradewind/internal";
import { bundleDagFile, type BundleResult, type DagBundle, mayDefineDag } from "./bundle-dag-file.ts";
import { AIRFLOW_SDK_NAMES } from "./bundle-resolution.ts";
import { deathToImportError, type LoadedAs, thrownToImportError } from "./child-load-error.ts";
import type { ChildAnswer } from "./child-process.ts";
import { childEnvironment } from "./child-environment.ts";
import type { ChildDag } from "./child-protocol.ts";
import { type InputFingerprint, sha256Hex } from "./fingerprint.ts";
import type { DagFileWarning, DagImportError } from "./import-error.ts";
import { missingPackage, missingPackageInputs } from "./missing-package.ts";
import { LoaderPool } from "./loader-pool.ts";

export interface DagLoaderOptions {
  /** Loader children at a time. Default 2, as Airflow's `dag_processor.parsing_processes`. */
  processes?: number;
  /** Wall time of one file. Default 30 s, as Airflow's `core.dagbag_import_timeout`. */
  timeoutMs?: number;
  /** Resident memory of a child. Default 512 MB. */
  memoryLimitMb?: number;
  /** A child is replaced after so many files. Default 250. */
  maxLoadsPerChild?: number;
  /** After so long without work the used children end. Default 2 s. */
  idleMs?: number;
  /** Keep one fresh child ready between loads. Default true; false for programs that load once and end. */
  keepWarm?: boolean;
  /** Names of further environment variables that DAG files may read. */
  passEnvironment?: readonly string[];
  /** Default 16 MiB. */
  maxBundleBytes?: number;
  /** Default 16 MiB, per DAG. */
  maxSpecBytes?: number;
  /** What DAGs and tasks are where their author says nothing: the installation's configuration. Default: `SPEC_DEFAULTS`. */
  defaults?: Partial<SpecDefaults>;
}

export interface DagFileRequest {
  /** The DAG file. */
  path: string;
  /** The DAG folder. */
  root: string;
}

export interface LoadedDag {
  dagId: string;
  /** The export that is the DAG, or holds it. */
  exportName: string;
  /** The file exports it without registering it, though it is made with Airflow's SDK: another file that registers it has it. */
  yields: boolean;
  spec: DagSpec;
  /** Canonical JSON of `spec`: equal specs are equal bytes. */
  specJson: string;
  /** Of `specJson`, hex. */
  specSha256: string;
}

export type DagFileLoad = {
  durationMs: number;
  /** What the outcome depends on: while none of it changes (see `checkFingerprints`), loading again is pointless, but for transient errors. */
  inputs: InputFingerprint[];
  /** Where packages are looked up, for `importBundle` in the runner. */
  resolveFrom: string[];
  sourceText: string | null;
  warnings: DagFileWarning[];
} & (
  | {
      ok: true;
      /** Null: the file never says "dag", so it was not loaded. Names in the source map are relative to the DAG folder. */
      bundle: Pick<DagBundle, "code" | "sha256" | "sourceMap"> | null;
      dags: LoadedDag[];
    }
  | { ok: false; error: DagImportError }
);

/**
 * Loads DAG files: bundles each, imports it in a child process, gives the specs of its DAGs or a readable error. Nothing a file does reaches the calling
 * process or the result of another file.
 *
 * @example
 * const loader = createDagLoader();
 * const result = await loader.load({ path: "/dags/sales.ts", root: "/dags" });
 * await loader.stop();
 */
export interface DagLoader {
  /**
   * Of the settings that are part of what makes a spec, hex. Unchanged files that were loaded under another one have to be loaded again: who keeps the
   * `inputs` of a load, to know a file as unchanged, keeps this beside them.
   */
  readonly settingsSha256: string;
  /** Never throws because of the file. Throws when the machine or the installation is at fault, or after `stop`. */
  load(request: DagFileRequest): Promise<DagFileLoad>;
  /** Starts what the first load needs, ahead of it. */
  warmUp(): void;
  /** Ends all children and waits until they are gone. */
  stop(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MEMORY_LIMIT_MB = 512;
const MEBIBYTE = 1024 * 1024;

export function createDagLoader(options: DagLoaderOptions = {}): DagLoader {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const memoryLimitMb = options.memoryLimitMb ?? DEFAULT_MEMORY_LIMIT_MB;
  const defaults: SpecDefaults = { ...SPEC_DEFAULTS, ...options.defaults };
  const pool = new LoaderPool({
    defaults,
    size: options.processes ?? 2,
    timeoutMs,
    memoryLimitMb,
    maxSpecBytes: options.maxSpecBytes ?? 16 * MEBIBYTE,
    maxLoadsPerChild: options.maxLoadsPerChild ?? 250,
    idleMs: options.idleMs ?? 2_000,
    keepWarm: options.keepWarm ?? true,
    environment: childEnvironment(process.env, options.passEnvironment),
  });
  let loads = 0;

  async function load(request: DagFileRequest): Promise<DagFileLoad> {
    const startedAt = performance.now();
    const path = resolve(request.path);
    const bundled = await bundleDagFile({ ...request, maxBundleBytes: options.maxBundleBytes });
    const resolveFrom = lookupFolders(path, resolve(request.root), bundled);
    const { inputs, sourceText } = bundled;
    const outcome = await outcomeOf(path, bundled, resolveFrom);
    return { sourceText, inputs, resolveFrom, ...outcome, durationMs: performance.now() - startedAt };
  }

  async function outcomeOf(path: string, bundled: BundleResult, resolveFrom: string[]): Promise<Outcome> {
    if (!mayDefineDag(bundled.sourceText ?? "dag")) return { ok: true, bundle: null, dags: [], warnings: [] };
    if (!bundled.ok) return { ok: false, error: bundled.error, warnings: [] };
    const { bundle } = bundled;
    const bundleUrl = `file:///tradewind/bundles/${bundle.sha256}.mjs?load=${++loads}`;
    const answer = await pool.load(path, { bundleUrl, code: bundle.code, resolveFrom });
    const loadedAs: LoadedAs = { bundle, bundleUrl, entryPath: bundled.entryPath, projectFolder: projectFolder(path), timeoutMs, memoryLimitMb };
    return answerToOutcome(answer, loadedAs, bundled, resolveFrom);
  }

  return {
    settingsSha256: sha256Hex(canonicalJson({ ...defaults })),
    load,
    warmUp: () => pool.warmUp(),
    stop: () => pool.stop(),
  };
}

type Outcome = { warnings: DagFileWarning[]; inputs?: InputFingerprint[] } & (
  | Pick<Extract<DagFileLoad, { ok: true }>, "ok" | "bundle" | "dags">
  | Pick<Extract<DagFileLoad, { ok: false }>, "ok" | "error">
);

function answerToOutcome(answer: ChildAnswer, load: LoadedAs, bundled: BundleResult, resolveFrom: string[]): Outcome {
  const { bundle } = load;
  const { warnings } = bundle;
  if (!answer.answered) return { ok: false, error: deathToImportError(answer, load), warnings };
  const { outcome } = answer;
  if (!outcome.ok) {
    const error = thrownToImportError(outcome.kind, outcome.error, outcome.output, load);
    const missing = missingPackage(outcome.error.code, outcome.error.message);
    const inputs = missing === null ? bundled.inputs : [...bundled.inputs, ...missingPackageInputs(missing, resolveFrom)];
    return { ok: false, error, inputs, warnings };
  }
  const found = outcome.dags.length === 0 ? noDagWarnings(load) : [];
  return {
    ok: true,
    bundle: { code: bundle.code, sha256: bundle.sha256, sourceMap: bundle.sources.displayedMap(bundle.sourceMap) },
    dags: outcome.dags.map(loadedDag),
    warnings: [...warnings, ...leftRunningWarnings(outcome.leftRunning, load), ...foreignTaskWarnings(outcome.foreignTasks, load), ...found],
  };
}

/** The hash is made here and not in the child: it decides whether there is a new version. */
function loadedDag({ dagId, exportName, yields, specJson }: ChildDag): LoadedDag {
  return { dagId, exportName, yields, spec: JSON.parse(specJson) as DagSpec, specJson, specSha256: sha256Hex(specJson) };
}

function noDagWarnings({ bundle, entryPath }: LoadedAs): DagFileWarning[] {
  const imported = bundle.externals.filter(({ importer }) => importer === entryPath).map(({ specifier }) => specifier);
  const usesSdk = imported.some((specifier) => specifier === "tradewind" || AIRFLOW_SDK_NAMES.includes(specifier));
  if (!usesSdk || !/new\s+Dag\b/u.test(bundle.sources.text(entryPath) ?? "")) return [];
  return [{ kind: "no_dag", message: `${bundle.sources.display(entryPath)} makes a Dag, but exports none. Write: export const dag = new Dag(…)` }];
}

function leftRunningWarnings(names: readonly string[], { bundle, entryPath }: LoadedAs): DagFileWarning[] {
  if (names.length === 0) return [];
  const what = [...new Set(names)].sort().join(", ");
  const message = `${bundle.sources.display(entryPath)} left something running after it was loaded (${what}). It was stopped. Code outside of tasks should only define DAGs: open connections and start timers in tasks.`;
  return [{ kind: "left_running", message }];
}

function foreignTaskWarnings(tasks: readonly string[], { bundle, entryPath }: LoadedAs): DagFileWarning[] {
  if (tasks.length === 0) return [];
  const message = `${bundle.sources.display(entryPath)} has handlers for tasks of DAGs that are declared in Python, which Tradewind does not read: ${tasks.join(", ")}. They do not run. Declare the DAG in TypeScript: new Dag(…) with dag.task(…).`;
  return [{ kind: "foreign_tasks", message }];
}

/** The DAG file's own folder first, then its real one when it is a link, then the DAG folder. Node looks in each and in all above it. */
function lookupFolders(path: string, root: string, bundled: BundleResult): string[] {
  return [...new Set([dirname(path), dirname(bundled.entryPath), root])];
}

/** Where the author would run `npm install`. */
function projectFolder(path: string): string {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
  }
  return dirname(path);
}
