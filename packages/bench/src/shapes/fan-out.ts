import type { Shape } from "../frame/shape.ts";
import { deploy } from "../measure/deploy.ts";
import { figure } from "../measure/figures.ts";
import { runOneByOne } from "../measure/one-by-one.ts";
import { ms } from "../measure/times.ts";
import type { System } from "../systems/system.ts";
import { fanOut as fanOutOf, inOneFile } from "../workload/workload.ts";

interface Share {
  width: number;
  warmUps: number;
  runs: number;
}

interface FanOutTimes {
  /** From the end of the first task to the last start of those below it. */
  lastStartMs: number;
  /** From the last end of those to the start of the one that joins them; 0 where one transaction stamps both. */
  joinDelayMs: number;
  /** From the last start of those to the start of the one that joins them, like a transition of a chain: the last task, its report, the commit and the grant are in it. */
  lastStartToJoinMs: number;
}

async function readFanOutTimes(system: System, prefix: string, since: Date): Promise<FanOutTimes[]> {
  return system.query<FanOutTimes & Record<string, unknown>>(
    `select ${ms("max(task.started) filter (where task.task_id like 't%') - max(task.ended) filter (where task.task_id = 'first')")} as "lastStartMs",
        ${ms("max(task.started) filter (where task.task_id = 'last') - max(task.ended) filter (where task.task_id like 't%')")} as "joinDelayMs",
        ${ms("max(task.started) filter (where task.task_id = 'last') - max(task.started) filter (where task.task_id like 't%')")} as "lastStartToJoinMs"
      from (${system.sql.tasks}) task join (${system.sql.runs}) run using (run_key) where starts_with(run.dag_id, $1) and run.queued >= $2 group by run_key`,
    [prefix, since],
  );
}

function fanOutShape(name: string, width: number, goal: string, sizes: { full: Record<"tradewind" | "airflow", Share> }): Shape {
  return {
    name,
    what: `one task, ${width.toLocaleString("en")} no-op tasks below it, one that joins them`,
    goal,
    limits:
      "Processor time. All become ready in one transaction; then each exchange settles what arrived while the one before was in flight. The control plane (one thread), PostgreSQL and the " +
      "runner host share the cores with the children.",
    timeLimitMinutes: 15,
    async run(bench) {
      const share = bench.pick<Share>({
        ...sizes,
        small: { tradewind: { width: 50, warmUps: 1, runs: 2 }, airflow: { width: 6, warmUps: 0, runs: 1 } },
      });
      const system = await bench.start();
      const workload = inOneFile("bench_fan_out", fanOutOf("bench_fan_out", share.width));
      await deploy(system, workload);
      const { times, usage, since } = await runOneByOne(system, workload, share);
      const fans = await readFanOutTimes(system, workload.prefix, since);
      // Times of fan-outs of different width are not compared; rates are.
      const peer = null;
      return {
        scale: `1 → ${share.width} → 1, ${share.runs} runs one after the other, after ${share.warmUps} for warming up`,
        figures: {
          runMs: figure(
            times.map((run) => run.runMs),
            { unit: "ms", peer },
          ),
          lastStartMs: figure(
            fans.map((fan) => fan.lastStartMs),
            { unit: "ms", peer },
          ),
          joinDelayMs: figure(
            fans.map((fan) => fan.joinDelayMs),
            { unit: "ms" },
          ),
          lastStartToJoinMs: figure(
            fans.map((fan) => fan.lastStartToJoinMs),
            { unit: "ms" },
          ),
          tasksPerSecond: figure(
            times.map((run) => ((share.width + 2) / run.runMs) * 1000),
            { unit: "/s" },
          ),
        },
        usage: { "all runs": usage },
      };
    },
  };
}

export const fanOut = fanOutShape("fan-out", 1_000, "≤ 0.3 s, join ≤ 10 ms", {
  full: { tradewind: { width: 1_000, warmUps: 2, runs: 7 }, airflow: { width: 100, warmUps: 1, runs: 3 } },
});

export const wideFanOut = fanOutShape("fan-out-10000", 10_000, "none of its own; no more for each task than with 1,000", {
  full: { tradewind: { width: 10_000, warmUps: 1, runs: 5 }, airflow: { width: 300, warmUps: 0, runs: 1 } },
});
