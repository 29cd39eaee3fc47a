import { writeFileSync } from "node:fs";
import { startPrivateServer } from "@tradewind/metadata/testing";
import { type Installation, makeInstallation, processesOf, until } from "@tradewind/testkit";
import { expect, onTestFinished, test } from "vitest";
import { dagSource, gateFile, readWitnesses } from "./dag-sources.ts";

const WIDTH = 6;
/** One try each. Half of them ask for something all the time. */
const TASKS = `
for (let index = 0; index < ${WIDTH}; index += 1)
  dag.task(\`task\${index}\`, async () => { note("begin"); const isOver = gate("end").then(() => true);
    while (index % 2 === 1 && !(await Promise.race([isOver, pause(50).then(() => false)]))) await getClient().variables.set("asked", String(index));
    await isOver; note("end"); }, { retries: 0 })();`;

const LEASE_MS = 6_000;
const ENV = {
  TRADEWIND__EXECUTION_API__LEASE_SECONDS: String(LEASE_MS / 1_000),
  TRADEWIND__EXECUTION_API__HEARTBEAT_SECONDS: "0.5",
  TRADEWIND__SCHEDULER__HEARTBEAT_SECONDS: "0.5",
  TRADEWIND__SCHEDULER__SWEEP_SECONDS: "0.5",
  TRADEWIND__DAGS__LOAD_EXAMPLES: "false",
};

async function beginRun(installation: Installation): Promise<void> {
  installation.saveDag("wide.ts", dagSource(installation, "wide", TASKS));
  await installation.untilKnown("wide");
  await installation.rest.trigger("wide");
  await until("all tasks to be at work", () => readWitnesses(installation).length === WIDTH);
}

/** All leases have run out, so long ago that a scheduler would have seen it, and all attempts are still counted as running. */
async function untilLeasesAreOver({ facts }: Installation): Promise<void> {
  await until("the end of all leases", async () => (await facts.leases()).every(({ overForMs }) => overForMs > 1_500), 3 * LEASE_MS);
  expect(await facts.leases()).toHaveLength(WIDTH);
}

async function expectAllGoOn(installation: Installation): Promise<void> {
  const { facts } = installation;
  await until("leases that last, or attempts that were given up", async () => {
    const leases = await facts.leases();
    return leases.length < WIDTH || leases.every(({ overForMs }) => overForMs < 0);
  });
  writeFileSync(gateFile(installation, "end"), "");
  expect(await installation.untilRunsEnded("wide", 1, 30_000)).toEqual({ success: 1 });
  const tries = await facts.tries("wide");
  expect(tries.map(({ state, tryNumber }) => [state, tryNumber])).toEqual(Array.from({ length: WIDTH }, () => ["success", 1]));
  // Each was begun once, and ended by the process that had begun it.
  const witnesses = readWitnesses(installation);
  const processesThat = (did: string) => witnesses.filter(({ what }) => what === did).map(({ attemptId, pid }) => `${attemptId} ${pid}`);
  expect(processesThat("end").sort()).toEqual(processesThat("begin").sort());
  expect(await facts.leases()).toEqual([]);
}

test("a machine that sleeps for longer than its leases loses nothing: what was at work goes on", async () => {
  const installation = await makeInstallation({ env: ENV });
  await Promise.all([installation.start("scheduler"), installation.start("api-server"), installation.start("dag-processor")]);
  await beginRun(installation);
  const asleep = processesOf(installation.folder).map(({ pid }) => pid);
  const signalAll = (signal: NodeJS.Signals): void => asleep.forEach((pid) => process.kill(pid, signal));
  // Whatever has come of the test: what is stopped cannot end.
  onTestFinished(() => processesOf(installation.folder).forEach(({ pid }) => process.kill(pid, "SIGCONT")));
  signalAll("SIGSTOP");
  await untilLeasesAreOver(installation);
  signalAll("SIGCONT");
  await expectAllGoOn(installation);
});

test("a standalone that is away for longer than the leases of its tasks finds them where they were", async () => {
  const installation = await makeInstallation({ env: ENV });
  const first = await installation.start("standalone");
  await beginRun(installation);
  await first.end("SIGKILL");
  await untilLeasesAreOver(installation);
  await installation.start("standalone");
  await expectAllGoOn(installation);
});

test("an API server that is away for longer than the leases, while schedulers go on, costs nothing", async () => {
  const installation = await makeInstallation({ env: ENV });
  await Promise.all([installation.start("scheduler"), installation.start("dag-processor")]);
  const first = await installation.start("api-server");
  await beginRun(installation);
  await first.end("SIGKILL");
  await untilLeasesAreOver(installation);
  await installation.start("api-server");
  await expectAllGoOn(installation);
});

test("a database that is away for longer than the leases costs nothing", async () => {
  const server = await startPrivateServer();
  onTestFinished(() => server.stop());
  const database = await server.createDatabase();
  const installation = await makeInstallation({ databaseUrl: database.url, env: ENV });
  await Promise.all([installation.start("scheduler"), installation.start("api-server"), installation.start("dag-processor")]);
  await beginRun(installation);
  await server.postgres.restart({ mode: "immediate", pauseMs: LEASE_MS + 1_000 });
  await expectAllGoOn(installation);
});
