import { realpath } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import * as esbuild from "esbuild";
import { authorFilesPlugin, type AuthorFiles, authorText } from "./author-files-plugin.ts";
import { AuthorSources, displayPath } from "./author-source.ts";
import { buildFailureToImportError } from "./build-failure.ts";
import { absentInput, type InputFingerprint, readInput, type ReadInput, sha256Hex } from "./fingerprint.ts";
import type { DagFileWarning, DagImportError } from "./import-error.ts";
import { loneFileLoader, onlyPackagesPlugin } from "./lone-file.ts";
import { withLivingService } from "./living-service.ts";
import { isYamlDagFile, yamlBundle } from "./yaml-bundle.ts";

export interface BundleRequest {
  /** The DAG file. */
  path: string;
  /** The DAG folder it was found in; places in messages are relative to it. */
  root: string;
  /** Default 16 MiB. */
  maxBundleBytes?: number;
}

/** An import that stays in the bundle as it is: a package, or a module of Node. */
export interface ExternalImport {
  specifier: string;
  /** Absolute path of the file that imports it. */
  importer: string;
}

/**
 * A DAG file and everything it imports by relative path, as one ES module. Packages stay imports.
 *
 * The code depends on the sources only: not on the machine, the folder, the time, or the other files of the folder. It has no source map of its own;
 * `sourceMap` holds it, with file names relative to the DAG file.
 */
export interface DagBundle {
  code: string;
  /** Of `code`, hex. The bundle is stored and fetched under it. */
  sha256: string;
  /** Source map v3, JSON. */
  sourceMap: string;
  externals: ExternalImport[];
  sources: AuthorSources;
  warnings: DagFileWarning[];
}

export type BundleResult = {
  /** Real path of the DAG file. */
  entryPath: string;
  /** Text of the DAG file; null when it could not be read. */
  sourceText: string | null;
  /** What the result depends on. As long as these are unchanged, bundling again gives the same. */
  inputs: InputFingerprint[];
} & ({ ok: true; bundle: DagBundle } | { ok: false; error: DagImportError });

const DEFAULT_MAX_BUNDLE_BYTES = 16 * 1024 * 1024;

/** `require` for CommonJS files among the author's own that load packages; ES modules have none. */
const REQUIRE_BANNER = `import { createRequire as __tradewindCreateRequire } from "node:module";\nconst require = __tradewindCreateRequire(import.meta.url);`;

/**
 * Bundles one DAG file. Whatever is wrong with the file comes back as a result; a throw means a fault of this machine (esbuild cannot be started …).
 * One esbuild process serves all calls; calls may overlap.
 */
export async function bundleDagFile(request: BundleRequest): Promise<BundleResult> {
  const path = resolve(request.path);
  const root = await realpath(request.root).catch(() => resolve(request.root));
  const shown = displayPath(resolve(request.root), path);
  const entry = await readEntry(path);
  if (entry instanceof Error) return unreadable(path, shown, entry);

  const realPath = entry.fingerprint.path;
  const sources = new AuthorSources(root, dirname(realPath));
  sources.showAs(realPath, shown);
  const files: AuthorFiles = { sources, inputs: new Map([[realPath, entry.fingerprint]]) };
  const sourceText = entry.content.toString("utf8");
  const finish = () => ({ entryPath: realPath, sourceText, inputs: sortedInputs(files.inputs, path, realPath) });

  const built = isYamlDagFile(realPath) ? buildYaml(files, entry, sourceText) : await build(files, entry);
  if ("errors" in built) return { ok: false, error: buildFailureToImportError(built, files, realPath), ...finish() };
  const limit = request.maxBundleBytes ?? DEFAULT_MAX_BUNDLE_BYTES;
  const bytes = Buffer.byteLength(built.code);
  if (bytes > limit) return { ok: false, error: tooLarge(shown, bytes, limit), ...finish() };
  const bundle: DagBundle = { ...built, sha256: sha256Hex(built.code), sources, warnings: importMetaWarnings(sources) };
  return { ok: true, bundle, ...finish() };
}

/** Ends the esbuild process. The next `bundleDagFile` starts a new one. */
export async function stopBundler(): Promise<void> {
  await esbuild.stop();
}

/** Does the text look as if it may define a DAG? As Airflow's safe mode: a file that never says "dag", in any case, is not loaded. */
export function mayDefineDag(sourceText: string): boolean {
  return /dag/iu.test(sourceText);
}

type Built = Pick<DagBundle, "code" | "sourceMap" | "externals">;

function buildYaml(files: AuthorFiles, entry: ReadInput, text: string): Built {
  files.sources.add(entry.fingerprint.path, text);
  return yamlBundle(text, entry);
}

