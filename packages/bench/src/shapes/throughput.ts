import type { Bench, Measured, Shape, Sizes } from "../frame/shape.ts";
import { burstFigures, type BurstOptions, burstUsage, runBursts } from "../measure/bursts.ts";
import { deploy } from "../measure/deploy.ts";
import type { Figures } from "../measure/figures.ts";
import { round } from "../measure/statistics.ts";
import { processesOf, type Usage } from "../measure/usage.ts";
import type { System, SystemSetup } from "../systems/system.ts";
import { chain, type DagDescription, dagIdsOf, parallel, spreadOverFiles, tasksOf, tree, type Workload } from "../workload/workload.ts";

interface Share {
  dags: number;
  files: number;
  rounds: number;
  warmUpRuns: number;
}

const LIMITS =
  "Processor time, most of it in the one thread of the control plane (HTTP and JSON of the exchange, settling) and in PostgreSQL; then in the runner host and two children. At most " +
  "scheduler.parallelism (128) tasks of each scheduler are queued or running at once, which bounds how many a transaction can settle.";

/** A burst of one run of each DAG, as often as the share says. */
export async function measureBursts(system: System, workload: Workload, options: BurstOptions): Promise<Measured> {
  const loadSeconds = await deploy(system, workload);
  const bursts = await runBursts(system, workload, options);
  const { tasks } = bursts.rounds.at(-1)!;
  return {
    scale: `${bursts.runsPerRound} runs with ${tasks} tasks at once, ${options.rounds} times, after ${options.warmUpRuns} runs for warming up`,
    figures: burstFigures(bursts),
    usage: burstUsage(bursts),
    details: { loadSeconds: round(loadSeconds, 2), residentMb: residentByPart(system) },
  };
}

/** Memory of all processes of a part, as Linux counts it: what they share is counted for each. */
function residentByPart(system: System): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const { part, residentMb } of processesOf(system)) parts[part] = Math.round((parts[part] ?? 0) + residentMb);
  return parts;
}

const workloadOf = (prefix: string, { dags, files }: Pick<Share, "dags" | "files">, make: (dagId: string) => DagDescription): Workload => ({
  prefix,
  files: spreadOverFiles(prefix, dags, files, make),
});

/** Beside the defaults: task instances queued or running at once (`scheduler.parallelism`, slots of the default pool). */
const AT_ONCE = 256;

// Each DAG has run once before: its file is loaded in the children, and their code is compiled.
const PARALLEL: Sizes<Share> = {
  full: { tradewind: { dags: 1_000, files: 10, rounds: 5, warmUpRuns: 1_000 }, airflow: { dags: 12, files: 1, rounds: 3, warmUpRuns: 12 } },
  small: { tradewind: { dags: 20, files: 2, rounds: 2, warmUpRuns: 5 }, airflow: { dags: 3, files: 1, rounds: 1, warmUpRuns: 1 } },
};

async function measureParallel(bench: Bench, setup: SystemSetup, sizes: Sizes<Share>): Promise<Measured> {
  const share = bench.pick(sizes);
  const system = await bench.start(setup);
  try {
    const workload = workloadOf("bench_parallel", share, (dagId) => parallel(dagId, 10));
    return await measureBursts(system, workload, share);
  } finally {
    await system.close();
  }
}

export const throughput: Shape = {
  name: "throughput",
  what: "1,000 DAGs × 10 parallel no-op tasks at once, from 10 files",
  goal: "≥ 4,000 tasks/s",
  limits: LIMITS,
  timeLimitMinutes: 20,
  run: (bench) => measureWithMoreAtOnce(bench, PARALLEL),
};

/** With the defaults, and, of ours, with as many at once as make large batches. */
async function measureWithMoreAtOnce(bench: Bench, sizes: Sizes<Share>): Promise<Measured> {
  const measured = await measureParallel(bench, {}, sizes);
  if (bench.kind === "airflow") return measured;
  bench.say(`${AT_ONCE} at once`);
  const more = await measureParallel(bench, { atOnce: AT_ONCE }, sizes);
  const figures: Figures = { ...measured.figures };
  for (const name of ["tasksPerSecond", "cpuMsPerTask", "statementsPerTask"])
    figures[`${AT_ONCE} at once: ${name}`] = { ...more.figures[name]!, peer: name };
  const usage = Object.entries(more.usage ?? {}).map(([name, used]) => [`${name}, ${AT_ONCE} at once`, used] as const);
  return {
    ...measured,
    figures,
    usage: { ...measured.usage, ...Object.fromEntries(usage) },
    details: { ...measured.details, [`${AT_ONCE} at once`]: more.details },
  };
}

