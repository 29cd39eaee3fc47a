import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { System } from "../systems/system.ts";
import { dagIdsOf, type DagFile, type Workload } from "../workload/workload.ts";
import { until } from "./until.ts";

const KNOWN_TIMEOUT_MS = 30 * 60_000;

/** Writes the files of a workload and waits until every DAG of it can be run; gives how long that took, in seconds. */
export async function deploy(system: System, workload: Workload): Promise<number> {
  for (const pool of workload.pools ?? []) await system.createPool(pool);
  const startedAt = performance.now();
  for (const file of workload.files) await writeDagFile(system, file);
  await untilDagsAreKnown(system, workload.prefix, dagIdsOf(workload).length);
  return (performance.now() - startedAt) / 1000;
}

/** As editors do: complete or not at all. */
export async function writeDagFile(system: System, file: DagFile): Promise<void> {
  const name = system.fileName(file);
  const draft = join(system.folder, name);
  await writeFile(draft, system.write(file));
  await rename(draft, join(system.dagsFolder, name));
}

async function untilDagsAreKnown(system: System, prefix: string, count: number): Promise<void> {
  await until(`${count} DAGs "${prefix}…"`, KNOWN_TIMEOUT_MS, async () => {
    const [row] = await system.query<{ known: number }>(
      `select count(*)::int as known from (${system.sql.knownDags}) known where starts_with(dag_id, $1)`,
      [prefix],
    );
    if (row!.known >= count) return true;
    const [error] = await system.query<{ problem: string }>(system.sql.importErrors);
    if (error !== undefined) throw new Error(`A file of the benchmark does not load: ${error.problem}`);
    return false;
  });
}
