import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a running API server tells the commands of the same installation, in `<home>/run/api-server.json`. */
export interface ServerFile {
  url: string;
  pid: number;
}

const pathIn = (home: string): string => join(home, "run", "api-server.json");

/** Appears complete or not at all. */
export function writeServerFile(home: string, server: ServerFile): void {
  mkdirSync(join(home, "run"), { recursive: true, mode: 0o700 });
  const draft = `${pathIn(home)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(server)}\n`, { mode: 0o600 });
  renameSync(draft, pathIn(home));
}

/** Null when no server has told, or the one that did is gone. */
export function readServerFile(home: string): ServerFile | null {
  try {
    const server = JSON.parse(readFileSync(pathIn(home), "utf8")) as ServerFile;
    return isAlive(server.pid) ? server : null;
  } catch {
    return null;
  }
}

/** Removes the file when it is still this process's. */
export function removeServerFile(home: string): void {
  if (readServerFile(home)?.pid === process.pid) rmSync(pathIn(home), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