async function build(files: AuthorFiles, entry: ReadInput): Promise<Built | esbuild.BuildFailure> {
  try {
    const first = (await buildLone(files, entry)) ?? (await buildWithImports(files, entry, ""));
    return first.code.includes("__require(") ? await buildWithImports(files, entry, REQUIRE_BANNER) : first;
  } catch (error) {
    if (isBuildFailure(error)) return error;
    throw error;
  }
}

/** Null: not a file by itself, or one with errors, which are told by the other way. */
async function buildLone(files: AuthorFiles, entry: ReadInput): Promise<Built | null> {
  const { path } = entry.fingerprint;
  const text = authorText(entry);
  const loader = loneFileLoader(path, text);
  if (loader === null) return null;
  try {
    const stdin = { contents: text, sourcefile: basename(path), resolveDir: dirname(path), loader };
    const built = await runEsbuild(files, dirname(path), { stdin, plugins: [onlyPackagesPlugin()] });
    files.sources.add(path, text);
    return built;
  } catch (error) {
    if (isBuildFailure(error)) return null;
    throw error;
  }
}

function buildWithImports(files: AuthorFiles, entry: ReadInput, banner: string): Promise<Built> {
  const { path } = entry.fingerprint;
  return runEsbuild(files, dirname(path), { entryPoints: [path], banner: { js: banner }, plugins: [authorFilesPlugin(files, entry)] });
}

async function runEsbuild(files: AuthorFiles, folder: string, entry: esbuild.BuildOptions): Promise<Built> {
  const options = {
    ...entry,
    // Names in the output are relative to this folder, so it must be the DAG file's own and not one that differs by machine.
    absWorkingDir: folder,
    outfile: resolve(folder, "bundle.mjs"),
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node24",
    packages: "external",
    sourcemap: "external",
    sourcesContent: false,
    metafile: true,
    charset: "utf8",
    legalComments: "none",
    // A handler's name may become its task's id, so esbuild must not rename it.
    keepNames: true,
    // No tsconfig.json is read: one further up, outside the DAG folder, would change the bytes from machine to machine.
    tsconfigRaw: "{}",
    logLevel: "silent",
  } satisfies esbuild.BuildOptions;
  const result = await withLivingService(esbuild, () => esbuild.build(options));
  const output = (name: string) => result.outputFiles.find((file) => file.path.endsWith(name))?.text ?? "";
  return { code: output("bundle.mjs"), sourceMap: output("bundle.mjs.map"), externals: externalImports(result.metafile, files.sources) };
}

function isBuildFailure(error: unknown): error is esbuild.BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<esbuild.BuildFailure>).errors);
}

function externalImports(metafile: esbuild.Metafile, sources: AuthorSources): ExternalImport[] {
  return Object.entries(metafile.inputs).flatMap(([name, input]) =>
    // "<runtime>" is esbuild's own glue.
    input.imports
      .filter((one) => one.external === true && !one.path.startsWith("<"))
      .map((one) => ({ specifier: one.path, importer: sources.absolute(name) })),
  );
}

async function readEntry(path: string): Promise<ReadInput | Error> {
  try {
    return await readInput(await realpath(path));
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

function unreadable(path: string, shown: string, error: Error): BundleResult {
  const message = `The file ${shown} could not be read: ${error.message}`;
  return {
    ok: false,
    entryPath: path,
    sourceText: null,
    inputs: [absentInput(path)],
    error: { kind: "unreadable", message, file: shown, line: null, column: null, frame: null, stack: null, output: null },
  };
}

function tooLarge(file: string, bytes: number, limit: number): DagImportError {
  const message =
    `The bundle of ${file} has ${bytes} bytes, ${limit} are allowed. A bundle travels to every worker that runs one of its tasks: ` +
    "import big data as a file or table that the task reads, or from an installed package.";
  return { kind: "too_large", message, file, line: null, column: null, frame: null, stack: null, output: null };
}

function importMetaWarnings(sources: AuthorSources): DagFileWarning[] {
  const warnings: DagFileWarning[] = [];
  for (const [path, text] of sources.entries()) {
    const found = /\bimport\.meta\.(?:url|dirname|filename)\b/u.exec(text);
    if (found === null) continue;
    const line = text.slice(0, found.index).split("\n").length;
    const message = `${sources.display(path)}:${line} uses ${found[0]}. Tasks run from a bundle that is stored elsewhere, so files beside the source are not found this way; import them instead (.sql, .json, .yaml, .txt and .md give their content).`;
    warnings.push({ kind: "import_meta", message });
  }
  return warnings.sort((a, b) => (a.message < b.message ? -1 : 1));
}

/** The path the file was found by is an input beside its real one: a link may be turned to another file. */
function sortedInputs(inputs: ReadonlyMap<string, InputFingerprint>, path: string, realPath: string): InputFingerprint[] {
  const all = [...inputs.values()];
  const real = inputs.get(realPath);
  if (path !== realPath && real !== undefined) all.push({ ...real, path });
  return all.sort((a, b) => (a.path < b.path ? -1 : 1));
}
