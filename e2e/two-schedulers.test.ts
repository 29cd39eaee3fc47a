import { makeInstallation } from "@tradewind/testkit";
import { expect, test } from "vitest";
import { dagSource, readWitnesses } from "./dag-sources.ts";

const RUNS = 200;
const SLOTS = 3;

test("two schedulers, each with a runner host, share a pool of three slots: never four at once, no task twice, all end", async () => {
  const installation = await makeInstallation();
  const { facts, rest, start } = installation;
  await Promise.all([start("api-server"), start("dag-processor"), start("scheduler", "a"), start("scheduler", "b")]);
  await rest.call("POST", "/pools", { name: "narrow", slots: SLOTS });
  const tasks = `dag.task("task", async () => { note("begin"); await pause(20); note("end"); }, { pool: "narrow" })();`;
  installation.saveDag("limited.ts", dagSource(installation, "limited", tasks));
  await installation.untilKnown("limited");
  await rest.triggerMany("limited", RUNS);
  expect(await installation.untilRunsEnded("limited", RUNS, 90_000)).toEqual({ success: RUNS });

  const witnesses = readWitnesses(installation);
  expect(new Set(witnesses.filter((one) => one.what === "end").map((one) => one.runId)).size).toBe(RUNS);
  expect(witnesses).toHaveLength(2 * RUNS);
  expect((await facts.tries("limited")).filter((one) => one.tryNumber !== 1 || one.state !== "success")).toEqual([]);

  // As the tasks saw it: the pool was filled, and never overfilled.
  expect(mostAtOnce(witnesses.map((one) => ({ at: one.at, change: one.what === "begin" ? 1 : -1 })))).toBe(SLOTS);
  // Both schedulers took part, each through its own host.
  expect((await facts.hosts()).length).toBe(2);
  expect(new Set(witnesses.map((one) => one.pid)).size).toBeGreaterThan(1);
  expect(await facts.leases()).toEqual([]);
});

/** The highest sum of the changes at any time; at the same instant, what ends comes before what begins. */
function mostAtOnce(changes: readonly { at: number; change: number }[]): number {
  let now = 0;
  let most = 0;
  for (const { change } of [...changes].sort((a, b) => a.at - b.at || a.change - b.change)) {
    now += change;
    most = Math.max(most, now);
  }
  return most;
}
