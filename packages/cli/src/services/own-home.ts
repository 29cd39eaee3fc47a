import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processStartTime } from "@tradewind/runner";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";

/** In `<home>/run/standalone.json`: who has it. The time of the start tells this process from a later one with its pid. */
interface Owner {
  pid: number;
  startTime: string;
}

/**
 * One `standalone` for each home: it stops the runner host of its home when it stops, and a second one would take the running tasks of the first with it.
 * What a killed one left behind counts for nothing.
 * @returns gives the home back
 * @throws CliError when another one has it
 */
export async function takeHome(home: string): Promise<() => void> {
  const path = join(home, "run", "standalone.json");
  const me: Owner = { pid: process.pid, startTime: (await processStartTime(process.pid)) ?? "" };
  mkdirSync(join(home, "run"), { recursive: true, mode: 0o700 });
  while (!create(path, me)) {
    const owner = read(path);
    if (owner !== null && (await processStartTime(owner.pid)) === owner.startTime) throw takenError(home, owner);
    rmSync(path, { force: true });
  }
  return () => {
    if (read(path)?.pid === me.pid) rmSync(path, { force: true });
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

function takenError(home: string, { pid }: Owner): CliError {
  return new CliError("invalid_config", `Tradewind is running already in ${home}, as process ${pid}.`, {
    exitCode: EXIT.usage,
    hint: "Stop it first, or give this one a home of its own with TRADEWIND_HOME.",
  });
}
