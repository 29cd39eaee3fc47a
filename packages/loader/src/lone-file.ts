import { extname } from "node:path";
import { isBuiltin } from "node:module";
import type { Loader, Plugin } from "esbuild";

/** What makes the place of a file matter: imports by path or by the author's package.json, and whether it is CommonJS. */
const PLACE_MATTERS = /["'`](?:\.{0,2}\/|\.{1,2}["'`]|#|data:)|\b(?:require|module|exports)\b/u;

/** Without either a file may be CommonJS, by what the author's package.json says. */
const IS_MODULE = /^\s*(?:import|export)\b/mu;

const LOADERS: Record<string, Loader> = { ".ts": "ts", ".mts": "ts", ".js": "js", ".mjs": "js" };

/**
 * How esbuild reads a DAG file that imports nothing but packages; null: it may import more.
 *
 * Such a file can be given to esbuild as text, with the same result. From a path it would list the file's folder and all above it, for each file anew: with a thousand files in a folder that takes as long as
 * all the rest of a bundle.
 */
export function loneFileLoader(path: string, text: string): Loader | null {
  return IS_MODULE.test(text) && !PLACE_MATTERS.test(text) ? (LOADERS[extname(path)] ?? null) : null;
}

/** For a lone file: packages stay imports, and whatever else it turns out to import ends the build. */
export function onlyPackagesPlugin(): Plugin {
  return {
    name: "only-packages",
    setup(build) {
      // No flags: esbuild reads the expressions in Go, which knows no "u".
      build.onResolve({ filter: /^(?:node:[a-z_/]+|@?[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9._/-]+)?)$/ }, ({ path }) =>
        // As esbuild knows its modules of Node: an import of which nothing is used goes.
        isBuiltin(path) ? { path, external: true, sideEffects: false } : { path, external: true },
      );
      build.onResolve({ filter: /./ }, ({ path }) => ({ errors: [{ text: `"${path}" is no package` }] }));
    },
  };
}
