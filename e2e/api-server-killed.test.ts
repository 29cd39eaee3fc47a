import { makeInstallation, until } from "@tradewind/testkit";
import { expect, test } from "vitest";
import { dagSource, readWitnesses } from "./dag-sources.ts";

const RUNS = 12;
/** Chains of no-op tasks: what ends lets others begin in the same answer, all the time. No task may be tried again. */
const CHAINS = 10;
const LENGTH = 4;
const TASKS = `
for (let index = 0; index < ${CHAINS}; index += 1) {
  let before;
  for (let step = 0; step < ${LENGTH}; step += 1) {
    const here = dag.task(\`chain\${index}_\${step}\`, async () => note("done"), { retries: 0 })();
    before?.before(here);
    before = here;
  }
}`;

test("the API server is killed again and again under load: what it granted in answers that it took with it is granted again, nothing fails, and nothing runs twice", async () => {
  const installation = await makeInstallation();
  const { facts, rest, start } = installation;
  let server = await start("api-server");
  await Promise.all([start("dag-processor"), start("scheduler")]);
  installation.saveDag("killed.ts", dagSource(installation, "killed", TASKS));
  await installation.untilKnown("killed");

  await rest.triggerMany("killed", RUNS);
  const all = RUNS * CHAINS * LENGTH;
  for (const share of [0.1, 0.3, 0.5, 0.7]) {
    await until(`${share * 100} % of the tasks to have ended`, async () => (await facts.countEnded("killed")) >= share * all);
    await server.end("SIGKILL");
    server = await start("api-server");
  }
  expect(await installation.untilRunsEnded("killed", RUNS, 60_000)).toEqual({ success: RUNS });

  const tries = await facts.tries("killed");
  expect(tries).toHaveLength(all);
  expect(tries.filter((one) => one.state !== "success" || one.tryNumber !== 1)).toEqual([]);
  const ran = readWitnesses(installation).map((one) => one.attemptId);
  expect(ran).toHaveLength(all);
  expect(new Set(ran)).toEqual(new Set(tries.map((one) => one.attemptId)));
  expect(await facts.leases()).toEqual([]);
});