export const bigThroughput: Shape = {
  name: "throughput-5000",
  what: "5,000 DAGs × 10 parallel no-op tasks at once, from 10 files",
  goal: "≥ 4,000 tasks/s, as with 1,000",
  limits: LIMITS,
  timeLimitMinutes: 40,
  run: (bench) =>
    measureWithMoreAtOnce(bench, {
      full: { tradewind: { dags: 5_000, files: 10, rounds: 3, warmUpRuns: 1_000 }, airflow: { dags: 25, files: 1, rounds: 2, warmUpRuns: 25 } },
      small: PARALLEL.small,
    }),
};

export const schedulers: Shape = {
  name: "schedulers",
  what: "as throughput, with 1, 2 and 3 schedulers; each scheduler of ours is a process with a runner host of its own",
  goal: "none; more schedulers on the same two cores must not cost much",
  limits: `${LIMITS} On one machine further schedulers share the same cores.`,
  timeLimitMinutes: 40,
  async run(bench) {
    const figures: Figures = {};
    const usage: Record<string, Usage> = {};
    let scale = "";
    for (const count of [1, 2, 3]) {
      bench.say(`${count} schedulers`);
      const measured = await measureParallel(
        bench,
        { schedulers: count },
        {
          ...PARALLEL,
          full: { ...PARALLEL.full, airflow: { ...PARALLEL.full.airflow, rounds: 2 } },
        },
      );
      for (const [name, figure] of Object.entries(measured.figures)) figures[`${count}: ${name}`] = figure;
      for (const [name, used] of Object.entries(measured.usage ?? {})) usage[`${name} of ${count} schedulers`] = used;
      scale = measured.scale;
    }
    return { scale, figures, usage };
  },
};

/** Forms of DAGs of the same kind of work; the peer gets a tenth of the DAGs. */
const FORMS: readonly { name: string; dags: number; make: (dagId: string) => DagDescription }[] = [
  { name: "100 × 10 linear", dags: 100, make: (dagId) => chain(dagId, 10) },
  { name: "10 × 100 linear", dags: 10, make: (dagId) => chain(dagId, 100) },
  { name: "10 trees", dags: 10, make: (dagId) => tree(dagId, 10, 3) },
];

export const forms: Shape = {
  name: "forms",
  what: "100 DAGs × 10 tasks one after the other; 10 × 100; 10 trees of three levels, ten below each task (111 tasks)",
  goal: "none of its own; the tasks/s of throughput where the form allows as much at once",
  limits: `${LIMITS} Of a linear DAG one task runs at a time: 10 DAGs are 10 tasks in flight.`,
  timeLimitMinutes: 30,
  async run(bench) {
    const { part, rounds, warmUpRuns } = bench.pick({
      full: { tradewind: { part: 1, rounds: 7, warmUpRuns: 10 }, airflow: { part: 10, rounds: 1, warmUpRuns: 1 } },
      small: { tradewind: { part: 10, rounds: 2, warmUpRuns: 1 }, airflow: { part: 100, rounds: 1, warmUpRuns: 0 } },
    });
    const system = await bench.start();
    const figures: Figures = {};
    const usage: Record<string, Usage> = {};
    const scales: string[] = [];
    for (const [index, { name, dags, make }] of FORMS.entries()) {
      bench.say(name);
      const workload = workloadOf(`bench_form${index}`, { dags: Math.max(1, Math.round(dags / part)), files: 1 }, make);
      const measured = await measureBursts(system, workload, { rounds, warmUpRuns });
      for (const key of ["tasksPerSecond", "runsPerSecond", "cpuMsPerTask"]) figures[`${name}: ${key}`] = measured.figures[key]!;
      usage[name] = measured.usage!["the last round"]!;
      scales.push(`${dagIdsOf(workload).length} DAGs with ${tasksOf(workload)} tasks`);
    }
    return { scale: `${scales.join("; ")}; ${rounds} times each, after ${warmUpRuns} runs for warming up`, figures, usage };
  },
};
