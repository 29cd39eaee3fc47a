import type { Measured, Shape } from "../frame/shape.ts";
import { type Bursts, burstFigures, runBursts } from "../measure/bursts.ts";
import { deploy } from "../measure/deploy.ts";
import { type Figures, figure } from "../measure/figures.ts";
import { triggerEach } from "../measure/runs.ts";
import { median } from "../measure/statistics.ts";
import { until } from "../measure/until.ts";
import type { System } from "../systems/system.ts";
import { blockedBehindGate, dagIdsOf, parallel, spreadOverFiles, tasksOf, type Workload } from "../workload/workload.ts";

const POOL = "bench_no_slots";
const CREATED_TIMEOUT_MS = 10 * 60_000;

interface Share {
  readyDags: number;
  rounds: number;
  blockedDags: number;
  blockedWidth: number;
}

const cpuOf = (bursts: Bursts): number => median(bursts.rounds.map(({ usage, tasks }) => usage.cpuSecondsTotal / tasks));
const secondsOf = (bursts: Bursts): number => median(bursts.rounds.map(({ seconds }) => seconds));

/** Makes the runs, and waits until all their task instances are there. None of them can ever run. */
async function block(system: System, workload: Workload): Promise<void> {
  await deploy(system, workload);
  await triggerEach(system, dagIdsOf(workload));
  const expected = tasksOf(workload);
  await until(
    `${expected} blocked task instances`,
    CREATED_TIMEOUT_MS,
    async () => {
      const [row] = await system.query<{ count: number }>(
        `select count(*)::int as count from (${system.sql.tasks}) task where starts_with(dag_id, $1)`,
        [workload.prefix],
      );
      return row!.count >= expected;
    },
    500,
  );
}

export const blocked: Shape = {
  name: "blocked",
  what: "500 ready task instances alone, beside 50,000 that wait for an upstream, and beside 50,000 more that wait for a slot of a full pool",
  goal: "cost ≤ 1.1 × alone",
  limits: "What work for the ready ones touches that grows with those that are not ready: indexes and queues that hold both.",
  timeLimitMinutes: 30,
  async run(bench): Promise<Measured> {
    const share = bench.pick<Share>({
      full: {
        tradewind: { readyDags: 50, rounds: 9, blockedDags: 50, blockedWidth: 1_000 },
        airflow: { readyDags: 5, rounds: 3, blockedDags: 5, blockedWidth: 1_000 },
      },
      small: {
        tradewind: { readyDags: 5, rounds: 2, blockedDags: 2, blockedWidth: 50 },
        airflow: { readyDags: 1, rounds: 1, blockedDags: 1, blockedWidth: 20 },
      },
    });
    const system = await bench.start();
    await system.createPool({ name: POOL, slots: 0 });
    const ready: Workload = { prefix: "bench_ready", files: spreadOverFiles("bench_ready", share.readyDags, 1, (dagId) => parallel(dagId, 10)) };
    await deploy(system, ready);
    const burst = () => runBursts(system, ready, { rounds: share.rounds, warmUpRuns: Math.min(10, share.readyDags) });

    const alone = await burst();
    bench.say("with those that wait for an upstream");
    await block(system, {
      prefix: "bench_waiting",
      files: spreadOverFiles("bench_waiting", share.blockedDags, share.blockedDags, (dagId) => blockedBehindGate(dagId, share.blockedWidth, POOL)),
    });
    const besideWaiting = await burst();
    bench.say("with those that wait for a slot, too");
    await block(system, {
      prefix: "bench_queued",
      files: spreadOverFiles("bench_queued", share.blockedDags, share.blockedDags, (dagId) => inPool(dagId, share.blockedWidth)),
    });
    const besideQueued = await burst();

    const cases = { alone, "beside waiting": besideWaiting, "beside waiting and queued": besideQueued };
    const figures: Figures = {};
    for (const [name, bursts] of Object.entries(cases)) {
      const { tasksPerSecond, cpuMsPerTask, statementsPerTask } = burstFigures(bursts);
      Object.assign(figures, {
        [`${name}: tasksPerSecond`]: tasksPerSecond,
        [`${name}: cpuMsPerTask`]: cpuMsPerTask,
        [`${name}: statementsPerTask`]: statementsPerTask,
      });
      if (bursts === alone) continue;
      figures[`${name}: cost by time`] = figure([secondsOf(bursts) / secondsOf(alone)], { unit: "×" });
      figures[`${name}: cost by processor time`] = figure([cpuOf(bursts) / cpuOf(alone)], { unit: "×" });
    }
    return {
      scale: `${share.readyDags * 10} ready, ${share.blockedDags * share.blockedWidth} of each kind that are not; ${share.rounds} times each`,
      figures,
      usage: Object.fromEntries(Object.entries(cases).map(([name, bursts]) => [name, bursts.rounds.at(-1)!.usage])),
    };
  },
};

function inPool(dagId: string, width: number) {
  const dag = parallel(dagId, width);
  return { ...dag, tasks: dag.tasks.map((task) => ({ ...task, pool: POOL })) };
}
