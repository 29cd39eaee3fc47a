/**
 * Entry of a child process: the process in which author code runs. It has no token, no address and no credentials; all it knows comes from its host over descriptors 3 and 4.
 *
 * The compile cache must be on before anything else is loaded, so this file imports nothing of its own.
 */
import { enableCompileCache } from "node:module";

const cacheDir = process.argv[2];
if (cacheDir !== undefined) enableCompileCache(cacheDir);
const { serveHost } = await import("./serve-host.ts");
serveHost();
