import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { round } from "../measure/statistics.ts";

/** What the figures depend on, besides the code. */
export function machineFacts() {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
    commit: commit(),
    startedAt: new Date().toISOString(),
    // Well above zero before the start: others use this machine, and the figures say less.
    loadBefore: round(loadavg()[0]!, 2),
  };
}

function commit(): string {
  try {
    const git = (args: string[]): string =>
      execFileSync("git", args, { encoding: "utf8", cwd: import.meta.dirname, stdio: ["ignore", "pipe", "ignore"] }).trim();
    return `${git(["rev-parse", "--short=12", "HEAD"])}${git(["status", "--porcelain", "--untracked-files=no"]) === "" ? "" : " with changes"}`;
  } catch {
    return "unknown";
  }
}
