import type { Bench, Measured, Shape } from "../frame/shape.ts";
import { deploy } from "../measure/deploy.ts";
import { type Figures, figure, sampled } from "../measure/figures.ts";
import { runOneByOne } from "../measure/one-by-one.ts";
import { percentile } from "../measure/statistics.ts";
import { readTransitions } from "../measure/times.ts";
import type { Usage } from "../measure/usage.ts";
import type { System, SystemSetup } from "../systems/system.ts";
import { chain as chainOf, inOneFile } from "../workload/workload.ts";

interface Share {
  length: number;
  durationMs: number;
  warmUps: number;
  runs: number;
}

interface ChainFigures {
  figures: Figures;
  usage: Usage;
}

/**
 * A transition is the time from the start of one task to the start of the next. The end of a task and the start of the one after it may be stamped in one transaction, so what lies between
 * is nothing to measure; from start to start everything is in it: the grant, the process, the task itself, the report, the commit that decides what comes next.
 */
async function measureChain(system: System, { length, durationMs, warmUps, runs }: Share): Promise<ChainFigures> {
  const workload = inOneFile(`bench_chain_${length}`, chainOf(`bench_chain_${length}`, length, durationMs));
  await deploy(system, workload);
  const { times, usage, since } = await runOneByOne(system, workload, { warmUps, runs });
  const transitions = await readTransitions(system, workload.prefix, since);
  const of = (values: number[]) => figure(values, { unit: "ms" });
  return {
    usage,
    figures: {
      runMs: of(times.map((run) => run.runMs)),
      queuedToEndMs: of(times.map((run) => run.queuedToEndMs)),
      perTaskMs: of(times.map((run) => run.runMs / length)),
      transitionP50Ms: sampled(percentile(transitions, 0.5), transitions.length, { unit: "ms" }),
      transitionP99Ms: sampled(percentile(transitions, 0.99), transitions.length, { unit: "ms" }),
    },
  };
}

async function measureIn(bench: Bench, setup: SystemSetup, share: Share): Promise<ChainFigures> {
  const system = await bench.start(setup);
  try {
    return await measureChain(system, share);
  } finally {
    await system.close();
  }
}

const scaleOf = ({ length, durationMs, warmUps, runs }: Share): string =>
  `a chain of ${length} tasks of ${durationMs} ms, ${runs} runs one after the other, after ${warmUps} for warming up`;

export const chain: Shape = {
  name: "chain",
  what: "a chain of 40 tasks of 10 ms with one slot; ours with warm child processes, and again with a process for each task",
  goal: "run ≤ 500 ms warm, ≤ 2.5 s with a process for each task",
  limits:
    "One task at a time, so all of it is latency: 400 ms of sleep; and for each task an HTTP round trip between runner host and execution API, the statements and the commit (fsync) of one " +
    "transaction, two messages between host and child, and the wake-ups of four processes in turn.",
  timeLimitMinutes: 15,
  async run(bench): Promise<Measured> {
    const share = bench.pick<Share>({
      full: { tradewind: { length: 40, durationMs: 10, warmUps: 25, runs: 10 }, airflow: { length: 40, durationMs: 10, warmUps: 1, runs: 5 } },
      small: { tradewind: { length: 5, durationMs: 10, warmUps: 1, runs: 2 }, airflow: { length: 5, durationMs: 10, warmUps: 1, runs: 2 } },
    });
    const warm = await measureIn(bench, { slots: 1 }, share);
    if (bench.kind === "airflow") return { scale: scaleOf(share), figures: warm.figures, usage: { "all runs": warm.usage } };
    const cold = await measureIn(bench, { slots: 1, processPerTask: true }, share);
    return {
      scale: scaleOf(share),
      figures: {
        ...warm.figures,
        processPerTaskRunMs: { ...cold.figures["runMs"]!, peer: "runMs" },
        processPerTaskTransitionP50Ms: { ...cold.figures["transitionP50Ms"]!, peer: "transitionP50Ms" },
        processPerTaskTransitionP99Ms: { ...cold.figures["transitionP99Ms"]!, peer: "transitionP99Ms" },
      },
      usage: { "all runs": warm.usage, "all runs, a process for each task": cold.usage },
    };
  },
};

export const longChains: Shape = {
  name: "long-chains",
  what: "chains of 100 and of 1,000 no-op tasks",
  goal: "transition p50 ≤ 2.5 ms, p99 ≤ 15 ms",
  limits: "As `chain`, without the sleep. What a transition costs must not depend on how long the chain is.",
  timeLimitMinutes: 20,
  async run(bench): Promise<Measured> {
    const shares = bench.pick<Share[]>({
      full: {
        tradewind: [100, 1_000].map((length) => ({ length, durationMs: 0, warmUps: 2, runs: 5 })),
        // A thousand tasks take six minutes and more: a quarter of it shows whether the price of a transition rises with the length.
        airflow: [{ length: 100, durationMs: 0, warmUps: 1, runs: 3 }, { length: 250, durationMs: 0, warmUps: 0, runs: 1 }], // prettier-ignore
      },
      small: {
        tradewind: [10, 20].map((length) => ({ length, durationMs: 0, warmUps: 1, runs: 2 })),
        airflow: [3, 4].map((length) => ({ length, durationMs: 0, warmUps: 0, runs: 1 })),
      },
    });
    const system = await bench.start();
    const figures: Figures = {};
    const usage: Record<string, Usage> = {};
    for (const [index, share] of shares.entries()) {
      bench.say(`a chain of ${share.length}`);
      const measured = await measureChain(system, share);
      const prefix = index === 0 ? "short" : "long";
      for (const name of ["perTaskMs", "transitionP50Ms", "transitionP99Ms"]) figures[`${prefix} ${name}`] = measured.figures[name]!;
      usage[`chains of ${share.length}`] = measured.usage;
    }
    return { scale: shares.map(scaleOf).join("; "), figures, usage };
  },
};
