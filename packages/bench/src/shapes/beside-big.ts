import type { Shape } from "../frame/shape.ts";
import { deploy } from "../measure/deploy.ts";
import { type Figures, figure } from "../measure/figures.ts";
import { countActiveRuns, databaseNow, trigger, triggerEach, untilRunsEnded } from "../measure/runs.ts";
import { median, percentile } from "../measure/statistics.ts";
import { readMakespan, readRunTimes } from "../measure/times.ts";
import { until } from "../measure/until.ts";
import type { System } from "../systems/system.ts";
import { chain, dagIdsOf, inOneFile, parallel, spreadOverFiles, type Workload } from "../workload/workload.ts";

const BIG = "bench_big";
const SMALL = "bench_small";
const BEGUN_TIMEOUT_MS = 5 * 60_000;

interface Share {
  bigTasks: number;
  smallDags: number;
  rounds: number;
}

interface Round {
  p50Ms: number;
  p95Ms: number;
  /** From the first start to the last end of the small ones' tasks. */
  seconds: number;
  /** Whether the big run still went on when the small ones had ended. */
  bigOutlastedThem: boolean;
}

async function runSmall(system: System, small: Workload): Promise<Round> {
  const since = await databaseNow(system);
  await triggerEach(system, dagIdsOf(small));
  await untilRunsEnded(system, SMALL, since, 100);
  const bigOutlastedThem = (await countActiveRuns(system, BIG)) > 0;
  const latencies = (await readRunTimes(system, SMALL, since)).map((run) => run.queuedToEndMs);
  const { seconds } = await readMakespan(system, SMALL, since);
  return { p50Ms: median(latencies), p95Ms: percentile(latencies, 0.95), seconds, bigOutlastedThem };
}

/** Starts the big run, and waits until its tasks run. */
async function beginBig(system: System): Promise<void> {
  const since = await databaseNow(system);
  await trigger(system, BIG);
  await until("the first task of the big run", BEGUN_TIMEOUT_MS, async () => {
    const [row] = await system.query<{ begun: boolean }>(
      `select exists (select from (${system.sql.tasks}) task where dag_id = $1 and started >= $2) as begun`,
      [BIG, since],
    );
    return row!.begun;
  });
}

export const besideBig: Shape = {
  name: "beside-big",
  what: "runs of 500 DAGs of three tasks, alone and beside a run of 10,000 no-op tasks of one DAG with the usual limit of 16 tasks at once",
  goal: "the small ones take ≤ 1.2 × as long as alone",
  limits: "The cores: what the big run uses, the small ones do not get. Its limit of 16 active tasks leaves half of scheduler.parallelism to others.",
  timeLimitMinutes: 30,
  async run(bench) {
    const share = bench.pick<Share>({
      full: { tradewind: { bigTasks: 10_000, smallDags: 500, rounds: 5 }, airflow: { bigTasks: 200, smallDags: 10, rounds: 2 } },
      small: { tradewind: { bigTasks: 200, smallDags: 5, rounds: 2 }, airflow: { bigTasks: 10, smallDags: 1, rounds: 1 } },
    });
    const system = await bench.start();
    const small: Workload = { prefix: SMALL, files: spreadOverFiles(SMALL, share.smallDags, 1, (dagId) => chain(dagId, 3)) };
    await deploy(system, small);
    await deploy(system, inOneFile(BIG, { ...parallel(BIG, share.bigTasks), maxActiveTasks: 16 }));
    // Each round alone and beside, in turn, so that what changes over time changes both; the first pair warms up.
    const rounds: Record<"alone" | "beside", Round[]> = { alone: [], beside: [] };
    for (let round = system.kind === "airflow" ? 0 : -1; round < share.rounds; round += 1) {
      const since = await databaseNow(system);
      const alone = await runSmall(system, small);
      await beginBig(system);
      const beside = await runSmall(system, small);
      await untilRunsEnded(system, BIG, since, 250);
      if (round >= 0) {
        rounds.alone.push(alone);
        rounds.beside.push(beside);
      }
    }
    const figures: Figures = {};
    for (const key of ["p50Ms", "p95Ms", "seconds"] as const) {
      const values = (of: "alone" | "beside"): number[] => rounds[of].map((round) => round[key]);
      figures[`alone: ${key}`] = figure(values("alone"), { unit: key === "seconds" ? "s" : "ms", peer: null });
      figures[`beside: ${key}`] = figure(values("beside"), { unit: key === "seconds" ? "s" : "ms", peer: null });
      figures[`ratio of ${key}`] = figure(
        rounds.beside.map((round, index) => round[key] / rounds.alone[index]![key]),
        { unit: "×" },
      );
    }
    return {
      scale: `${share.smallDags} small DAGs beside ${share.bigTasks} tasks, ${share.rounds} times`,
      figures,
      details: { bigRunOutlastedTheSmallOnes: rounds.beside.map((round) => round.bigOutlastedThem) },
    };
  },
};
