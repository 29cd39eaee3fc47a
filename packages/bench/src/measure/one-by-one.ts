import type { System } from "../systems/system.ts";
import type { Workload } from "../workload/workload.ts";
import { dagIdsOf } from "../workload/workload.ts";
import { databaseNow, trigger, untilRunsEnded } from "./runs.ts";
import { readRunTimes, type RunTimes } from "./times.ts";
import { type Usage, withUsage } from "./usage.ts";

export interface OneByOne {
  readonly times: readonly RunTimes[];
  readonly usage: Usage;
  /** By the database's clock: what began later was measured. */
  readonly since: Date;
}

/** Runs of a DAG one after the other, each with everything at rest before it. */
export async function runOneByOne(system: System, workload: Workload, options: { warmUps: number; runs: number }): Promise<OneByOne> {
  const [dagId] = dagIdsOf(workload) as [string];
  const begunAt = await databaseNow(system);
  const runAlone = async (): Promise<void> => {
    await trigger(system, dagId);
    // Airflow's runs take seconds; a look every few milliseconds would only take its processor time.
    await untilRunsEnded(system, workload.prefix, begunAt, system.kind === "airflow" ? 250 : 20);
  };
  for (let run = 1; run <= options.warmUps; run += 1) await runAlone();
  const since = await databaseNow(system);
  const usage = await withUsage(system, async () => {
    for (let run = 1; run <= options.runs; run += 1) await runAlone();
  });
  return { times: await readRunTimes(system, workload.prefix, since), usage, since };
}
