import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * When a process was started, in whatever unit the system tells: with the pid it names one process for ever, where a pid alone may be another's by now. undefined: there is no such process
 * (or only its zombie).
 */
export async function processStartTime(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return (await ps(pid, "lstart")) || undefined;
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  // The name, in parentheses, may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? undefined : fields[19];
}

/** Resident memory in bytes; undefined: no such process. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  if (process.platform !== "linux") return Number(await ps(pid, "rss")) * 1024 || undefined;
  const found = /^VmRSS:\s+(\d+) kB$/mu.exec(readStatus(pid));
  return found === null ? undefined : Number(found[1]) * 1024;
}

/** Whether the main thread of a process computes or waits for a core. False where the system does not tell at once, and for no such process. */
export function isRunnable(pid: number): boolean {
  return process.platform === "linux" && /^State:\s+R/mu.test(readStatus(pid));
}

/** At once: the kernel makes the text out of its memory, while a read in the thread pool costs ten times as much. */
function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}

async function ps(pid: number, field: string): Promise<string> {
  const { stdout } = await run("ps", ["-o", `${field}=`, "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.trim();
}
