import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type RedisServer, startRedis } from "@tradewind/testkit/redis-server";
import { CLI, type Installation, startInstallation } from "../installation.ts";
import { cpuMs, cpuPerTask, processTree } from "../process-facts.ts";
import { percentile, round } from "../statistics.ts";
import { chain, parallelDags } from "./dag-files.ts";
import { triggerEach, untilDagsAreKnown, untilRunsEnded } from "./runs.ts";
import { runAtOnce } from "./throughput.ts";

const WORKERS = 2;
const SINGLE = "bench_bullmq_single";
const SINGLE_WARM_UPS = 20;
const SINGLE_RUNS = 100;
const PARALLEL = "bench_bullmq_parallel";
const DAGS = 100;
const RUNS_PER_DAG = 5;
const TASKS_PER_DAG = 10;

/** Standalone with the BullMQ executor, a Redis that writes to its disk every second (as is usual), and two workers, all on this machine. */
export async function bullMq() {
  let redis: RedisServer | undefined;
  const workers: ChildProcess[] = [];
  const installation = await startInstallation({
    env: { TRADEWIND__EXECUTOR: "bullmq", TRADEWIND__SCHEDULER__PARALLELISM: "64" },
    async before(folder) {
      redis = await startRedis(join(folder, "redis"), { args: ["--appendfsync", "everysec"] });
      return { TRADEWIND__REDIS__URL: redis.url };
    },
  });
  try {
    for (let index = 0; index < WORKERS; index += 1) workers.push(startWorker(installation, redis!.url, `bench-${index}`));
    await Promise.all(workers.map(ready));
    const latency = await dispatchToStart(installation);
    const throughput = await manyTasks(installation, redis!.pid, workers);
    return {
      name: "bullmq",
      what: `executor bullmq with ${WORKERS} workers: from dispatch to start of a single task; ${DAGS * RUNS_PER_DAG} runs × ${TASKS_PER_DAG} no-op tasks at once`,
      goal: "dispatch → start p50 ≤ 15 ms, ≥ 500 tasks/s",
      ...latency,
      ...throughput,
      limits:
        "Dispatch → start: the commit of dispatch, Redis, the wake-up of a worker's blocking read, and one exchange with its commit. Tasks/s: processor time; the control plane " +
        "and PostgreSQL first, then the workers. While the queues are empty a worker gets its next attempt with the answer to a finish, and the way over Redis is only taken for what starts from rest.",
    };
  } finally {
    await Promise.all(workers.map(stop));
    await installation.close();
    await redis?.stop();
  }
}

/** One task at a time, with everything at rest before it: what an attempt costs on its way through Redis to a warm worker. */
async function dispatchToStart(installation: Installation) {
  await writeFile(join(installation.dagsFolder, `${SINGLE}.ts`), chain(SINGLE, 1));
  await untilDagsAreKnown(installation, SINGLE, 1);
  for (let run = 1; run <= SINGLE_WARM_UPS + SINGLE_RUNS; run += 1) {
    await triggerEach(installation, [SINGLE]);
    await untilRunsEnded(installation, SINGLE, run);
  }
  const rows = await installation.query<{ ms: number }>(
    "select extract(epoch from start_date - queued_when)::float8 * 1000 as ms from task_instance where dag_id = $1 order by id offset $2",
    [SINGLE, SINGLE_WARM_UPS],
  );
  const delays = rows.map((row) => row.ms);
  return {
    dispatchToStartP50Ms: round(percentile(delays, 0.5), 2),
    dispatchToStartP99Ms: round(percentile(delays, 0.99), 2),
    samples: delays.length,
  };
}

async function manyTasks(installation: Installation, redisPid: number, workers: readonly ChildProcess[]) {
  await writeFile(join(installation.dagsFolder, `${PARALLEL}.ts`), parallelDags(PARALLEL, DAGS, TASKS_PER_DAG));
  await untilDagsAreKnown(installation, PARALLEL, DAGS);
  const own = (): Map<string, Map<number, number>> =>
    new Map([
      ["redis", cpuOf([redisPid])],
      ["workers", cpuOf(workers.map((worker) => worker.pid!))],
      ["children", cpuOf(workers.flatMap((worker) => processTree(worker.pid!).flatMap(({ pid }) => (pid === worker.pid ? [] : [pid]))))],
    ]);
  const before = own();
  const { cpuMsPerTask, tasks, ...figures } = await runAtOnce(installation, PARALLEL, DAGS, RUNS_PER_DAG);
  const parts = cpuPerTask(Object.fromEntries(before), Object.fromEntries(own()), tasks);
  // A direct grant is dispatched and begun by one statement, at one time of the database.
  const [share] = await installation.query<{ direct: number }>(
    "select avg((start_date = queued_when)::int)::float8 as direct from task_instance where starts_with(dag_id, $1)",
    [PARALLEL],
  );
  return {
    tasks,
    ...figures,
    overRedis: `${round((1 - share!.direct) * 100)} %`,
    cpuMsPerTask: { "control plane": cpuMsPerTask["control plane"], ...parts },
  };
}

/** Processor time by process; one that has just ended is left out. */
function cpuOf(pids: readonly number[]): Map<number, number> {
  return new Map(
    pids.flatMap((pid) => {
      try {
        return [[pid, cpuMs(pid)] as const];
      } catch {
        return [];
      }
    }),
  );
}

function startWorker({ home, executionApiUrl }: Installation, redisUrl: string, name: string): ChildProcess {
  return spawn(process.execPath, [CLI, "worker", "--name", name], {
    env: {
      ...process.env,
      TRADEWIND_HOME: home,
      TRADEWIND__REDIS__URL: redisUrl,
      TRADEWIND__EXECUTION_API__URL: executionApiUrl,
      TRADEWIND__LOGS__FORMAT: "json",
    },
    stdio: ["ignore", "inherit", "pipe"],
  });
}

async function ready(worker: ChildProcess): Promise<void> {
  let output = "";
  worker.stderr!.setEncoding("utf8").on("data", (text: string) => (output += text));
  for (const giveUpAt = performance.now() + 30_000; !output.includes("the worker is ready"); await sleep(20)) {
    if (worker.exitCode !== null || performance.now() > giveUpAt) throw new Error(`A worker did not start:\n${output}`);
  }
}

async function stop(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null) return;
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  worker.kill("SIGTERM");
  await ended;
}
