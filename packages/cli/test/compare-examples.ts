/**
 * Runs every example as `tradewind dags test` does and as the testing kit does, in this one process, and writes what both gave as JSON. A program of its own: bundles are imported through Node's own
 * loader, which a test runner replaces. Its arguments: a file with connections, and the ids of DAGs to leave out.
 */
import { readFileSync } from "node:fs";
import { EXAMPLES_FOLDER } from "@tradewind/examples";
import { createDagLoader, discoverDagFiles, stopBundler } from "@tradewind/loader";
import { type TestConnection, testDag, type TestRun } from "tradewind/testing";
import { runLocalDag } from "../src/local-run/dags-test.ts";
import { loadLocalDag } from "../src/local-run/load-dag.ts";
import { LocalRunReport } from "../src/local-run/local-run-report.ts";
import { Output } from "../src/output/output.ts";

const [settings = "", ...leftOut] = process.argv.slice(2);
const { connections } = JSON.parse(readFileSync(settings, "utf8")) as { connections: Record<string, TestConnection> };

const silent = { write: () => undefined, columns: null, hasColours: false };
const logicalDate = new Date("2026-01-31T06:00:00Z");
const shown = (run: TestRun) => ({ state: run.state, reason: run.reason, tasks: run.states, failures: failuresOf(run) });
const failuresOf = (run: TestRun) =>
  run.tasks.filter(({ state }) => state === "failed").map(({ taskId, mapIndex, reason }) => `${taskId}[${mapIndex}]: ${reason}`);

const loader = createDagLoader({ keepWarm: false });
const { files } = await discoverDagFiles(EXAMPLES_FOLDER);
const results: object[] = [];
for (const { path, relativePath } of files) {
  const load = await loader.load({ path, root: EXAMPLES_FOLDER });
  if (!load.ok) throw new Error(`${relativePath}: ${load.error.message}`);
  for (const { dagId } of load.dags.filter((dag) => !leftOut.includes(dag.dagId))) {
    const local = await loadLocalDag({ path, root: EXAMPLES_FOLDER, load, dagId }, undefined);
    const report = new LocalRunReport(new Output("table", silent, silent));
    const params = paramsOf(dagId);
    // Should it hang, this tells where.
    process.stderr.write(`${dagId}\n`);
    const byHand = await runLocalDag(local, { logicalDate, settings, conf: params }, report);
    const inTest = await testDag(local.dag).run({ logicalDate, connections, params });
    results.push({ dagId, byHand: shown(byHand), inTest: shown(inTest) });
  }
}
await loader.stop();
await stopBundler();
// Below what the examples themselves print.
process.stdout.write(`\n${JSON.stringify(results)}`, () => process.exit());

/** The one image that is there is the test's own. */
function paramsOf(dagId: string): Record<string, string> {
  return dagId === "container_job" ? { image: "localhost/tradewind-test:1" } : {};
}
