import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Measured, Shape } from "../frame/shape.ts";
import { deploy } from "../measure/deploy.ts";
import { type Figures, figure, sampled } from "../measure/figures.ts";
import { keepRunsActive, makeRunsAtRate } from "../measure/load.ts";
import { databaseNow, triggerEach, untilRunsEnded } from "../measure/runs.ts";
import { percentile, round, significant } from "../measure/statistics.ts";
import { ms } from "../measure/times.ts";
import { processesOf, withUsage } from "../measure/usage.ts";
import type { System } from "../systems/system.ts";
import { dagIdsOf, parallel, spreadOverFiles, type Workload } from "../workload/workload.ts";

const PREFIX = "bench_steady";
const TASKS = 10;

interface Share {
  dags: number;
  /** Runs kept active while the peak is measured. */
  active: number;
  peakSeconds: number;
  windows: number;
  windowSeconds: number;
}

/** Ended tasks per second while runs are made over the REST API as fast as they end. */
async function measurePeak(system: System, dagIds: readonly string[], share: Share): Promise<number> {
  const load = keepRunsActive(system, PREFIX, dagIds, share.active);
  await sleep((share.peakSeconds * 1000) / 4);
  const since = await databaseNow(system);
  await sleep(share.peakSeconds * 1000);
  const until = await databaseNow(system);
  await load.stop();
  const [row] = await system.query<{ ended: number }>(
    `select count(*)::int as ended from (${system.sql.tasks}) task where starts_with(dag_id, $1) and ended >= $2 and ended < $3`,
    [PREFIX, since, until],
  );
  return (row!.ended / (until.getTime() - since.getTime())) * 1000;
}

interface Sample {
  readonly at: Date;
  readonly residentMb: Record<string, number>;
  readonly tables: Record<string, { mb: number; rows: number; dead: number }>;
}

/** Memory by part, and the size of every table with its indexes. */
async function takeSample(system: System): Promise<Sample> {
  const residentMb: Record<string, number> = {};
  for (const process of processesOf(system)) residentMb[process.part] = round((residentMb[process.part] ?? 0) + process.residentMb);
  const rows = await system.query<{ name: string; mb: number; rows: number; dead: number }>(
    `select relname as name, pg_total_relation_size(relid)::float8 / 1048576 as mb, n_live_tup::float8 as rows, n_dead_tup::float8 as dead
      from pg_stat_user_tables where n_tup_ins + n_tup_upd + n_tup_del > 0`,
  );
  return {
    at: await databaseNow(system),
    residentMb,
    tables: Object.fromEntries(rows.map(({ name, mb, rows, dead }) => [name, { mb: round(mb, 2), rows, dead }])),
  };
}

/** From the creation of each run to its end, of those made between two samples. */
async function readLatencies(system: System, from: Date, to: Date): Promise<number[]> {
  const rows = await system.query<{ ms: number }>(
    `select ${ms("ended - queued")} as ms from (${system.sql.runs}) run where starts_with(dag_id, $1) and queued >= $2 and queued < $3`,
    [PREFIX, from, to],
  );
  return rows.map((row) => row.ms);
}

export const steady: Shape = {
  name: "steady",
  what: "six minutes of runs of ten tasks made at a steady rate, half of the peak, however long they take: does latency drift, do tables and memory grow",
  goal: "no growth",
  limits: "Half of the processor time, by construction. What grows is dead rows that vacuum does not get to, and what a process keeps.",
  timeLimitMinutes: 25,
  run: (bench) => measureSteady(bench),
};

