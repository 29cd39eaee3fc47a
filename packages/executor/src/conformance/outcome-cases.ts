import assert from "node:assert/strict";
import { awaitLine, begin, expectAttempts, expectRun } from "./expectations.ts";
import type { ConformanceCase } from "./harness.ts";

/** How attempts end, and what is left of them. */
export const OUTCOME_CASES: ConformanceCase[] = [
  {
    name: "runs a task: its result is its XCom, and what it printed is its log",
    timeoutMs: 30_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(
        harness,
        `const first = dag.task("first", async () => { console.log("on stdout"); console.error("on stderr"); getContext().log.info({ n: 1 }, "logged"); return { rows: 3 }; });
         dag.task("second", async ({ from }: { from: { rows: number } }) => from.rows + 1)({ from: first() });`,
      );
      await expectRun(harness, run, "success", 20_000 + extraStartMs);
      assert.deepEqual(await harness.getXCom(run.task("first")), { rows: 3 });
      assert.equal(await harness.getXCom(run.task("second")), 4);
      const lines = await harness.readLog(run.task("first"), 1);
      const told = lines.filter((line) => line.stream !== "system").map((line) => [line.stream, line.message]);
      assert.deepEqual(told, [
        ["stdout", "on stdout"],
        ["stderr", "on stderr"],
        ["log", "logged"],
      ]);
    },
  },
  {
    name: "fails a task with the author's error, in its state and in its log",
    timeoutMs: 30_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(harness, `dag.task("fail", async () => { throw new RangeError("no such store"); })();`);
      await expectRun(harness, run, "failed", 20_000 + extraStartMs);
      await expectAttempts(harness, run.task("fail"), [{ tryNumber: 1, state: "failed", reason: "error" }]);
      // Logs travel beside states, and may come a moment later.
      await awaitLine(harness, run.task("fail"), 1, "RangeError: no such store", 10_000);
    },
  },
  {
    name: "tries again as often as retries say, and no more",
    timeoutMs: 45_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(
        harness,
        `dag.task("flaky", async () => { const { tryNumber } = getContext().attempt; if (tryNumber < 3) throw new Error("try " + tryNumber); return tryNumber; }, { retries: 2, retryDelay: "100ms" })();
         dag.task("final", async () => { throw new FailTask("never again"); }, { retries: 2, retryDelay: "100ms" })();
         dag.task("hopeless", async () => { throw new Error("always"); }, { retries: 1, retryDelay: "100ms" })();`,
      );
      await expectRun(harness, run, "failed", 30_000 + extraStartMs);
      assert.equal(await harness.getXCom(run.task("flaky")), 3);
      assert.deepEqual(
        (await harness.listAttempts(run.task("flaky"))).map((one) => one.tryNumber),
        [1, 2, 3],
      );
      assert.equal((await harness.listAttempts(run.task("final"))).length, 1);
      assert.equal((await harness.listAttempts(run.task("hopeless"))).length, 2);
    },
  },
  {
    name: "skips a task that says so",
    timeoutMs: 30_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(harness, `dag.task("skip", async () => { throw new SkipTask("nothing to do"); }, { retries: 3 })();`);
      await expectRun(harness, run, "success", 20_000 + extraStartMs);
      assert.equal(await harness.getTaskState(run.task("skip")), "skipped");
      assert.equal((await harness.listAttempts(run.task("skip"))).length, 1);
    },
  },
  {
    name: "ends a task that runs longer than its execution timeout, also one that never looks up",
    timeoutMs: 60_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(
        harness,
        `dag.task("sleeper", async () => { await new Promise((resolve) => getContext().signal.addEventListener("abort", resolve)); }, { executionTimeout: "500ms" })();
         dag.task("busy", async () => { for (;;); }, { executionTimeout: "500ms" })();`,
      );
      await expectRun(harness, run, "failed", 45_000 + extraStartMs);
      for (const taskId of ["sleeper", "busy"]) await expectAttempts(harness, run.task(taskId), [{ tryNumber: 1, reason: "timeout" }]);
    },
  },
  {
    name: "notices a process that ends by itself, and one that runs out of memory",
    timeoutMs: 60_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(
        harness,
        `dag.task("exits", async () => { process.exit(3); })();
         dag.task("eats", async () => { const all: object[] = []; for (;;) all.push(new Array(10_000).fill({})); }, { memoryLimitMb: 100 })();`,
      );
      await expectRun(harness, run, "failed", 45_000 + extraStartMs);
      await expectAttempts(harness, run.task("exits"), [{ tryNumber: 1, reason: "exited" }]);
      await expectAttempts(harness, run.task("eats"), [{ tryNumber: 1, reason: "out_of_memory" }]);
    },
  },
  {
    name: "carries a big XCom from one task to the next",
    timeoutMs: 45_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(
        harness,
        `const big = dag.task("big", async () => "é".repeat(2_000_000));
         dag.task("measure", async ({ text }: { text: string }) => text.length)({ text: big() });`,
      );
      await expectRun(harness, run, "success", 30_000 + extraStartMs);
      assert.equal(await harness.getXCom(run.task("measure")), 2_000_000);
    },
  },
  {
    name: "survives a flood on stdout, and says what its log left out",
    timeoutMs: 90_000,
    async run(harness, { extraStartMs }) {
      const run = await begin(
        harness,
        `dag.task("flood", async () => { for (let i = 0; i < 100_000; i++) console.log("line " + i); return "done"; })();`,
      );
      await expectRun(harness, run, "success", 60_000 + extraStartMs);
      assert.equal(await harness.getXCom(run.task("flood")), "done");
      const lines = await harness.readLog(run.task("flood"), 1);
      const printed = lines.filter((line) => line.stream === "stdout").length;
      const dropped = lines.reduce(
        (sum, line) => sum + (line.stream === "system" ? Number(/^(\d+) lines dropped/u.exec(line.message)?.[1] ?? 0) : 0),
        0,
      );
      assert.equal(printed + dropped, 100_000);
    },
  },
  {
    name: "gives a task with isolation a process of its own",
    timeoutMs: 45_000,
    async run(harness, { extraStartMs }) {
      const count = `globalThis.seen = (globalThis.seen ?? 0) + 1; return globalThis.seen;`;
      const run = await begin(
        harness,
        `declare global { var seen: number | undefined; }
         const one = dag.task("one", async () => { ${count} }, { isolation: "process" });
         const two = dag.task("two", async () => { ${count} }, { isolation: "process" });
         const [a, b] = [one(), two()];
         a.before(b);`,
      );
      await expectRun(harness, run, "success", 30_000 + extraStartMs);
      assert.deepEqual([await harness.getXCom(run.task("one")), await harness.getXCom(run.task("two"))], [1, 1]);
    },
  },
];
