import { readFileSync, readdirSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import path from "node:path";

/** What a PostgreSQL server writes about itself into `postmaster.pid` of its data directory. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly status: string;
}

export const postmasterFileName = "postmaster.pid";

export function readPostmasterFile(dataDirectory: string): Postmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(path.join(dataDirectory, postmasterFileName), "utf8").split("\n");
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3] ?? 0), status: (lines[7] ?? "").trim() };
}

/** The server that really runs on this directory now, if any. A zombie or a recycled process id is not one. */
export function findRunningPostmaster(dataDirectory: string): Postmaster | undefined {
  const found = readPostmasterFile(dataDirectory);
  return found && isServerOf(found.pid, dataDirectory) ? found : undefined;
}

/**
 * Removes a `postmaster.pid` that no living server stands behind. PostgreSQL itself refuses to start as long as *some*
 * process has the number in the file: a zombie nobody reaps (no init in a container), or an unrelated process after a
 * reboot. The file also guards against orphaned backends still writing, hence the look for any process in the directory.
 */
export function removeStalePostmasterFile(dataDirectory: string): boolean {
  const found = readPostmasterFile(dataDirectory);
  if (!found || isServerOf(found.pid, dataDirectory) || hasProcessInside(dataDirectory)) return false;
  rmSync(path.join(dataDirectory, postmasterFileName), { force: true });
  return true;
}

function isServerOf(pid: number, dataDirectory: string): boolean {
  if (!isAlive(pid)) return false;
  if (process.platform !== "linux") return true;
  const folder = workingDirectory(pid);
  // Another user's process does not show its directory: believe its name rather than start a second server.
  return folder === undefined ? processStatus(pid)?.name === "postgres" : folder === realpathSync(dataDirectory);
}

/** Alive and not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return process.platform !== "linux" || processStatus(pid)?.state !== "Z";
}

/** Together with the pid, the start time (clock ticks since boot) names a process for good. */
export function processStatus(pid: number): { name: string; state: string; startTime: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
    return { name, state: fields[0] ?? "", startTime: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

/** PostgreSQL processes stay in their data directory, which makes it their fingerprint. */
function workingDirectory(pid: number | string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function hasProcessInside(dataDirectory: string): boolean {
  if (process.platform !== "linux") return false;
  const directory = realpathSync(dataDirectory);
  return readdirSync("/proc").some((name) => /^\d+$/.test(name) && workingDirectory(name) === directory);
}
