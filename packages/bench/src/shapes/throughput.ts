import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Installation } from "../installation.ts";
import { cpuMs, processTree, residentMb } from "../process-facts.ts";
import { round } from "../statistics.ts";
import { parallelDags } from "./dag-files.ts";
import { triggerEach, untilDagsAreKnown, untilRunsEnded } from "./runs.ts";

const DAGS = 1_000;
const TASKS_PER_DAG = 10;
const FILES = 10;
const PREFIX = "bench_parallel";

/**
 * A run of each of 1,000 DAGs at once. All runs are made first, with the DAGs paused, so that what is measured is scheduling and not the REST API: the clock runs from the first
 * start of a task to the last end.
 */
export async function manyDags(installation: Installation) {
  for (let file = 0; file < FILES; file += 1) {
    await writeFile(join(installation.dagsFolder, `${PREFIX}_${file}.ts`), parallelDags(`${PREFIX}_${file}`, DAGS / FILES, TASKS_PER_DAG));
  }
  await untilDagsAreKnown(installation, PREFIX, DAGS);
  const dagIds = (await installation.query<{ dag_id: string }>("select dag_id from dag where starts_with(dag_id, $1) order by dag_id", [PREFIX])).map((row) => row.dag_id);
  // Warm-up: bundles in the runner's cache, statements planned.
  await triggerEach(installation, dagIds.filter((_, index) => index % 50 === 0));
  await untilRunsEnded(installation, PREFIX, DAGS / 50);
  await pauseAll(installation, true);
  await triggerEach(installation, dagIds);
  const [before] = await installation.query<{ now: Date }>("select clock_timestamp() as now");
  await pauseAll(installation, false);
  await untilRunsEnded(installation, PREFIX, DAGS + DAGS / 50);
  const [row] = await installation.query<{ tasks: string; seconds: number }>(
    `select count(*) as tasks, extract(epoch from max(ti.end_date) - min(ti.start_date))::float8 as seconds
      from task_instance ti where starts_with(ti.dag_id, $1) and ti.start_date >= $2`,
    [PREFIX, before!.now],
  );
  return {
    name: "throughput",
    what: `${DAGS} DAGs × ${TASKS_PER_DAG} no-op tasks at once`,
    goal: "≥ 1,500 tasks/s",
    tasks: Number(row!.tasks),
    seconds: round(row!.seconds, 2),
    tasksPerSecond: Math.round(Number(row!.tasks) / row!.seconds),
  };
}

/** By SQL, so that a thousand requests are no part of what is measured; the scheduler's sweep finds the runs that may start. */
async function pauseAll(installation: Installation, isPaused: boolean): Promise<void> {
  await installation.query("update dag set is_paused = $2 where starts_with(dag_id, $1)", [PREFIX, isPaused]);
}

const IDLE_SETTLE_MS = 5_000;
const IDLE_WINDOW_MS = 20_000;

/** The processor time of each process while nothing happens, with the 1,000 DAGs there. */
export async function idleCost(installation: Installation) {
  await sleep(IDLE_SETTLE_MS);
  const processes = processTree(installation.pid);
  const before = new Map(processes.map(({ pid }) => [pid, cpuMs(pid)]));
  const startedAt = performance.now();
  await sleep(IDLE_WINDOW_MS);
  const elapsedMs = performance.now() - startedAt;
  const share = (pid: number): number => ((cpuMs(pid) - before.get(pid)!) / elapsedMs) * 100;
  return {
    name: "idle",
    what: `with ${DAGS} DAGs and nothing to do, over ${IDLE_WINDOW_MS / 1000} s: share of one core, and memory`,
    goal: "scheduler ≤ 1 % of a core, ≤ 200 MB",
    scheduler: { cpuPercent: round(share(installation.pid), 2), residentMb: round(residentMb(installation.pid)) },
    others: processes
      .filter(({ pid }) => pid !== installation.pid)
      .map(({ pid, command }) => ({ command: command.split(" ").slice(-2).join(" ").slice(-60), cpuPercent: round(share(pid), 2), residentMb: round(residentMb(pid)) })),
  };
}
