/** `npm run bench -- [NAME… | all] [--vs airflow] [--json]`: measures whole installations of its own, and prints the figures beside their goals. */
import { HELP, type Options, readOptions, UsageError } from "./frame/options.ts";
import { machineFacts } from "./frame/machine.ts";
import { reportText } from "./frame/report.ts";
import { defaultResultsPath, writeResults } from "./frame/results-file.ts";
import { runShape, type ShapeResult } from "./frame/run-shape.ts";
import { type AirflowEnvironment, PeerUnavailable, prepareAirflow } from "./systems/airflow-environment.ts";
import { endAllResources } from "./systems/open-resources.ts";

const say = (text: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

async function findPeer(options: Options): Promise<AirflowEnvironment | undefined> {
  if (!options.systems.includes("airflow")) return undefined;
  try {
    return await prepareAirflow(say);
  } catch (error) {
    if (!(error instanceof PeerUnavailable)) throw error;
    say(`Airflow is left out: ${error.message}`);
    return undefined;
  }
}

async function main(options: Options): Promise<void> {
  const machine = machineFacts();
  const environment = await findPeer(options);
  const path = options.out ?? defaultResultsPath(machine.startedAt);
  const results: ShapeResult[] = [];
  const all = {
    machine,
    ...(environment ? { airflow: { ...environment.versions, executor: "LocalExecutor", settings: options.tuning } } : {}),
    results,
  };
  for (const [index, shape] of options.shapes.entries()) {
    say(`${shape.name} (${index + 1} of ${options.shapes.length}; at most ${shape.timeLimitMinutes} minutes for each system)`);
    const result = await runShape(shape, {
      size: options.size,
      systems: options.systems,
      ...(environment ? { airflow: { environment, tuning: options.tuning } } : {}),
      say,
      onHalf: async (result) => {
        if (!results.includes(result)) results.push(result);
        await writeResults(path, all);
      },
    });
    if (!options.json) process.stdout.write(reportText(result));
  }
  if (options.json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
  say(`the results are in ${path}`);
  if (results.some((result) => result.tradewind?.error !== undefined)) process.exitCode ??= 1;
}

// What was started goes with this process, also when it is interrupted.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    say(`${signal}: stopping what was started`);
    process.exitCode = 130;
    void endAllResources().finally(() => process.exit());
  });
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else await main(options);
  // What a shape that was given up still waits for must not keep the process.
  process.exit();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
