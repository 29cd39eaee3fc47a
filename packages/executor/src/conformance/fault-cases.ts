import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { awaitLine, begin, expectAttempts, expectRun, messages, NOTICED_WITHIN_MS, putDag, until } from "./expectations.ts";
import type { ConformanceCase } from "./harness.ts";

/** Prints that it began, works for a while, tells which try it was. */
const WORK = (ms: number) =>
  `async () => { console.log("begun"); await new Promise((r) => setTimeout(r, ${ms})); return getContext().attempt.tryNumber; }`;

/** What must stay true while things break. */
export const FAULT_CASES: ConformanceCase[] = [
  {
    name: "cancel: a task that was marked stops working, and its late result counts for nothing",
    timeoutMs: 60_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(
        harness,
        `dag.task("ticks", async () => { for (let i = 0; i < 600; i++) { console.log("tick", i); await new Promise((r) => setTimeout(r, 100)); } return "late"; })();`,
      );
      const task = run.task("ticks");
      await awaitLine(harness, task, 1, "tick 3", 20_000 + extraStartMs);
      await harness.markTask(task, "failed");
      await expectRun(harness, run, "failed", 10_000);
      const ticks = async () => (await messages(harness, task, 1)).filter((message) => message.startsWith("tick")).length;
      // The log stands still when the process is gone; the grace of the stop ladder may pass before.
      for (let before = -1, now = await ticks(), turns = 0; before !== now; turns++) {
        assert.ok(turns < 20, "the task was still at work 20 s after it had been marked as failed");
        await sleep(1_000);
        [before, now] = [now, await ticks()];
      }
      assert.equal(await harness.getXCom(task), undefined);
      assert.equal(await harness.getTaskState(task), "failed");
    },
  },
  {
    name: "drain: stop waits for running tasks, up to its bound",
    timeoutMs: 60_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(harness, `dag.task("work", ${WORK(2_000)})();`);
      await awaitLine(harness, run.task("work"), 1, "begun", 20_000 + extraStartMs);
      await harness.executor().stop({ drain: true, timeoutMs: 20_000 });
      assert.equal(await harness.getTaskState(run.task("work")), "success");
      await harness.restartScheduler("stop");
      await expectRun(harness, run, "success", 15_000);
      await expectAttempts(harness, run.task("work"), [{ tryNumber: 1, state: "success" }]);
    },
  },
  {
    name: "lose a worker: its task is tried again within 15 seconds",
    timeoutMs: 90_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(
        harness,
        `dag.task("work", async () => { console.log("begun"); if (getContext().attempt.tryNumber === 1) await new Promise((r) => setTimeout(r, 600_000)); return getContext().attempt.tryNumber; }, { retries: 1, retryDelay: "100ms" })();`,
      );
      const task = run.task("work");
      await awaitLine(harness, task, 1, "begun", 20_000 + extraStartMs);
      await harness.killWorkerOf(task);
      await awaitLine(harness, task, 2, "begun", NOTICED_WITHIN_MS + 5_000 + extraStartMs);
      await expectRun(harness, run, "success", 20_000);
      await expectAttempts(harness, task, [
        { tryNumber: 1, reason: "lost" },
        { tryNumber: 2, state: "success" },
      ]);
      assert.equal(await harness.getXCom(task), 2);
    },
  },
  {
    name: "duplicate delivery: a command that comes again, early or late, runs nothing twice",
    timeoutMs: 60_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(harness, `dag.task("work", ${WORK(1_500)})();`);
      const task = run.task("work");
      await awaitLine(harness, task, 1, "begun", 20_000 + extraStartMs);
      const command = await harness.getCommand(task);
      await harness.executor().submit([command, command]);
      await expectRun(harness, run, "success", 20_000);
      await harness.executor().submit([command]);
      // Another run behind it shows that the late one was dealt with.
      const next = await begin(harness, `dag.task("after", async () => 1)();`);
      await expectRun(harness, next, "success", 20_000 + extraStartMs);
      await expectAttempts(harness, task, [{ tryNumber: 1, state: "success" }]);
      assert.equal((await messages(harness, task, 1)).filter((message) => message === "begun").length, 1);
    },
  },
  ...(["kill", "stop"] as const).map((how): ConformanceCase => ({
    name: `adopt after a ${how === "kill" ? "killed" : "stopped"} scheduler: running tasks do not notice`,
    timeoutMs: 90_000,
    needs: "outlivesScheduler",
    async run(harness, { extraStartMs }) {
      const run = await begin(
        harness,
        `const work = dag.task("work", ${WORK(3_000)});
           dag.task("after", async ({ tried }: { tried: number }) => tried)({ tried: work() });`,
      );
      await awaitLine(harness, run.task("work"), 1, "begun", 20_000 + extraStartMs);
      await harness.restartScheduler(how);
      await expectRun(harness, run, "success", 45_000 + extraStartMs);
      await expectAttempts(harness, run.task("work"), [{ tryNumber: 1, state: "success" }]);
      assert.equal(await harness.getXCom(run.task("after")), 1);
    },
  })),
  {
    name: "lose the transport: what waited in it is sent again, runs once, and spends no try",
    timeoutMs: 90_000,
    needs: "losesTransport",
    async run(harness, { extraStartMs }) {
      const count = 40;
      const run = await begin(harness, `for (let i = 0; i < ${count}; i++) dag.task("work" + i, ${WORK(1_000)})();`);
      const tasks = Array.from({ length: count }, (_, index) => run.task(`work${index}`));
      const states = () => Promise.all(tasks.map((task) => harness.getTaskState(task)));
      await until(async () => (await states()).includes("success"), "the end of a first task", 20_000 + extraStartMs);
      const waiting = (await states()).filter((state) => state === "queued").length;
      assert.ok(waiting > 0, "nothing waited any more when the transport was to lose it");
      await harness.loseTransport!();
      await expectRun(harness, run, "success", 60_000 + extraStartMs);
      for (const task of tasks) {
        await expectAttempts(harness, task, [{ tryNumber: 1, state: "success" }]);
        assert.equal((await messages(harness, task, 1)).filter((message) => message === "begun").length, 1);
      }
    },
  },
  {
    name: "code version pinning: a run keeps the code it began with, the next one has the new",
    timeoutMs: 90_000,
    async run(harness, { extraStartMs }) {
      const source = (version: string) => `
        const work = dag.task("work", async () => { console.log("begun"); await new Promise((r) => setTimeout(r, 2_000)); return "${version}"; });
        dag.task("after", async ({ first }: { first: string }) => first + " ${version}")({ first: work() });`;
      const dagId = await putDag(harness, source("old"));
      const runId = await harness.triggerDag(dagId);
      await awaitLine(harness, { dagId, runId, taskId: "work" }, 1, "begun", 20_000 + extraStartMs);
      await putDag(harness, source("new"), dagId);
      await expectRun(harness, { dagId, runId }, "success", 20_000 + extraStartMs);
      assert.equal(await harness.getXCom({ dagId, runId, taskId: "after" }), "old old");
      const next = await harness.triggerDag(dagId);
      await expectRun(harness, { dagId, runId: next }, "success", 20_000 + extraStartMs);
      assert.equal(await harness.getXCom({ dagId, runId: next, taskId: "after" }), "new new");
    },
  },
  {
    name: "what an executor does not know: cancel and adopt take it calmly",
    timeoutMs: 30_000,
    async run(harness) {
      const unknown = "00000000-0000-7000-8000-000000000000";
      await harness.executor().cancel([{ attemptId: unknown, reason: "nobody has it" }]);
      const ids = { dagId: "none", runId: "none", taskId: "none", mapIndex: -1, tryNumber: 1, taskInstanceId: 1 };
      const command = {
        ...ids,
        attemptId: unknown,
        executor: harness.executor().name,
        queue: "default",
        priorityWeight: 1,
        bundleSha256: "0".repeat(64),
      };
      assert.deepEqual(await harness.executor().adopt([{ attemptId: unknown, state: "running", command }]), { adopted: [] });
    },
  },
];
