import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Resident memory of another process, in bytes; null when it is gone or cannot be asked. A process that allocates without end cannot watch itself. */
export async function residentMemoryBytes(pid: number): Promise<number | null> {
  try {
    if (process.platform === "linux") {
      const kilobytes = /^VmRSS:\s+(?<kb>\d+) kB$/mu.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.groups?.["kb"];
      return kilobytes === undefined ? null : Number(kilobytes) * 1024;
    }
    const { stdout } = await run("ps", ["-o", "rss=", "-p", String(pid)]);
    const kilobytes = Number.parseInt(stdout, 10);
    return Number.isFinite(kilobytes) ? kilobytes * 1024 : null;
  } catch {
    return null;
  }
}
