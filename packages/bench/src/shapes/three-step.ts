import type { Shape } from "../frame/shape.ts";
import { burstFigures, burstUsage, runBursts } from "../measure/bursts.ts";
import { deploy } from "../measure/deploy.ts";
import { figure, sampled } from "../measure/figures.ts";
import { runOneByOne } from "../measure/one-by-one.ts";
import { percentile } from "../measure/statistics.ts";
import { chain, inOneFile } from "../workload/workload.ts";

interface Share {
  warmUps: number;
  runs: number;
  batch: number;
  rounds: number;
}

export const threeStep: Shape = {
  name: "three-step",
  what: "a run of three no-op tasks alone; and a batch of 200 such runs at once",
  goal: "≤ 8 ms median alone; ≥ 700 runs/s in a batch",
  limits: "Alone: latency, as `chain`, and the request that makes the run. A batch: processor time, as `throughput`.",
  timeLimitMinutes: 15,
  async run(bench) {
    const { warmUps, runs, batch, rounds } = bench.pick<Share>({
      full: { tradewind: { warmUps: 30, runs: 200, batch: 200, rounds: 7 }, airflow: { warmUps: 2, runs: 15, batch: 40, rounds: 3 } },
      small: { tradewind: { warmUps: 2, runs: 10, batch: 20, rounds: 2 }, airflow: { warmUps: 1, runs: 2, batch: 4, rounds: 1 } },
    });
    const system = await bench.start();
    const workload = inOneFile("bench_three", chain("bench_three", 3));
    await deploy(system, workload);
    const alone = await runOneByOne(system, workload, { warmUps, runs });
    bench.say("batches");
    const bursts = await runBursts(system, workload, { rounds, warmUpRuns: 1, runsPerDag: batch });
    const runMs = alone.times.map((run) => run.runMs);
    const queuedToEndMs = alone.times.map((run) => run.queuedToEndMs);
    const { runsPerSecond, tasksPerSecond, cpuMsPerTask, statementsPerTask } = burstFigures(bursts);
    return {
      scale: `${runs} runs one after the other, after ${warmUps} for warming up; ${rounds} batches of ${batch} runs`,
      figures: {
        runMs: figure(runMs, { unit: "ms" }),
        runP95Ms: sampled(percentile(runMs, 0.95), runMs.length, { unit: "ms" }),
        queuedToEndMs: figure(queuedToEndMs, { unit: "ms" }),
        queuedToEndP95Ms: sampled(percentile(queuedToEndMs, 0.95), runMs.length, { unit: "ms" }),
        batchRunsPerSecond: runsPerSecond!,
        batchTasksPerSecond: tasksPerSecond!,
        batchCpuMsPerTask: cpuMsPerTask!,
        batchStatementsPerTask: statementsPerTask!,
      },
      usage: { "the runs alone": alone.usage, ...burstUsage(bursts) },
    };
  },
};
