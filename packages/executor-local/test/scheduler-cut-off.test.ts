import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWholeTradewind } from "@tradewind/executor-testkit";
import { HOST_MAIN_PATH } from "@tradewind/runner/host-main-path";
import { assertNoProcesses } from "@tradewind/testkit";
import { expect, onTestFinished, test } from "vitest";
import { createLocalExecutor } from "../src/index.ts";

const SOURCE = `
import { Dag } from "tradewind";
export const dag = new Dag("cut", { isPausedUponCreation: false });
const ends = dag.task("last", async () => "end", { retries: 0 })();
for (let index = 0; index < 6; index += 1) dag.task(\`first\${index}\`, async () => { console.log("begun"); }, { retries: 0 })().before(ends);`;

test("a scheduler that dies between the commit of a dispatch and its telling of it: what has begun runs, once, and costs no try", async () => {
  const home = await mkdtemp(join(tmpdir(), "tw-cut-"));
  // Hosts and their children inherit it: they are known by it.
  process.env["TMPDIR"] = home;
  /** The run whose dispatch is the scheduler's last. */
  let run: Promise<string> | null = null;
  let dead = Promise.withResolvers<void>();
  const harness = await startWholeTradewind(home, {
    makeExecutor: () => createLocalExecutor({ home, slots: 4, hostCommand: [process.execPath, HOST_MAIN_PATH], idleExitMs: 1_000 }),
    awaitNoWorkers: () => assertNoProcesses(home),
    async pausePoint(name) {
      if (name !== "dispatched, commands not returned" || run === null) return;
      // A look that was made before the run was there.
      if ((await harness.getTaskState({ dagId: "cut", runId: await run, taskId: "first0" })) !== "running") return;
      dead.resolve();
      await new Promise(() => undefined);
    },
  });
  onTestFinished(async () => {
    await harness.close();
    await rm(home, { recursive: true, force: true });
  });
  await harness.putDagFile("cut.ts", SOURCE);
  for (const how of ["begins", "begins again"]) {
    dead = Promise.withResolvers();
    run = harness.triggerDag("cut");
    const runId = await run;
    await dead.promise;
    run = null;
    const tasks = Array.from({ length: 6 }, (_, index) => ({ dagId: "cut", runId, taskId: `first${index}` }));
    const states = await Promise.all(tasks.map((task) => harness.getTaskState(task)));
    expect(
      states.filter((state) => state === "queued"),
      how,
    ).toHaveLength(2);
    await harness.restartScheduler("kill");
    expect(await harness.awaitRun("cut", runId, 30_000)).toBe("success");
    for (const task of tasks) {
      expect((await harness.listAttempts(task)).map(({ tryNumber, state }) => [tryNumber, state])).toEqual([[1, "success"]]);
      expect((await harness.readLog(task, 1)).filter(({ message }) => message === "begun")).toHaveLength(1);
    }
  }
}, 90_000);
