/**
 * Entry of a loader child. The compile cache must be on before anything else is loaded, so this file imports nothing of its own.
 */
import { enableCompileCache } from "node:module";

const cacheDir = process.argv[2];
if (cacheDir !== undefined) enableCompileCache(cacheDir);
await import("./loader-child.ts");
