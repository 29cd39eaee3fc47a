import { setTimeout as sleep } from "node:timers/promises";
import type { Shape } from "../frame/shape.ts";
import { deploy } from "../measure/deploy.ts";
import { type Figures, figure } from "../measure/figures.ts";
import { databaseNow, triggerEach, untilRunsEnded } from "../measure/runs.ts";
import { type ProcessUsage, proportionalMb } from "../measure/processes.ts";
import { markUsage, processesOf, usageBetween, type Usage } from "../measure/usage.ts";
import { REREADS_FILES } from "../systems/airflow-settings.ts";
import { dagIdsOf, parallel, spreadOverFiles, type Workload } from "../workload/workload.ts";

interface Share {
  files: number;
  settleSeconds: number;
  windows: number;
  windowSeconds: number;
}

/** Parts of ours whose service the peer runs as processes of other names: the control plane holds scheduler, API and dag-processor. */
const PEERS: Record<string, string> = { "control plane": "all services" };

export const idle: Shape = {
  name: "idle",
  what: "1,000 DAGs from as many files and nothing to do: share of one core and memory, by part; and how long a start takes",
  goal: "≤ 1 % of a core and ≤ 150 MB for the scheduler's process",
  limits:
    "Memory: what V8 keeps of its heap after the load, and the modules of all services, which share one process under standalone. Processor time: the sweep, heartbeats, statistics of the event loop.",
  timeLimitMinutes: 30,
  async run(bench) {
    const share = bench.pick<Share>({
      full: {
        tradewind: { files: 1_000, settleSeconds: 90, windows: 5, windowSeconds: 20 },
        airflow: { files: 1_000, settleSeconds: 30, windows: 5, windowSeconds: 20 },
      },
      small: {
        tradewind: { files: 10, settleSeconds: 2, windows: 2, windowSeconds: 3 },
        airflow: { files: 4, settleSeconds: 2, windows: 2, windowSeconds: 3 },
      },
    });
    const system = await bench.start({ airflow: REREADS_FILES });
    const workload: Workload = {
      prefix: "bench_idle",
      files: spreadOverFiles("bench_idle", share.files, share.files, (dagId) => parallel(dagId, 10)),
    };
    await deploy(system, workload);
    // As after some work, not as just started.
    const some = dagIdsOf(workload).slice(0, system.kind === "airflow" ? 2 : 50);
    const since = await databaseNow(system);
    await triggerEach(system, some);
    await untilRunsEnded(system, workload.prefix, since);
    bench.say(`settling for ${share.settleSeconds} s`);
    await sleep(share.settleSeconds * 1000);
    const windows: Usage[] = [];
    for (let window = 0; window < share.windows; window += 1) {
      const before = await markUsage(system);
      await sleep(share.windowSeconds * 1000);
      windows.push(usageBetween(before, await markUsage(system)));
    }
    return {
      scale: `${share.files} files; ${share.windows} windows of ${share.windowSeconds} s`,
      figures: { readySeconds: figure([system.startSeconds], { unit: "s" }), ...idleFigures(windows), ...memoryFigures(system) },
      usage: { "the last window": windows.at(-1)! },
      details: {
        processes: processesOf(system).map(({ part, command, residentMb }) => `${part}: ${Math.round(residentMb)} MB: ${command.slice(-80)}`),
      },
    };
  },
};

function idleFigures(windows: readonly Usage[]): Figures {
  const percent = (seconds: (usage: Usage) => number): number[] => windows.map((usage) => (seconds(usage) / usage.seconds) * 100);
  const parts = [...new Set(windows.flatMap((usage) => Object.keys(usage.cpuSeconds)))];
  const withoutPostgres = (usage: Usage): number => usage.cpuSecondsTotal - (usage.cpuSeconds["postgres"] ?? 0);
  return {
    "cpu %: everything": figure(
      percent((usage) => usage.cpuSecondsTotal),
      { unit: "%" },
    ),
    "cpu %: all services": figure(percent(withoutPostgres), { unit: "%" }),
    ...Object.fromEntries(
      parts.map((part) => [
        `cpu %: ${part}`,
        figure(
          percent((usage) => usage.cpuSeconds[part] ?? 0),
          { unit: "%", peer: PEERS[part] ? `cpu %: ${PEERS[part]}` : null },
        ),
      ]),
    ),
    statementsPerSecond: figure(
      windows.map((usage) => usage.statements / usage.seconds),
      { unit: "/s", better: "lower" },
    ),
  };
}

/** A sum over processes counts what they share once; a part that is one process is told as resident, too. */
function memoryFigures(system: Parameters<typeof processesOf>[0]): Figures {
  const byPart = Map.groupBy(processesOf(system), (process) => process.part);
  const figures: Figures = {};
  const services = [...byPart].filter(([part]) => part !== "postgres").flatMap(([, processes]) => processes);
  const sum = (processes: readonly ProcessUsage[]): number => processes.reduce((mb, process) => mb + proportionalMb(process), 0);
  figures["MB: all services"] = figure([sum(services)], { unit: "MB" });
  for (const [part, processes] of byPart) {
    figures[`MB: ${part}`] = figure([sum(processes)], { unit: "MB", peer: PEERS[part] ? `MB: ${PEERS[part]}` : null });
    if (processes.length === 1) figures[`resident MB: ${part}`] = figure([processes[0]!.residentMb], { unit: "MB", peer: null });
  }
  return figures;
}
