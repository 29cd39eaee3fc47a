import { readdirSync, readFileSync } from "node:fs";
import { until } from "./until.ts";

export interface ProcessFacts {
  pid: number;
  command: string;
}

/** Every living process with the text in its environment or on its command line, however far it has gone from the one that was started; never this one. */
export function processesOf(marker: string): ProcessFacts[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const isMarked = command.includes(marker) || readFileSync(`/proc/${entry}/environ`, "utf8").includes(marker);
      // A zombie has ended; its command line is empty.
      return isMarked && command !== "" ? [{ pid: Number(entry), command }] : [];
    } catch {
      // It has just ended, or is somebody else's.
      return [];
    }
  });
}

/** Waits a while for the last of them to end; fails with a list of those that do not. */
export async function assertNoProcesses(marker: string, withinMs = 20_000): Promise<void> {
  const isOver = await until("the end of all processes", () => processesOf(marker).length === 0, withinMs).catch(() => false);
  const left = processesOf(marker).map(({ pid, command }) => `  ${pid} ${command}`);
  if (!isOver && left.length > 0) throw new Error(`Processes were left behind:\n${left.join("\n")}`);
}

/** Sends SIGKILL to each of them that is still there. */
export function killAll(processes: readonly ProcessFacts[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}
