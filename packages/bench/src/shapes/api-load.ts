import { setTimeout as sleep } from "node:timers/promises";
import type { Measured, Shape } from "../frame/shape.ts";
import { deploy } from "../measure/deploy.ts";
import { type Figures, figure, sampled } from "../measure/figures.ts";
import { keepRunsActive } from "../measure/load.ts";
import { databaseNow, trigger, triggerEach, untilRunsEnded } from "../measure/runs.ts";
import { percentile } from "../measure/statistics.ts";
import { readMakespan } from "../measure/times.ts";
import { type Usage, withUsage } from "../measure/usage.ts";
import type { System } from "../systems/system.ts";
import { chain, dagIdsOf, inOneFile, parallel, spreadOverFiles, type Workload } from "../workload/workload.ts";

const LISTED = "bench_listed";
const GRID = "bench_grid";

interface Share {
  dags: number;
  gridTasks: number;
  gridRuns: number;
  requests: number;
  /** Between two requests, as a person's browser asks. */
  pauseMs: number;
  active: number;
}

type Questions = Record<string, () => Promise<unknown>>;

/** One question of each kind after the other, and how long each took. */
async function ask(questions: Questions, { requests, pauseMs }: Share): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = {};
  for (let request = 0; request < requests; request += 1) {
    for (const [name, question] of Object.entries(questions)) {
      const startedAt = performance.now();
      await question();
      (times[name] ??= []).push(performance.now() - startedAt);
      await sleep(pauseMs);
    }
  }
  return times;
}

function questionsOf(system: System, gridRuns: number, runId: string): Questions {
  return {
    "DAG list": () => system.request("GET", "/api/v2/dags?limit=50"),
    grid: async () => {
      for (const path of system.gridPaths(GRID, gridRuns)) await system.request("GET", path);
    },
    "log tail": () => system.request("GET", `/api/v2/dags/${GRID}/dagRuns/${encodeURIComponent(runId)}/taskInstances/t0/logs/1`),
  };
}

export const apiLoad: Shape = {
  name: "api-load",
  what: "the list of DAGs, the grid of a DAG and the log of a task over HTTP: with nothing else going on, and while as many runs are made and run as the system can",
  goal: "p95 under load ≤ 100 ms",
  limits: "Under load: the cores, and the one thread that the API shares with the scheduler under standalone.",
  timeLimitMinutes: 25,
  async run(bench): Promise<Measured> {
    const share = bench.pick<Share>({
      full: {
        tradewind: { dags: 1_000, gridTasks: 100, gridRuns: 25, requests: 200, pauseMs: 20, active: 32 },
        airflow: { dags: 100, gridTasks: 10, gridRuns: 5, requests: 40, pauseMs: 200, active: 4 },
      },
      small: {
        tradewind: { dags: 10, gridTasks: 5, gridRuns: 2, requests: 5, pauseMs: 10, active: 4 },
        airflow: { dags: 2, gridTasks: 2, gridRuns: 1, requests: 3, pauseMs: 100, active: 1 },
      },
    });
    const system = await bench.start();
    const listed: Workload = { prefix: LISTED, files: spreadOverFiles(LISTED, share.dags, Math.min(10, share.dags), (dagId) => parallel(dagId, 10)) };
    await deploy(system, listed);
    await deploy(system, inOneFile(GRID, chain(GRID, share.gridTasks)));
    const since = await databaseNow(system);
    const runId = await trigger(system, GRID);
    await triggerEach(
      system,
      Array.from({ length: share.gridRuns - 1 }, () => GRID),
    );
    await untilRunsEnded(system, GRID, since, 250);
    const questions = questionsOf(system, share.gridRuns, runId);
    await ask(questions, { ...share, requests: 3, pauseMs: 0 });

    const atRest = await ask(questions, share);
    bench.say("under load");
    const loadSince = await databaseNow(system);
    const load = keepRunsActive(system, LISTED, dagIdsOf(listed), share.active);
    await sleep(2_000);
    let underLoad: Record<string, number[]> = {};
    const usage: Usage = await withUsage(system, async () => {
      underLoad = await ask(questions, share);
    });
    await load.stop();
    await untilRunsEnded(system, LISTED, loadSince, 250);
    const { tasks, seconds } = await readMakespan(system, LISTED, loadSince);
    return {
      scale: `${share.dags} DAGs, a grid of ${share.gridTasks} tasks by ${share.gridRuns} runs; ${share.requests} requests of each kind, ${share.active} runs of 10 tasks kept active`,
      figures: {
        ...timeFigures("at rest", atRest),
        ...timeFigures("under load", underLoad),
        tasksPerSecondMeanwhile: figure([tasks / seconds], { unit: "/s" }),
      },
      usage: { "under load": usage },
    };
  },
};

function timeFigures(when: string, times: Record<string, number[]>): Figures {
  return Object.fromEntries(
    Object.entries(times).flatMap(([name, values]) =>
      [0.5, 0.95].map((share) => [`${when}: ${name} p${share * 100}`, sampled(percentile(values, share), values.length, { unit: "ms" })]),
    ),
  );
}
