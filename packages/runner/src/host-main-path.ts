import { fileURLToPath } from "node:url";

/**
 * The file to run, with Node, as the local runner host: what the local executor is given as `hostCommand`.
 * @example
 * createLocalExecutor({ home, slots: 16, hostCommand: [process.execPath, HOST_MAIN_PATH] });
 */
export const HOST_MAIN_PATH = fileURLToPath(new URL("./host-main.ts", import.meta.url));