async function measureSteady(bench: Bench): Promise<Measured> {
  const share = bench.pick<Share>({
    full: {
      tradewind: { dags: 50, active: 64, peakSeconds: 20, windows: 12, windowSeconds: 30 },
      airflow: { dags: 10, active: 4, peakSeconds: 60, windows: 6, windowSeconds: 60 },
    },
    small: {
      tradewind: { dags: 5, active: 4, peakSeconds: 3, windows: 3, windowSeconds: 3 },
      airflow: { dags: 2, active: 1, peakSeconds: 20, windows: 2, windowSeconds: 20 },
    },
  });
  const system = await bench.start();
  const workload: Workload = { prefix: PREFIX, files: spreadOverFiles(PREFIX, share.dags, 1, (dagId) => parallel(dagId, TASKS)) };
  await deploy(system, workload);
  const dagIds = dagIdsOf(workload);
  const begunAt = await databaseNow(system);
  await triggerEach(system, dagIds.slice(0, 2));
  await untilRunsEnded(system, PREFIX, begunAt, 250);
  const peak = await measurePeak(system, dagIds, share);
  await untilRunsEnded(system, PREFIX, begunAt, 250);
  const runsPerSecond = peak / TASKS / 2;
  bench.say(`the peak is ${significant(peak)} tasks/s; ${significant(runsPerSecond)} runs/s from now on`);

  const samples: Sample[] = [await takeSample(system)];
  const loop = makeRunsAtRate(system, dagIds, runsPerSecond);
  const usage = await withUsage(system, async () => {
    for (let window = 1; window <= share.windows; window += 1) {
      await sleep(share.windowSeconds * 1000);
      samples.push(await takeSample(system));
      bench.say(`window ${window} of ${share.windows}`);
    }
  });
  await loop.stop();
  await untilRunsEnded(system, PREFIX, begunAt, 250);

  const windows: number[][] = [];
  for (let window = 1; window < samples.length; window += 1) windows.push(await readLatencies(system, samples[window - 1]!.at, samples[window]!.at));
  return {
    scale: `${significant(runsPerSecond)} runs/s of ${TASKS} tasks for ${share.windows} × ${share.windowSeconds} s; ${loop.made()} runs, ${loop.skipped()} left out because requests were not answered`,
    figures: { peakTasksPerSecond: figure([peak], { unit: "/s" }), ...driftFigures(windows), ...growthFigures(samples) },
    usage: { "all windows": usage },
    details: {
      p50MsByWindow: windows.map((values) => significant(percentile(values, 0.5))),
      p95MsByWindow: windows.map((values) => significant(percentile(values, 0.95))),
      residentMbByWindow: samples.map(({ residentMb }) => residentMb),
      tablesAtFirst: samples[1]!.tables,
      tablesAtLast: samples.at(-1)!.tables,
    },
  };
}

function driftFigures(windows: readonly number[][]): Figures {
  const quarter = Math.max(1, Math.floor(windows.length / 4));
  // The first window warms up.
  const [first, last] = [windows.slice(1, 1 + quarter).flat(), windows.slice(-quarter).flat()];
  const all = windows.flat();
  return {
    runP50Ms: sampled(percentile(all, 0.5), all.length, { unit: "ms" }),
    runP95Ms: sampled(percentile(all, 0.95), all.length, { unit: "ms" }),
    runP99Ms: sampled(percentile(all, 0.99), all.length, { unit: "ms" }),
    "drift of p50": sampled(percentile(last, 0.5) / percentile(first, 0.5), last.length, { unit: "×" }),
    "drift of p95": sampled(percentile(last, 0.95) / percentile(first, 0.95), last.length, { unit: "×" }),
  };
}

/** Between the first window's end and the last's. A table whose rows grow with history grows; what counts is its size for each row. */
function growthFigures(samples: readonly Sample[]): Figures {
  const [first, last] = [samples[1]!, samples.at(-1)!];
  const figures: Figures = {};
  for (const [part, mb] of Object.entries(last.residentMb)) {
    const before = first.residentMb[part];
    if (before !== undefined) figures[`growth of memory: ${part}`] = figure([mb - before], { unit: "MB", peer: null });
  }
  for (const [name, table] of Object.entries(last.tables)) {
    const before = first.tables[name];
    if (before === undefined || table.mb < 1) continue;
    const grewWithRows = table.rows > before.rows * 1.5;
    if (grewWithRows) figures[`kB for each row: ${name}`] = figure([(table.mb / table.rows) * 1024], { unit: "", peer: null });
    else figures[`growth of table: ${name}`] = figure([table.mb - before.mb], { unit: "MB", peer: null });
  }
  return figures;
}
