import type { System } from "../systems/system.ts";
import { processTree, type ProcessUsage } from "./processes.ts";
import { round, significant } from "./statistics.ts";

/** What a system has used up to now. */
export interface UsageMark {
  readonly at: number;
  readonly parts: ReadonlyMap<number, { part: string; ownMs: number }>;
  readonly totalMs: number;
  readonly statements: number;
  readonly walBytes: number;
}

/** What a system used between two marks. */
export interface Usage {
  seconds: number;
  /** Processor seconds by part; `ended processes` is what processes used that have ended in between. */
  cpuSeconds: Record<string, number>;
  cpuSecondsTotal: number;
  /** Share of all the machine's processor time is this by the number of cores. */
  coresBusy: number;
  /** Statements that PostgreSQL ran. Left out are the bench's own, and those that begin and end transactions: pg_stat_statements misses them where they travel with others. */
  statements: number;
  walMb: number;
}

export interface PartUsage extends ProcessUsage {
  readonly part: string;
}

/** Every process of a system, with the part it belongs to. */
export function processesOf(system: System): PartUsage[] {
  return system.roots().flatMap((root) => processTree(root.pid).map((usage) => ({ ...usage, part: root.partOf(usage) })));
}

export async function markUsage(system: System): Promise<UsageMark> {
  const database = await readDatabaseUsage(system);
  const processes = processesOf(system);
  return {
    at: performance.now(),
    parts: new Map(processes.map(({ pid, part, ownMs }) => [pid, { part, ownMs }])),
    // What a process used moves to its parent when it ends, so the sum over the tree loses nothing.
    totalMs: processes.reduce((sum, { ownMs, endedMs }) => sum + ownMs + endedMs, 0),
    ...database,
  };
}

async function readDatabaseUsage(system: System): Promise<Pick<UsageMark, "statements" | "walBytes">> {
  const [row] = await system.query<{ statements: number; wal: number }>(
    `select coalesce(sum(calls) filter (where query !~* '^(begin|start transaction|commit|end|rollback)\\M'), 0)::float8 as statements,
        (select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8) as wal
      from pg_stat_statements where userid <> (select oid from pg_roles where rolname = current_user)`,
  );
  return { statements: row!.statements, walBytes: row!.wal };
}

export function usageBetween(before: UsageMark, after: UsageMark): Usage {
  const seconds = (after.at - before.at) / 1000;
  const parts = new Map<string, number>();
  for (const [pid, { part, ownMs }] of after.parts) parts.set(part, (parts.get(part) ?? 0) + ownMs - (before.parts.get(pid)?.ownMs ?? 0));
  const totalMs = after.totalMs - before.totalMs;
  const alive = [...parts.values()].reduce((sum, ms) => sum + ms, 0);
  parts.set("ended processes", Math.max(0, totalMs - alive));
  return {
    seconds: significant(seconds),
    cpuSeconds: Object.fromEntries([...parts].filter(([, ms]) => ms >= 10).map(([part, ms]) => [part, round(ms / 1000, 2)])),
    cpuSecondsTotal: round(totalMs / 1000, 2),
    coresBusy: round(totalMs / 1000 / seconds, 2),
    statements: after.statements - before.statements,
    walMb: round((after.walBytes - before.walBytes) / 2 ** 20, 1),
  };
}

/** Does the work and gives what the system used meanwhile. */
export async function withUsage(system: System, work: () => Promise<void>): Promise<Usage> {
  const before = await markUsage(system);
  await work();
  return usageBetween(before, await markUsage(system));
}
