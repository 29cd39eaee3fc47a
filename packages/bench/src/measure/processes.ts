import { readFileSync, readdirSync } from "node:fs";

/** USER_HZ, which Linux has fixed at 100 for what it shows in /proc. */
const MS_PER_TICK = 10;

export interface ProcessUsage {
  readonly pid: number;
  readonly command: string;
  /** Processor time of the process itself. */
  readonly ownMs: number;
  /** Processor time of processes below it that have ended and were waited for. */
  readonly endedMs: number;
  readonly residentMb: number;
}

/** A process and everything below it; those that end meanwhile are left out. */
export function processTree(rootPid: number): ProcessUsage[] {
  const children = new Map<number, number[]>();
  const usages = new Map<number, ProcessUsage>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const found = readProcess(pid);
    if (found === undefined) continue;
    usages.set(pid, found.usage);
    children.set(found.parent, [...(children.get(found.parent) ?? []), pid]);
  }
  const tree: ProcessUsage[] = [];
  const waiting = [rootPid];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const usage = usages.get(pid);
    if (usage) tree.push(usage);
    waiting.push(...(children.get(pid) ?? []));
  }
  return tree;
}

function readProcess(pid: number): { parent: number; usage: ProcessUsage } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name stands in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    const ticks = (index: number): number => Number(fields[index]) * MS_PER_TICK;
    const residentMb = (Number(fields[21]) * 4096) / 2 ** 20;
    return { parent: Number(fields[1]), usage: { pid, command, ownMs: ticks(11) + ticks(12), endedMs: ticks(13) + ticks(14), residentMb } };
  } catch {
    return undefined;
  }
}

/** Memory of a process with its part of the pages that it shares with others, so that a sum over processes counts none twice; what is resident where the kernel does not tell. */
export function proportionalMb({ pid, residentMb }: ProcessUsage): number {
  try {
    const [, kb] = /^Pss:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
    return kb === undefined ? residentMb : Number(kb) / 1024;
  } catch {
    return residentMb;
  }
}
