import { writeFileSync } from "node:fs";
import { makeInstallation, until } from "@tradewind/testkit";
import { expect, test } from "vitest";
import { dagSource, gateFile, readWitnesses } from "./dag-sources.ts";

const WIDTH = 6;

/** `early` ends while no scheduler lives, the others after the next one has started; `after` needs a scheduler to be started at all. */
const TASKS = `
const after = dag.task("after", async () => note("end"))();
for (let index = 0; index < ${WIDTH}; index += 1) {
  const name = index < 2 ? "early" : "late";
  dag.task(\`\${name}\${index}\`, async () => { note("begin"); await gate(name); note("end"); }, { retries: 2, retryDelay: 0 })().before(after);
}`;

test("a killed scheduler: running tasks do not notice, and the next one goes on where it had stopped", async () => {
  const installation = await makeInstallation({
    env: { TRADEWIND__SCHEDULER__HEARTBEAT_SECONDS: "0.5", TRADEWIND__SCHEDULER__HEALTH_THRESHOLD_SECONDS: "2" },
  });
  const { facts, rest, start } = installation;
  const [, , first] = await Promise.all([start("api-server"), start("dag-processor"), start("scheduler")]);
  installation.saveDag("survives.ts", dagSource(installation, "survives", TASKS));
  await installation.untilKnown("survives");
  await rest.trigger("survives");
  const began = await until("all tasks to be at work", () => readWitnesses(installation).length === WIDTH && readWitnesses(installation));
  const [host] = await facts.hosts();

  await first.end("SIGKILL");
  writeFileSync(gateFile(installation, "early"), "");
  await until("the ends that no scheduler sees", async () => (await facts.countEnded("survives")) === 2);

  await start("scheduler");
  writeFileSync(gateFile(installation, "late"), "");
  expect(await installation.untilRunsEnded("survives", 1, 30_000)).toEqual({ success: 1 });

  const tries = await facts.tries("survives");
  expect(tries.filter((one) => one.state !== "success" || one.tryNumber !== 1)).toEqual([]);
  const witnesses = readWitnesses(installation).filter((one) => one.taskId !== "after");
  // The processes that had begun have ended it, once each, and the accepted attempts are theirs.
  const did = (what: string) =>
    witnesses
      .filter((one) => one.what === what)
      .map((one) => `${one.taskId} ${one.attemptId} ${one.pid}`)
      .sort();
  expect(did("begin")).toHaveLength(WIDTH);
  expect(did("end")).toEqual(did("begin"));
  const ofTries = tries.filter((one) => one.taskId !== "after").map((one) => one.attemptId);
  expect(ofTries).toHaveLength(began.length);
  expect(new Set(began.map((one) => one.attemptId))).toEqual(new Set(ofTries));
  // The same host, found again.
  expect((await facts.hosts()).map((one) => one.hostId)).toEqual([host!.hostId]);
  expect(await facts.leases()).toEqual([]);
});
