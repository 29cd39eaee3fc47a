import type { Measured, Shape } from "../frame/shape.ts";
import { burstFigures, burstUsage, runBursts } from "../measure/bursts.ts";
import { deploy } from "../measure/deploy.ts";
import { type Figures, figure } from "../measure/figures.ts";
import { median } from "../measure/statistics.ts";
import { parallel, spreadOverFiles, type Workload } from "../workload/workload.ts";
import { fillHistory } from "./history-data.ts";

const PREFIX = "bench_history";
const TASKS = 10;

interface Share {
  dags: number;
  rounds: number;
  /** Of each DAG. */
  pastRuns: number;
}

export const history: Shape = {
  name: "history",
  what: "throughput with an empty history, and with 10,000,000 task instances of ended runs of the same DAGs",
  goal: "≥ 0.9 × without history",
  limits: "As throughput; and what is written to indexes that history has made deep, and what of them has to be read from the disk.",
  timeLimitMinutes: 60,
  async run(bench): Promise<Measured> {
    const share = bench.pick<Share>({
      full: { tradewind: { dags: 1_000, rounds: 5, pastRuns: 1_000 }, airflow: { dags: 12, rounds: 3, pastRuns: 8_400 } },
      small: { tradewind: { dags: 10, rounds: 2, pastRuns: 150 }, airflow: { dags: 2, rounds: 1, pastRuns: 20 } },
    });
    const system = await bench.start();
    const workload: Workload = {
      prefix: PREFIX,
      files: spreadOverFiles(PREFIX, share.dags, Math.min(10, share.dags), (dagId) => parallel(dagId, TASKS)),
    };
    await deploy(system, workload);
    const options = { rounds: share.rounds, warmUpRuns: Math.min(50, share.dags) };
    const without = await runBursts(system, workload, options);
    await fillHistory(system, PREFIX, { dags: share.dags, runsPerDag: share.pastRuns, tasksPerRun: TASKS }, bench.say);
    const withIt = await runBursts(system, workload, options);
    const figures: Figures = {};
    for (const [name, bursts] of Object.entries({ without, with: withIt })) {
      const { tasksPerSecond, cpuMsPerTask, statementsPerTask } = burstFigures(bursts);
      Object.assign(figures, {
        [`${name}: tasksPerSecond`]: tasksPerSecond,
        [`${name}: cpuMsPerTask`]: cpuMsPerTask,
        [`${name}: statementsPerTask`]: statementsPerTask,
      });
    }
    const rate = (bursts: typeof without): number => median(bursts.rounds.map(({ tasks, seconds }) => tasks / seconds));
    figures["rate with history by rate without"] = figure([rate(withIt) / rate(without)], { unit: "×", better: "higher" });
    const [size] = await system.query<{ mb: number }>("select (pg_database_size(current_database()) / 1048576)::float8 as mb");
    return {
      scale: `${share.dags} DAGs × ${TASKS} tasks, ${share.rounds} times; ${(share.dags * share.pastRuns * TASKS).toLocaleString("en")} task instances of history`,
      figures,
      usage: { "the last round without": burstUsage(without)["the last round"]!, "the last round with": burstUsage(withIt)["the last round"]! },
      details: { databaseMb: Math.round(size!.mb) },
    };
  },
};
