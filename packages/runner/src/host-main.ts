/** Entry of the local runner host. Its settings and its token come as one JSON object on standard input. */
import { readFileSync } from "node:fs";
import { runHostProcess } from "./host/run-host-process.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
await runHostProcess(version);
// Nothing is left to do; a handle that is still open somewhere must not keep the process.
process.exit(0);
