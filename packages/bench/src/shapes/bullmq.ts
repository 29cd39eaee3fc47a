import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hasRedisServer, type RedisServer, startRedis } from "@tradewind/testkit/redis-server";
import type { Bench, Measured, Shape } from "../frame/shape.ts";
import { burstFigures, burstUsage, runBursts } from "../measure/bursts.ts";
import { deploy } from "../measure/deploy.ts";
import { sampled } from "../measure/figures.ts";
import { runOneByOne } from "../measure/one-by-one.ts";
import { percentile, round } from "../measure/statistics.ts";
import { ms } from "../measure/times.ts";
import { CLI, type TradewindSystem } from "../systems/tradewind.ts";
import { chain, inOneFile, parallel, spreadOverFiles, type Workload } from "../workload/workload.ts";

const WORKERS = 2;
const SINGLE = "bench_bullmq_single";
const PARALLEL = "bench_bullmq_parallel";

interface Share {
  warmUps: number;
  singles: number;
  dags: number;
  runsPerDag: number;
  rounds: number;
}

/** Standalone with the BullMQ executor, a Redis that writes to its disk every second (as is usual), and two workers, all on this machine. */
export const bullmq: Shape = {
  name: "bullmq",
  what: `executor bullmq with ${WORKERS} workers: from dispatch to start of a single task; 500 runs × 10 no-op tasks at once`,
  goal: "dispatch → start p50 ≤ 15 ms, ≥ 500 tasks/s",
  limits:
    "Dispatch → start: the commit of dispatch, Redis, the wake-up of a worker's blocking read, and one exchange with its commit. Tasks/s: processor time; the control plane " +
    "and PostgreSQL first, then the workers. While the queues are empty a worker gets its next attempt with the answer to a finish, and the way over Redis is only taken for what starts from rest.",
  onlyTradewind: true,
  timeLimitMinutes: 15,
  async run(bench) {
    if (!hasRedisServer()) throw new Error("there is no redis-server on the PATH; install Redis");
    let redis: RedisServer | undefined;
    const workers: ChildProcess[] = [];
    const system = await bench.startTradewind({
      env: { TRADEWIND__EXECUTOR: "bullmq", TRADEWIND__SCHEDULER__PARALLELISM: "64" },
      async before(folder) {
        redis = await startRedis(join(folder, "redis"), { args: ["--appendfsync", "everysec"] });
        return { TRADEWIND__REDIS__URL: redis.url };
      },
    });
    try {
      for (let index = 0; index < WORKERS; index += 1) workers.push(startWorker(system, redis!.url, `bench-${index}`));
      await Promise.all(workers.map(ready));
      return await measure(bench, withWorkers(system, redis!, workers));
    } finally {
      await Promise.all(workers.map(stop));
      await system.close();
      await redis?.stop();
    }
  },
};

/** Redis and the workers belong to what is measured. */
function withWorkers(system: TradewindSystem, redis: RedisServer, workers: readonly ChildProcess[]): TradewindSystem {
  const roots = [
    { pid: redis.pid, partOf: () => "redis" },
    ...workers.map((worker) => ({ pid: worker.pid!, partOf: ({ pid }: { pid: number }) => (pid === worker.pid ? "workers" : "task children") })),
  ];
  return { ...system, roots: () => [...system.roots(), ...roots] };
}

async function measure(bench: Bench, system: TradewindSystem): Promise<Measured> {
  const share = bench.pick<Share>({
    full: {
      tradewind: { warmUps: 20, singles: 100, dags: 100, runsPerDag: 5, rounds: 5 },
      airflow: { warmUps: 0, singles: 0, dags: 0, runsPerDag: 0, rounds: 0 },
    },
    small: {
      tradewind: { warmUps: 2, singles: 5, dags: 4, runsPerDag: 2, rounds: 1 },
      airflow: { warmUps: 0, singles: 0, dags: 0, runsPerDag: 0, rounds: 0 },
    },
  });
  const single = inOneFile(SINGLE, chain(SINGLE, 1));
  await deploy(system, single);
  const { usage, since } = await runOneByOne(system, single, { warmUps: share.warmUps, runs: share.singles });
  const delays = await readDispatchToStart(system, since);
  bench.say("many at once");
  const many: Workload = { prefix: PARALLEL, files: spreadOverFiles(PARALLEL, share.dags, 1, (dagId) => parallel(dagId, 10)) };
  await deploy(system, many);
  const bursts = await runBursts(system, many, { rounds: share.rounds, warmUpRuns: Math.min(20, share.dags), runsPerDag: share.runsPerDag });
  // A direct grant is dispatched and begun by one statement, at one time of the database.
  const [direct] = await system.query<{ share: number }>(
    "select avg((start_date = queued_when)::int)::float8 as share from task_instance where starts_with(dag_id, $1)",
    [PARALLEL],
  );
  return {
    scale: `${share.singles} single tasks; ${share.rounds} times ${bursts.runsPerRound} runs of 10 tasks`,
    figures: {
      dispatchToStartP50Ms: sampled(percentile(delays, 0.5), delays.length, { unit: "ms" }),
      dispatchToStartP99Ms: sampled(percentile(delays, 0.99), delays.length, { unit: "ms" }),
      ...burstFigures(bursts),
    },
    usage: { "single tasks": usage, ...burstUsage(bursts) },
    details: { overRedis: `${round((1 - direct!.share) * 100)} %` },
  };
}

/** One task at a time, with everything at rest before it: what an attempt costs on its way through Redis to a warm worker. */
async function readDispatchToStart(system: TradewindSystem, since: Date): Promise<number[]> {
  const rows = await system.query<{ ms: number }>(
    `select ${ms("start_date - queued_when")} as ms from task_instance where dag_id = $1 and start_date >= $2 order by id`,
    [SINGLE, since],
  );
  return rows.map((row) => row.ms);
}

function startWorker({ env, home, executionApiUrl }: TradewindSystem, redisUrl: string, name: string): ChildProcess {
  return spawn(process.execPath, [CLI, "worker", "--name", name], {
    env: {
      ...env,
      TRADEWIND_HOME: home,
      TRADEWIND__REDIS__URL: redisUrl,
      TRADEWIND__EXECUTION_API__URL: executionApiUrl,
      TRADEWIND__LOGS__FORMAT: "json",
      // It says there that it is ready.
      TRADEWIND__LOGS__LEVEL: "info",
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
