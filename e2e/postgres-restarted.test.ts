import { startPrivateServer } from "@tradewind/metadata/testing";
import { makeInstallation, until } from "@tradewind/testkit";
import { expect, onTestFinished, test } from "vitest";
import { dagSource, readWitnesses } from "./dag-sources.ts";

const RUNS = 10;
/** Twenty tasks in two layers: ten, and ten that wait for one of them each. */
const TASKS_PER_RUN = 20;
const TASKS = `
for (let index = 0; index < ${TASKS_PER_RUN / 2}; index += 1) {
  const first = dag.task(\`first\${index}\`, async () => { await pause(150); note("done"); return index; });
  dag.task(\`second\${index}\`, async ({ from }: { from: number }) => { note("done"); if (from !== index) throw new Error("the XCom is wrong"); })({ from: first() });
}`;

test("PostgreSQL crashes twice under load: no daemon ends, nothing is lost, no try is spent", async () => {
  const server = await startPrivateServer();
  onTestFinished(() => server.stop());
  const database = await server.createDatabase();
  const installation = await makeInstallation({ databaseUrl: database.url });
  const { facts, rest, start } = installation;
  const daemons = await Promise.all([start("scheduler"), start("api-server"), start("dag-processor")]);
  installation.saveDag("crashes.ts", dagSource(installation, "crashes", TASKS));
  await installation.untilKnown("crashes");

  await rest.triggerMany("crashes", RUNS);
  for (const ended of [RUNS * 3, RUNS * 12]) {
    await until(`${ended} ended tasks`, async () => (await facts.countEnded("crashes")) >= ended);
    await server.postgres.restart({ mode: "immediate" });
  }
  expect(await facts.countEnded("crashes")).toBeLessThan(RUNS * TASKS_PER_RUN);
  expect(await installation.untilRunsEnded("crashes", RUNS, 60_000)).toEqual({ success: RUNS });

  const tries = await facts.tries("crashes");
  expect(tries).toHaveLength(RUNS * TASKS_PER_RUN);
  expect(tries.filter((one) => one.state !== "success" || one.tryNumber !== 1)).toEqual([]);
  // The attempt that was accepted is one that ran, and no other one ran.
  const ran = readWitnesses(installation).map((one) => one.attemptId);
  expect(new Set(ran)).toEqual(new Set(tries.map((one) => one.attemptId)));
  expect(ran).toHaveLength(tries.length);
  expect(await facts.leases()).toEqual([]);
  expect(daemons.filter((daemon) => !daemon.isRunning()).map((daemon) => daemon.name)).toEqual([]);

  // What was saved after the crashes is noticed and runs, on the same daemons.
  installation.saveDag("afterwards.ts", dagSource(installation, "afterwards", `dag.task("task", async () => {})();`));
  await installation.untilKnown("afterwards");
  await rest.trigger("afterwards");
  expect(await installation.untilRunsEnded("afterwards", 1, 20_000)).toEqual({ success: 1 });
});
