import { readFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as Esbuild from "esbuild";
import { sha256Hex } from "../fingerprint.ts";
import { stopIdleService, withLivingService } from "../living-service.ts";

/** A file that a program is made of, or by, as it was when that was packed. */
export interface PackedInput {
  /** Absolute. */
  path: string;
  mtimeMs: number;
  size: number;
  sha256: string;
}

/** A program of a child process and all of `tradewind` that author code can import, as a few JavaScript files that share their common parts. */
export interface PackedProgram {
  /** Of the file to start, relative to the program's folder. */
  main: string;
  /** By what authors import (`tradewind/operators`): the file it is in. */
  entries: Record<string, string>;
  files: { name: string; text: string }[];
  inputs: PackedInput[];
}

const MAIN = "main";
const { resolve } = createRequire(import.meta.url);
/** The first source of `tradewind`, as this package finds it. */
export const SDK_SOURCE = resolve("tradewind");
const SDK_FOLDER = dirname(dirname(SDK_SOURCE));
/** What decides how a program is packed, beside its sources: a new version of it makes another one of the same sources. */
const MADE_BY = [fileURLToPath(import.meta.url), join(SDK_FOLDER, "package.json"), resolve("esbuild/package.json")];

/** Those under way, by their entry: one serves all of this process who ask for it. */
const packing = new Map<string, Promise<PackedProgram>>();

/**
 * Packs the program that starts with `entry`. Dependencies from npm stay imports; what is imported lazily stays lazy.
 * @throws when a source cannot be read or is no valid TypeScript: a fault of the installation
 */
export function packProgram(entry: string): Promise<PackedProgram> {
  let packed = packing.get(entry);
  if (packed === undefined) {
    packed = pack(entry).finally(() => packing.delete(entry));
    packing.set(entry, packed);
  }
  return packed;
}

async function pack(entry: string): Promise<PackedProgram> {
  // Only who has to pack starts the bundler.
  const esbuild = await import("esbuild");
  const inputs = new Map<string, PackedInput>();
  for (const path of MADE_BY) await readInput(path, inputs);
  const sources = { [MAIN]: entry, ...sdkEntries() };
  const options = {
    entryPoints: sources,
    outdir: dirname(entry),
    absWorkingDir: dirname(entry),
    bundle: true,
    splitting: true,
    write: false,
    format: "esm",
    // Without this extension, Node looks for a package.json and then into each file to see what it is.
    outExtension: { ".js": ".mjs" },
    chunkNames: "part-[hash]",
    platform: "node",
    target: "node24",
    charset: "utf8",
    legalComments: "none",
    // Names of classes are seen in messages.
    keepNames: true,
    // As Node reads the sources; no tsconfig.json takes part.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: true, verbatimModuleSyntax: true } },
    logLevel: "silent",
    plugins: [ownSources(inputs)],
  } satisfies Esbuild.BuildOptions;
  try {
    const { outputFiles } = await withLivingService(esbuild, () => esbuild.build(options));
    const files = outputFiles.map(({ path, text }) => ({ name: relative(options.outdir, path).split(sep).join("/"), text }));
    const entries = Object.fromEntries(Object.keys(sources).flatMap((name) => (name === MAIN ? [] : [[name, `${name}.mjs`]])));
    return { main: `${MAIN}.mjs`, entries, files, inputs: [...inputs.values()] };
  } finally {
    // Its process holds tens of megabytes.
    await stopIdleService(esbuild);
  }
}

/** By what is imported: the source of each entry of `tradewind`. */
function sdkEntries(): Record<string, string> {
  const { exports } = JSON.parse(readFileSync(join(SDK_FOLDER, "package.json"), "utf8")) as { exports: Record<string, unknown> };
  const entries: Record<string, string> = {};
  for (const [name, target] of Object.entries(exports))
    if (typeof target === "string" && target.endsWith(".ts")) entries[join("tradewind", name)] = join(SDK_FOLDER, target);
  return entries;
}

function ownSources(inputs: Map<string, PackedInput>): Esbuild.Plugin {
  return {
    name: "tradewind-sources",
    setup(build) {
      // What is ours is packed; Node's modules and dependencies stay imports.
      build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
        kind === "entry-point" || /^(?:tradewind|@tradewind)(?:\/|$)/u.test(path) ? undefined : { path, external: true },
      );
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const text = await readInput(path, inputs);
        // Code that asks for its own place means the place of its source: what lies beside it, and where its dependencies are.
        return { contents: text.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)), loader: "ts" };
      });
    },
  };
}

async function readInput(path: string, inputs: Map<string, PackedInput>): Promise<string> {
  // Stats first: a write between the two shows up as a change later.
  const { mtimeMs, size } = await stat(path);
  const content = await readFile(path);
  inputs.set(path, { path, mtimeMs, size, sha256: sha256Hex(content) });
  return content.toString("utf8");
}
