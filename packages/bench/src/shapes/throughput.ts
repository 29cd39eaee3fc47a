import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Installation } from "../installation.ts";
import { cpuByPart, cpuByPid, cpuMs, cpuPerTask, processTree, residentMb } from "../process-facts.ts";
import { round } from "../statistics.ts";
import { parallelDags } from "./dag-files.ts";
import { triggerEach, untilDagsAreKnown, untilRunsEnded } from "./runs.ts";

const DAGS = 1_000;
const TASKS_PER_DAG = 10;
const FILES = 10;
const PREFIX = "bench_parallel";
const FILES_PREFIX = "bench_files";

/** A run of each of 1,000 DAGs of ten files at once. */
export async function manyDags(installation: Installation) {
  for (let file = 0; file < FILES; file += 1) {
    await writeFile(join(installation.dagsFolder, `${PREFIX}_${file}.ts`), parallelDags(`${PREFIX}_${file}`, DAGS / FILES, TASKS_PER_DAG));
  }
  const figures = await runAtOnce(installation, PREFIX, DAGS);
  return {
    name: "throughput",
    what: `${DAGS} DAGs × ${TASKS_PER_DAG} no-op tasks at once, from ${FILES} files`,
    goal: "≥ 1,500 tasks/s",
    ...figures,
    schedulerResidentMb: round(residentMb(installation.pid)),
    limits:
      "Processor time, most of it in the one thread of the control plane (HTTP and JSON of the exchange, settling) and in PostgreSQL; then in the runner host and two children. At most " +
      "scheduler.parallelism (32) tasks are queued or running at once, which bounds how many a transaction can settle.",
  };
}

/** The same from 1,000 files with one DAG each: nearly every run needs a bundle that no child has imported yet. */
export async function manyFiles(installation: Installation) {
  const writtenAt = performance.now();
  for (let file = 0; file < DAGS; file += 1) {
    await writeFile(join(installation.dagsFolder, `${FILES_PREFIX}_${file}.ts`), parallelDags(`${FILES_PREFIX}_${file}`, 1, TASKS_PER_DAG));
  }
  await untilDagsAreKnown(installation, FILES_PREFIX, DAGS);
  const loadSeconds = round((performance.now() - writtenAt) / 1000, 1);
  return {
    name: "files",
    what: `${DAGS} DAGs × ${TASKS_PER_DAG} no-op tasks at once, each DAG in a file of its own`,
    goal: "none; loading all files ≤ 15 s",
    loadSeconds,
    ...(await runAtOnce(installation, FILES_PREFIX, DAGS)),
    limits:
      "Processor time: besides that of `throughput`, the runner host fetches and checks each bundle once, and children import it, at least once each.",
  };
}

/**
 * All runs are made first, with the DAGs paused, so that what is measured is scheduling and not the REST API: the clock runs from the first start of a task to the last end.
 */
export async function runAtOnce(installation: Installation, prefix: string, dags: number, runsPerDag = 1) {
  await untilDagsAreKnown(installation, prefix, dags);
  const dagIds = (await installation.query<{ dag_id: string }>("select dag_id from dag where starts_with(dag_id, $1) order by dag_id", [prefix])).map(
    (row) => row.dag_id,
  );
  // Warm-up: the statements are planned, the code of all processes is compiled.
  await triggerEach(
    installation,
    dagIds.filter((_, index) => index % 50 === 0),
  );
  await untilRunsEnded(installation, prefix, dags / 50);
  await pauseAll(installation, prefix, true);
  await triggerEach(
    installation,
    dagIds.flatMap((dagId) => Array.from({ length: runsPerDag }, () => dagId)),
  );
  const [before] = await installation.query<{ now: Date }>("select clock_timestamp() as now");
  const cpuBefore = cpuByPart(installation.pid);
  await pauseAll(installation, prefix, false);
  await untilRunsEnded(installation, prefix, dags * runsPerDag + dags / 50);
  const cpuAfter = cpuByPart(installation.pid);
  const [row] = await installation.query<{ tasks: string; seconds: number }>(
    `select count(*) as tasks, extract(epoch from max(ti.end_date) - min(ti.start_date))::float8 as seconds
      from task_instance ti where starts_with(ti.dag_id, $1) and ti.start_date >= $2`,
    [prefix, before!.now],
  );
  const tasks = Number(row!.tasks);
  return {
    tasks,
    seconds: round(row!.seconds, 2),
    tasksPerSecond: Math.round(tasks / row!.seconds),
    cpuMsPerTask: cpuPerTask(cpuBefore, cpuAfter, tasks),
  };
}

/** By SQL, so that a thousand requests are no part of what is measured; the scheduler's sweep finds the runs that may start. */
async function pauseAll(installation: Installation, prefix: string, isPaused: boolean): Promise<void> {
  await installation.query("update dag set is_paused = $2 where starts_with(dag_id, $1)", [prefix, isPaused]);
}

const IDLE_SETTLE_MS = 5_000;
const IDLE_WINDOW_MS = 20_000;

/** The processor time of each process while nothing happens, with the 1,000 DAGs there. */
export async function idleCost(installation: Installation) {
  await sleep(IDLE_SETTLE_MS);
  const before = cpuByPid(installation.pid);
  const startedAt = performance.now();
  await sleep(IDLE_WINDOW_MS);
  const elapsedMs = performance.now() - startedAt;
  const share = (pid: number): number => ((cpuMs(pid) - (before.get(pid) ?? 0)) / elapsedMs) * 100;
  // Children that were left from the burst end within the window.
  const processes = processTree(installation.pid).filter(({ pid }) => before.has(pid));
  return {
    name: "idle",
    what: `with ${DAGS} DAGs and nothing to do, over ${IDLE_WINDOW_MS / 1000} s: share of one core, and memory`,
    goal: "scheduler ≤ 1 % of a core, ≤ 200 MB",
    scheduler: { cpuPercent: round(share(installation.pid), 2), residentMb: round(residentMb(installation.pid)) },
    limits:
      "Memory: what V8 keeps of its heap after a burst, and the modules of all services, which share this process under standalone. Processor time: the sweep, heartbeats, statistics of the event loop.",
    others: processes
      .filter(({ pid }) => pid !== installation.pid)
      .map(({ pid, command }) => ({
        command: command.split(" ").slice(-2).join(" ").slice(-60),
        cpuPercent: round(share(pid), 2),
        residentMb: round(residentMb(pid)),
      })),
  };
}
