import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { processStartTime } from "@tradewind/runner";

/** The process that has something for itself. The time of its start tells it from a later one with its pid. */
export interface Owner {
  pid: number;
  startTime: string;
}

/**
 * Takes something for this process by a file that names its owner. What a killed process left behind counts for nothing.
 * @returns `release` when it is ours; else who has it
 */
export async function takeOwnerFile(path: string): Promise<{ release: () => void } | { owner: Owner }> {
  const me: Owner = { pid: process.pid, startTime: (await processStartTime(process.pid)) ?? "" };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  while (!create(path, me)) {
    const owner = read(path);
    if (owner !== null && (await processStartTime(owner.pid)) === owner.startTime) return { owner };
    rmSync(path, { force: true });
  }
  return {
    release: () => {
      if (read(path)?.pid === me.pid) rmSync(path, { force: true });
    },
  };
}

function create(path: string, owner: Owner): boolean {
  try {
    writeFileSync(path, `${JSON.stringify(owner)}\n`, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function read(path: string): Owner | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Owner;
  } catch {
    return null;
  }
}
