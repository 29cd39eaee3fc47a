/** `npm run bench [-- NAME…] [--json]`: measures a whole installation of its own and prints the figures beside their goals. */
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { type Installation, startInstallation } from "./installation.ts";
import { chainTransitions, fanOutAndIn } from "./shapes/latency.ts";
import { apiLists } from "./shapes/api.ts";
import { bullMq } from "./shapes/bullmq.ts";
import { idleCost, manyDags, manyFiles } from "./shapes/throughput.ts";
import { round } from "./statistics.ts";

/** `limits`: what a figure is bounded by. */
type Figures = { name: string; what: string; goal: string; limits: string } & Record<string, unknown>;

/** In this order: `idle` is with the DAGs that `throughput` made, and before those of `files`. */
const SHAPES: Record<string, (installation: Installation) => Promise<Figures>> = {
  chain: (installation) => chainTransitions(installation, { warmUps: 2, runs: 5 }),
  "fan-out": (installation) => fanOutAndIn(installation, { warmUps: 1, runs: 5 }),
  throughput: manyDags,
  idle: idleCost,
  files: manyFiles,
  bullmq: () => bullMq(),
  api: () => apiLists(),
};

const BRINGS_ITS_OWN: ReadonlySet<string> = new Set(["bullmq", "api"]);

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean", default: false } } });
const unknown = positionals.filter((name) => !(name in SHAPES));
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark "${unknown.join('", "')}". There are: ${Object.keys(SHAPES).join(", ")}.\n`);
  process.exit(2);
}

const names = Object.keys(SHAPES).filter((name) => positionals.length === 0 || positionals.includes(name));
const machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  platform: process.platform,
  // Well above zero before the start: others use this machine, and the figures say less.
  loadBefore: round(loadavg()[0]!, 2),
};
const results: Figures[] = [];
const installation = names.some((name) => !BRINGS_ITS_OWN.has(name)) ? await startInstallation() : undefined;
// What was started goes with this process, also when it is interrupted.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void installation?.close().finally(() => process.exit(1)));
try {
  for (const name of names) {
    process.stderr.write(`${name} …\n`);
    const figures = await SHAPES[name]!(installation!);
    results.push(figures);
    if (!values.json) printFigures(figures);
  }
} finally {
  await installation?.close();
}
if (values.json) process.stdout.write(`${JSON.stringify({ machine, results }, null, 2)}\n`);

function printFigures({ name, what, goal, ...figures }: Figures): void {
  const lines = Object.entries(figures).map(([key, value]) => `  ${key.padEnd(20)} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  process.stdout.write(`${name}: ${what} (goal: ${goal})\n${lines.join("\n")}\n`);
}
