import type { Bench, Measured, Shape, Sizes } from "../frame/shape.ts";
import { burstFigures, burstUsage, runBursts } from "../measure/bursts.ts";
import { deploy, writeDagFile } from "../measure/deploy.ts";
import { type Figures, figure } from "../measure/figures.ts";
import { until } from "../measure/until.ts";
import { type Usage, withUsage } from "../measure/usage.ts";
import { REREADS_FILES } from "../systems/airflow-settings.ts";
import type { System } from "../systems/system.ts";
import { dagIdsOf, parallel, spreadOverFiles, type Workload } from "../workload/workload.ts";

const PREFIX = "bench_files";
const TASKS = 10;
const VISIBLE_TIMEOUT_MS = 15 * 60_000;

interface Share {
  files: number;
  edits: number;
  /** DAGs of which a run is made at once; 0: none. */
  burstDags: number;
  rounds: number;
}

function filesShape(name: string, sizes: Sizes<Share>, goal: string): Shape {
  const { files } = sizes.full.tradewind;
  return {
    name,
    what: `${files.toLocaleString("en")} DAG files with one DAG of ${TASKS} tasks each: loading all, from an edit to its being visible over the REST API; and runs of them at once`,
    goal,
    limits:
      "Processor time: each file is bundled and loaded. Runs: besides that of throughput, the runner host fetches and checks each bundle once, and children import it, at least once each.",
    timeLimitMinutes: 30,
    run: (bench) => measureFiles(bench, bench.pick(sizes)),
  };
}

async function measureFiles(bench: Bench, share: Share): Promise<Measured> {
  const system = await bench.start({ airflow: REREADS_FILES });
  const workload: Workload = { prefix: PREFIX, files: spreadOverFiles(PREFIX, share.files, share.files, (dagId) => parallel(dagId, TASKS)) };
  let loadSeconds = 0;
  const loading = await withUsage(system, async () => {
    loadSeconds = await deploy(system, workload);
  });
  bench.say(`${share.files} files are loaded`);
  const edits: number[] = [];
  for (let edit = 0; edit < share.edits; edit += 1) edits.push(await editToVisible(system, workload, edit));
  const figures: Figures = {
    loadSeconds: figure([loadSeconds], { unit: "s", peer: null }),
    filesPerSecond: figure([share.files / loadSeconds], { unit: "/s" }),
    loadCpuMsPerFile: figure([(loading.cpuSecondsTotal * 1000) / share.files], { unit: "ms" }),
    editToVisibleMs: figure(edits, { unit: "ms" }),
  };
  const usage: Record<string, Usage> = { loading };
  if (share.burstDags > 0) {
    bench.say("runs of them");
    const bursts = await runBursts(system, workload, { rounds: share.rounds, warmUpRuns: 1, dagIds: dagIdsOf(workload).slice(0, share.burstDags) });
    Object.assign(figures, burstFigures(bursts));
    Object.assign(usage, burstUsage(bursts));
  }
  return { scale: `${share.files} files; ${share.edits} edits; ${share.rounds} times ${share.burstDags} runs at once`, figures, usage };
}

/** From the moment a file with one more task stands in the folder to the first answer of the API with that task. Every edit is of another file, somewhere among them. */
async function editToVisible(system: System, workload: Workload, edit: number): Promise<number> {
  const file = workload.files[Math.floor((workload.files.length * (edit + 0.5)) / 8) % workload.files.length]!;
  const { dagId } = file.dags[0]!;
  await writeDagFile(system, { ...file, dags: [parallel(dagId, TASKS + 1 + edit)] });
  const startedAt = performance.now();
  await until(
    `the edit of ${dagId}`,
    VISIBLE_TIMEOUT_MS,
    async () => (await system.request<{ total_entries: number }>("GET", `/api/v2/dags/${dagId}/tasks`)).total_entries === TASKS + 1 + edit,
    system.kind === "airflow" ? 200 : 5,
  );
  return performance.now() - startedAt;
}

const SMALL: Sizes<Share>["small"] = {
  tradewind: { files: 20, edits: 2, burstDags: 10, rounds: 1 },
  airflow: { files: 5, edits: 1, burstDags: 2, rounds: 1 },
};

export const files = filesShape(
  "files",
  {
    full: { tradewind: { files: 1_000, edits: 7, burstDags: 1_000, rounds: 3 }, airflow: { files: 1_000, edits: 2, burstDags: 10, rounds: 1 } },
    small: SMALL,
  },
  "loading ≤ 8 s, an edit is visible in ≤ 200 ms",
);

export const manyFiles = filesShape(
  "files-5000",
  {
    // A load of a thousand takes minutes there: the rate is compared.
    full: { tradewind: { files: 5_000, edits: 5, burstDags: 0, rounds: 0 }, airflow: { files: 300, edits: 1, burstDags: 0, rounds: 0 } },
    small: SMALL,
  },
  "none of its own; the rate of loading and the time of an edit are those with 1,000",
);
