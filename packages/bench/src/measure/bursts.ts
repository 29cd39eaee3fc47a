import type { System } from "../systems/system.ts";
import { dagIdsOf, type Workload } from "../workload/workload.ts";
import { type Figures, figure } from "./figures.ts";
import { databaseNow, pauseAll, triggerEach, untilRunsEnded } from "./runs.ts";
import { type Makespan, readMakespan } from "./times.ts";
import { type Usage, withUsage } from "./usage.ts";

export interface BurstOptions {
  readonly rounds: number;
  /** Runs before those that are measured, one for each of the first DAGs: statements are planned, code is compiled. */
  readonly warmUpRuns: number;
  readonly runsPerDag?: number;
  /** Default: all of the workload. */
  readonly dagIds?: readonly string[];
}

export interface Bursts {
  readonly rounds: readonly (Makespan & { usage: Usage })[];
  readonly runsPerRound: number;
}

/**
 * Many runs at once. They are made first, while the DAGs are paused, so that scheduling is measured and not the REST API: the clock runs from the first start of a task to the last end, by
 * the database's timestamps.
 */
export async function runBursts(system: System, workload: Workload, options: BurstOptions): Promise<Bursts> {
  const dagIds = options.dagIds ?? dagIdsOf(workload);
  await warmUp(system, workload.prefix, dagIds, options.warmUpRuns);
  const rounds: (Makespan & { usage: Usage })[] = [];
  const runs = dagIds.flatMap((dagId) => Array.from({ length: options.runsPerDag ?? 1 }, () => dagId));
  for (let round = 0; round < options.rounds; round += 1) {
    await pauseAll(system, workload.prefix, true);
    const madeSince = await databaseNow(system);
    await triggerEach(system, runs);
    const since = await databaseNow(system);
    const usage = await withUsage(system, async () => {
      await pauseAll(system, workload.prefix, false);
      await untilRunsEnded(system, workload.prefix, madeSince, 250);
    });
    rounds.push({ ...(await readMakespan(system, workload.prefix, since)), usage });
  }
  return { rounds, runsPerRound: runs.length };
}

async function warmUp(system: System, prefix: string, dagIds: readonly string[], runs: number): Promise<void> {
  const since = await databaseNow(system);
  await triggerEach(system, dagIds.slice(0, runs));
  await untilRunsEnded(system, prefix, since);
}

/** What bursts say: rates, and what one task costs. */
export function burstFigures({ rounds, runsPerRound }: Bursts): Figures {
  return {
    tasksPerSecond: figure(
      rounds.map(({ tasks, seconds }) => tasks / seconds),
      { unit: "/s" },
    ),
    runsPerSecond: figure(
      rounds.map(({ seconds }) => runsPerRound / seconds),
      { unit: "/s" },
    ),
    cpuMsPerTask: figure(
      rounds.map(({ tasks, usage }) => (usage.cpuSecondsTotal * 1000) / tasks),
      { unit: "ms" },
    ),
    statementsPerTask: figure(
      rounds.map(({ tasks, usage }) => usage.statements / tasks),
      { unit: "" },
    ),
  };
}

/** The last round's: it stands for the others. */
export const burstUsage = ({ rounds }: Bursts): Record<string, Usage> => ({ "the last round": rounds.at(-1)!.usage });
