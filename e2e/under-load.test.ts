import { type Installation, makeInstallation, type Program, until } from "@tradewind/testkit";
import { expect, test } from "vitest";
import { dagSource, readWitnesses } from "./dag-sources.ts";

const RUNS = 15;
const TASKS_PER_RUN = 20;
const TASKS = RUNS * TASKS_PER_RUN;

/** An installation without a scheduler, and a DAG of ten pairs of tasks. With 16 slots there are always more tasks ready than may run. */
async function begin(taskMs: number, env: Record<string, string> = {}): Promise<{ installation: Installation; apiServer: Program }> {
  // On a busy machine a server may need longer to come back than an ordinary lease lasts; that leases run out is another test's subject.
  const installation = await makeInstallation({ env: { TRADEWIND__EXECUTION_API__LEASE_SECONDS: "45", ...env } });
  const [apiServer] = await Promise.all([installation.start("api-server"), installation.start("dag-processor")]);
  const work = `async () => { await pause(${taskMs}); note("done"); }`;
  const tasks = `
for (let index = 0; index < ${TASKS_PER_RUN / 2}; index += 1) {
  dag.task(\`first\${index}\`, ${work})().before(dag.task(\`second\${index}\`, ${work})());
}`;
  installation.saveDag("flows.ts", dagSource(installation, "flows", tasks));
  await installation.untilKnown("flows");
  await installation.rest.triggerMany("flows", RUNS);
  return { installation, apiServer: apiServer };
}

/** Every task instance succeeded in its first try, and that is the only attempt that ran. */
async function expectEachOnce({ facts, ...installation }: Installation): Promise<void> {
  expect(await installation.untilRunsEnded("flows", RUNS, 90_000)).toEqual({ success: RUNS });
  const tries = await facts.tries("flows");
  expect(tries).toHaveLength(TASKS);
  expect(tries.filter((one) => one.state !== "success" || one.tryNumber !== 1)).toEqual([]);
  const ran = readWitnesses(installation).map((one) => one.attemptId);
  expect(new Set(ran)).toEqual(new Set(tries.map((one) => one.attemptId)));
  expect(ran).toHaveLength(tries.length);
  expect(await facts.leases()).toEqual([]);
}

test("the API server is restarted under load, in order and by force: results wait for it, nothing is lost", async () => {
  const { installation, ...started } = await begin(200);
  const { facts, start } = installation;
  let { apiServer } = started;
  await start("scheduler");
  for (const [share, signal] of [
    [0.2, "SIGTERM"],
    [0.6, "SIGKILL"],
  ] as const) {
    await until("work under way", async () => (await facts.countEnded("flows")) >= TASKS * share);
    await apiServer.end(signal);
    apiServer = await start("api-server");
  }
  await expectEachOnce(installation);
});

test("the scheduler is killed again and again, each time with attempts that are queued: all are taken over, none stays queued", async () => {
  const quickTakeOver = { TRADEWIND__SCHEDULER__HEARTBEAT_SECONDS: "0.5", TRADEWIND__SCHEDULER__HEALTH_THRESHOLD_SECONDS: "2" };
  const { installation } = await begin(1_500, quickTakeOver);
  const { facts, start } = installation;
  for (let kills = 0; kills < 5; kills += 1) {
    const ended = await facts.countEnded("flows");
    const scheduler = await start("scheduler");
    await until("work under way, and an attempt that is queued", async () => {
      const isQueued = (await facts.leases()).some((lease) => lease.state === "queued");
      return isQueued && (await facts.countEnded("flows")) > ended;
    });
    await scheduler.end("SIGKILL");
  }
  // Hosts ask for work by themselves when tasks end; that there is some left shows that the kills came in the middle of it.
  expect(await facts.countEnded("flows")).toBeLessThan(TASKS);
  await start("scheduler");
  await expectEachOnce(installation);
});
