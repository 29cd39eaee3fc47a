import { setTimeout as sleep } from "node:timers/promises";
import type { Shape } from "../frame/shape.ts";
import { deploy } from "../measure/deploy.ts";
import { figure } from "../measure/figures.ts";
import { whyFailed } from "../measure/runs.ts";
import { percentile } from "../measure/statistics.ts";
import { ms } from "../measure/times.ts";
import { until } from "../measure/until.ts";
import { type Usage, withUsage } from "../measure/usage.ts";
import type { System } from "../systems/system.ts";
import { chain, spreadOverFiles, type Workload } from "../workload/workload.ts";

const MINUTE_MS = 60_000;
const ALL_RAN_TIMEOUT_MS = 20 * MINUTE_MS;

interface Share {
  dags: number;
  files: number;
  instants: number;
  /** Between two instants. */
  gapMinutes: number;
  /** From writing the files to the first instant, at least; when the load takes longer, the files are written again for a later one. */
  leadSeconds: number;
}

interface Lateness {
  createdMs: number;
  startedMs: number;
  endedMs: number;
}

function dueWorkload(prefix: string, share: Share, instants: readonly Date[]): Workload {
  const schedule = {
    cron: `${instants.map((instant) => instant.getUTCMinutes()).join(",")} * * * *`,
    startAt: new Date(instants[0]!.getTime() - MINUTE_MS / 2).toISOString(),
  };
  return { prefix, files: spreadOverFiles(prefix, share.dags, share.files, (dagId) => ({ ...chain(dagId, 1), schedule })) };
}

/** Loads DAGs that are all due at the same instants, the first of which is still to come. */
async function deployInTime(system: System, share: Share): Promise<{ prefix: string; instants: Date[] }> {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const prefix = `bench_due${attempt}`;
    const first = Math.ceil((Date.now() + share.leadSeconds * 1000 * attempt) / MINUTE_MS) * MINUTE_MS;
    const instants = Array.from({ length: share.instants }, (_, index) => new Date(first + index * share.gapMinutes * MINUTE_MS));
    await deploy(system, dueWorkload(prefix, share, instants));
    if (Date.now() < first - 2_000) return { prefix, instants };
  }
  throw new Error(`loading ${share.dags} DAGs takes longer than ${share.leadSeconds * 3} s: they would be late before they are known`);
}

/** How late the run of each DAG was at one instant: made, its task started, ended. Complete when every DAG has one that ended. */
async function readLateness(system: System, prefix: string, instant: Date): Promise<Lateness[]> {
  return system.query<Lateness & Record<string, unknown>>(
    `select ${ms("run.queued - $2::timestamptz")} as "createdMs", ${ms("min(task.started) - $2::timestamptz")} as "startedMs", ${ms("run.ended - $2::timestamptz")} as "endedMs"
      from (${system.sql.runs}) run join (${system.sql.tasks}) task using (run_key)
      where starts_with(run.dag_id, $1) and run.run_after = $2 and run.state = 'success' group by run_key, run.queued, run.ended`,
    [prefix, instant],
  );
}

async function measureInstant(system: System, prefix: string, instant: Date, dags: number): Promise<{ lateness: Lateness[]; usage: Usage }> {
  await sleep(Math.max(0, instant.getTime() - Date.now() - 1_000));
  const usage = await withUsage(system, async () => {
    await until(
      `a run of all ${dags} DAGs at ${instant.toISOString()}`,
      ALL_RAN_TIMEOUT_MS,
      async () => {
        const [row] = await system.query<{ ended: number }>(
          `select count(*)::int as ended from (${system.sql.runs}) run where run_after = $2 and state in ('success', 'failed') and starts_with(dag_id, $1)`,
          [prefix, instant],
        );
        return row!.ended >= dags;
      },
      500,
    );
  });
  const lateness = await readLateness(system, prefix, instant);
  if (lateness.length < dags)
    throw new Error(`${dags - lateness.length} of ${dags} runs failed: the benchmark says nothing. ${await whyFailed(system)}`);
  return { lateness, usage };
}

export const due: Shape = {
  name: "due",
  what: "10,000 DAGs of one no-op task, all due at one instant by their schedules: how late their runs are made, start and end",
  goal: "p99 of the start ≤ 5 s",
  limits: "Processor time: 10,000 runs are made, planned, run and ended, as in throughput.",
  timeLimitMinutes: 40,
  async run(bench) {
    const share = bench.pick<Share>({
      full: {
        tradewind: { dags: 10_000, files: 10, instants: 5, gapMinutes: 2, leadSeconds: 60 },
        airflow: { dags: 100, files: 5, instants: 2, gapMinutes: 3, leadSeconds: 60 },
      },
      small: {
        tradewind: { dags: 50, files: 2, instants: 2, gapMinutes: 1, leadSeconds: 10 },
        airflow: { dags: 3, files: 1, instants: 1, gapMinutes: 1, leadSeconds: 30 },
      },
    });
    const system = await bench.start();
    const { prefix, instants } = await deployInTime(system, share);
    bench.say(`${share.dags} DAGs are loaded; the first instant is ${instants[0]!.toISOString()}`);
    const measured: Awaited<ReturnType<typeof measureInstant>>[] = [];
    for (const instant of instants) measured.push(await measureInstant(system, prefix, instant, share.dags));
    const over = (of: (one: Lateness) => number, at: number) =>
      figure(
        measured.map(({ lateness }) => percentile(lateness.map(of), at)),
        // A hundredth of the DAGs is less late: only rates are compared.
        { unit: "ms", peer: null },
      );
    return {
      scale: `${share.dags} DAGs, ${share.instants} instants`,
      figures: {
        startLatenessP50Ms: over((one) => one.startedMs, 0.5),
        startLatenessP99Ms: over((one) => one.startedMs, 0.99),
        createLatenessP99Ms: over((one) => one.createdMs, 0.99),
        endLatenessP99Ms: over((one) => one.endedMs, 0.99),
        runsPerSecond: figure(
          measured.map(({ lateness }) => (lateness.length / Math.max(...lateness.map((one) => one.endedMs))) * 1000),
          { unit: "/s" },
        ),
        cpuMsPerRun: figure(
          measured.map(({ usage }) => (usage.cpuSecondsTotal * 1000) / share.dags),
          { unit: "ms" },
        ),
      },
      usage: { "the last instant": measured.at(-1)!.usage },
    };
  },
};
