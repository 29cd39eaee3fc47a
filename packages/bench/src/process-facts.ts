import { readFileSync, readdirSync } from "node:fs";

/** Resident memory of a process in MB, as Linux counts it. */
export function residentMb(pid: number): number {
  const line = readFileSync(`/proc/${pid}/status`, "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("VmRSS:"));
  return Number(line?.split(/\s+/u)[1] ?? Number.NaN) / 1024;
}

/** Processor time a process has used, in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticksPerSecond = 100;
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
}

/** A process and everything below it. */
export function processTree(rootPid: number): { pid: number; command: string }[] {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return [{ pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]), command }];
      } catch {
        return []; // it has just ended
      }
    });
  const found = new Set([rootPid]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const { pid, parent } of processes) if (found.has(parent)) found.add(pid);
  }
  return processes.filter(({ pid }) => found.has(pid)).map(({ pid, command }) => ({ pid, command }));
}

/** Processor time in milliseconds of each process of a tree. */
export function cpuByPid(rootPid: number): Map<number, number> {
  return new Map(Object.values(cpuByPart(rootPid)).flatMap((part) => [...part]));
}

/** Which part of an installation a process belongs to, by its command line. */
function partOf(pid: number, rootPid: number, command: string): string {
  if (pid === rootPid) return "control plane";
  if (command.includes("host-main")) return "runner host";
  if (command.includes("child-main")) return "children";
  return "others";
}

export type CpuByPart = Record<string, Map<number, number>>;

/** Processor time in milliseconds of every process below the control plane, by part; PostgreSQL is not among them. */
export function cpuByPart(rootPid: number): CpuByPart {
  const parts: CpuByPart = {};
  for (const { pid, command } of processTree(rootPid)) {
    try {
      (parts[partOf(pid, rootPid, command)] ??= new Map()).set(pid, cpuMs(pid));
    } catch {
      // it has just ended
    }
  }
  return parts;
}

/** Milliseconds per task and part. What processes used that ended in between is missing. */
export function cpuPerTask(before: CpuByPart, after: CpuByPart, tasks: number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([part, now]) => {
      const used = [...now].reduce((sum, [pid, ms]) => sum + ms - (before[part]?.get(pid) ?? 0), 0);
      return [part, Math.round((used / tasks) * 1000) / 1000];
    }),
  );
}
