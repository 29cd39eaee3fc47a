/** Prints how long a folder of generated DAG files takes: cold, and again when nothing changed. `node bench/thousand-files.ts [count]` */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkFingerprints, createDagLoader, discoverDagFiles, type InputFingerprint, stopBundler } from "../src/index.ts";

const count = Number(process.argv[2] ?? 1000);
const concurrency = 8;

function source(index: number): string {
  return `import { cron, Dag } from "tradewind";
import { double } from "./lib/arithmetic.ts";
import query from "./lib/query.sql";

export const dag = new Dag("generated_${index}", { schedule: cron("0 6 * * *"), startDate: "2026-01-01", tags: ["generated"] });
const tasks = Array.from({ length: 10 }, (_, n) => dag.task(\`task_\${n}\`, async () => double(n) + query.length));
tasks.map((task) => task()).reduce((before, after) => before.before(after) as never);
`;
}

const root = await mkdtemp(join(tmpdir(), "tradewind-bench-"));
await mkdir(join(root, "lib"));
await writeFile(join(root, "lib/arithmetic.ts"), "export const double = (n: number): number => 2 * n;\n");
await writeFile(join(root, "lib/query.sql"), "select 1\n");
for (let index = 0; index < count; index++) await writeFile(join(root, `generated_${index}.ts`), source(index));

const loader = createDagLoader();
try {
  const coldAt = performance.now();
  const { files } = await discoverDagFiles(root);
  const inputs: InputFingerprint[][] = [];
  let dags = 0;
  const failures: string[] = [];
  const queue = files.values();
  const work = async () => {
    for (const { path } of queue) {
      const result = await loader.load({ path, root });
      inputs.push(result.inputs);
      if (result.ok) dags += result.dags.length;
      else failures.push(`${result.error.file}: ${result.error.message}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  console.log(`cold: ${files.length} files, ${dags} DAGs, ${failures.length} failures in ${Math.round(performance.now() - coldAt)} ms`);
  for (const failure of failures.slice(0, 3)) console.log(failure);

  for (const pass of ["first rescan (written just now, so contents are compared)", "rescan"]) {
    const at = performance.now();
    await discoverDagFiles(root);
    let unchanged = 0;
    for (const [index, one] of inputs.entries()) {
      const check = await checkFingerprints(one);
      if (!check.unchanged) continue;
      unchanged++;
      inputs[index] = check.inputs;
    }
    console.log(`${pass}: ${unchanged} unchanged in ${Math.round(performance.now() - at)} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
  }
} finally {
  await loader.stop();
  await stopBundler();
  await rm(root, { recursive: true, force: true });
}
