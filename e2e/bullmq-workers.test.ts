import { writeFileSync } from "node:fs";
import { createBullMqExecutor } from "@tradewind/executor-bullmq";
import { freePort, hasRedisServer, type Installation, type Program, until } from "@tradewind/testkit";
import { expect, onTestFinished, test } from "vitest";
import { makeBullMqInstallation } from "./bullmq-installation.ts";
import { dagSource, gateFile, readWitnesses } from "./dag-sources.ts";

const isSkipped = !hasRedisServer();

/** That leases run out is another test's subject, and a busy machine may be slow. */
const LONG_LEASES = { TRADEWIND__EXECUTION_API__LEASE_SECONDS: "45" };

/** So many tasks that take this long, and then bear witness. */
const work = (count: number, ms: number, what: string): string =>
  `for (let index = 0; index < ${count}; index += 1) dag.task(\`task\${index}\`, async () => { note("begin"); await pause(${ms}); note("${what}"); }, { retries: 3, retryDelay: 0 })();`;

/** Each task succeeded in its first try, which ran once. */
async function expectEachOnce({ facts, ...installation }: Installation, dagId: string, count: number, what: string): Promise<void> {
  const tries = await facts.tries(dagId);
  expect(tries).toHaveLength(count);
  expect(tries.filter((one) => one.state !== "success" || one.tryNumber !== 1)).toEqual([]);
  const ran = readWitnesses(installation).filter((one) => tries.some(({ attemptId }) => attemptId === one.attemptId));
  expect(ran.filter((one) => one.what === "begin")).toHaveLength(count);
  expect(ran.filter((one) => one.what === what)).toHaveLength(count);
  expect(await facts.leases()).toEqual([]);
}

async function deploy(installation: Installation, dagId: string, tasks: string): Promise<void> {
  const source = dagSource(installation, dagId, tasks);
  installation.saveDag(`${dagId}.ts`, source);
  await until(`the new version of ${dagId}`, () => installation.facts.isCurrent(`${dagId}.ts`, source));
}

test.skipIf(isSkipped)(
  "a new DAG version, and new workers one by one, while tasks of the old one run: each finishes on the code it began with",
  async () => {
    const { installation, startWorker } = await makeBullMqInstallation({ concurrency: 8, env: LONG_LEASES });
    const { facts, rest } = installation;
    await deploy(installation, "rolling", work(100, 400, "old"));
    const workers = await Promise.all(["a1", "b1"].map((name) => startWorker(name)));
    const oldRun = await rest.trigger("rolling");
    await until("tasks of the old version to be at work", () => readWitnesses(installation).length >= 16);
    await deploy(installation, "rolling", work(100, 50, "new"));
    const newRun = await rest.trigger("rolling");
    for (const [index, worker] of workers.entries()) {
      await startWorker(`${"ab"[index]}2`);
      await worker.end("SIGTERM");
      expect(worker.ending()).toBe("code 0");
    }
    expect(await installation.untilRunsEnded("rolling", 2, 60_000)).toEqual({ success: 2 });
    const done = readWitnesses(installation).filter((one) => one.what !== "begin");
    expect(done).toHaveLength(200);
    expect(done.filter((one) => (one.what === "old") !== (one.runId === oldRun) || (one.what === "new") !== (one.runId === newRun))).toEqual([]);
    expect((await facts.tries("rolling")).filter((one) => one.tryNumber > 1)).toEqual([]);
  },
);

test.skipIf(isSkipped)("workers go from none to four and back to none under load: what waited waits, what ran ends, nothing is lost", async () => {
  const { installation, startWorker } = await makeBullMqInstallation({ concurrency: 4, env: LONG_LEASES });
  const { facts, rest } = installation;
  const count = 120;
  await deploy(installation, "scaled", work(count, 500, "end"));
  await rest.trigger("scaled");
  await until("all tasks to wait for a worker", async () => (await facts.leases()).filter(({ state }) => state === "queued").length === count);
  const four = await Promise.all(["w1", "w2", "w3", "w4"].map((name) => startWorker(name)));
  await until("a third of the tasks to have ended", async () => (await facts.countEnded("scaled")) >= count / 3);
  await Promise.all(four.map((worker) => worker.end("SIGTERM")));
  expect(four.map((worker) => worker.ending())).toEqual(["code 0", "code 0", "code 0", "code 0"]);
  const left = await facts.leases();
  expect(left.filter(({ state }) => state === "running")).toEqual([]);
  expect(left).toHaveLength(count - (await facts.countEnded("scaled")));
  expect(left.length).toBeGreaterThan(0);
  await startWorker("w5");
  expect(await installation.untilRunsEnded("scaled", 1, 60_000)).toEqual({ success: 1 });
  await expectEachOnce(installation, "scaled", count, "end");
});

test.skipIf(isSkipped)(
  "an attempt that was given straight to a slot is not run by a job as well: whoever gets the job is refused, and drops it",
  async () => {
    const { installation, redis, startWorker } = await makeBullMqInstallation({ concurrency: 2 });
    const { facts, rest } = installation;
    await deploy(
      installation,
      "direct",
      `const first = dag.task("first", async () => note("begin"))();
first.before(dag.task("second", async () => { note("begin"); await gate("end"); }, { retries: 3, retryDelay: 0 })());`,
    );
    await Promise.all([startWorker("one"), startWorker("two")]);
    const runId = await rest.trigger("direct");
    await begun(installation, 2);
    const second = (await facts.tries("direct")).find((one) => one.taskId === "second")!;
    // Dispatched and begun by one statement, without a job.
    expect(second.startedAt).toEqual(second.queuedAt);

    const executor = createBullMqExecutor({ redis: { url: redis.url } });
    onTestFinished(() => executor.stop({ drain: false, timeoutMs: 0 }));
    const quiet = (): void => undefined;
    const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    await executor.start({ onEvent: quiet, logger, executionApiUrl: "", issueHostToken: async () => "" });
    const ids = { dagId: "direct", runId, taskId: "second", mapIndex: -1, tryNumber: 1, taskInstanceId: 1, attemptId: second.attemptId! };
    const command = { ...ids, executor: "bullmq", queue: "default", priorityWeight: 1, bundleSha256: "0".repeat(64) };
    // As often as there are workers and more: also the one that runs it is asked.
    for (let times = 0; times < 6; times++) {
      await executor.submit([command]);
      await until("the job to be dropped", async () => (await executor.findMissing!([command])).length === 1);
    }
    writeFileSync(gateFile(installation, "end"), "");
    expect(await installation.untilRunsEnded("direct", 1, 20_000)).toEqual({ success: 1 });
    expect(readWitnesses(installation).map((one) => one.taskId)).toEqual(["first", "second"]);
    expect((await facts.tries("direct")).map((one) => [one.tryNumber, one.state])).toEqual([
      [1, "success"],
      [1, "success"],
    ]);
  },
);

async function begun(installation: Installation, count: number): Promise<void> {
  await until(`${count} tasks at work`, () => readWitnesses(installation).filter((one) => one.what === "begin").length >= count);
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test.skipIf(isSkipped)("a worker that is stopped waits for what runs, no longer than its bound, and then hands it over at once", async () => {
  const { installation, startWorker } = await makeBullMqInstallation({ concurrency: 4, env: { TRADEWIND__WORKER__DRAIN_SECONDS: "1" } });
  const { facts, rest } = installation;
  await deploy(installation, "endless", work(4, 600_000, "end").replace("await pause", "if (getContext().attempt.tryNumber === 1) await pause"));
  const first = await startWorker("first");
  await rest.trigger("endless");
  await begun(installation, 4);
  await startWorker("second");
  const stoppedAt = performance.now();
  await first.end("SIGTERM");
  expect(first.ending()).toBe("code 0");
  expect(await installation.untilRunsEnded("endless", 1, 20_000)).toEqual({ success: 1 });
  // Had nobody been told, the leases would have had to run out: ten seconds after the last renewal.
  expect(performance.now() - stoppedAt).toBeLessThan(9_000);
  const tries = await facts.tries("endless");
  expect(tries.filter((one) => !one.isCurrent).map((one) => one.reason)).toEqual(["lost", "lost", "lost", "lost"]);
  expect(await facts.leases()).toEqual([]);
});

test.skipIf(isSkipped)("a worker that is asked twice to stop ends at once, and takes its tasks' processes with it", async () => {
  const { installation, startWorker } = await makeBullMqInstallation({ concurrency: 2, env: { TRADEWIND__WORKER__DRAIN_SECONDS: "600" } });
  await deploy(installation, "stuck", `for (const name of ["a", "b"]) dag.task(name, async () => { note("begin"); for (;;); })();`);
  const worker: Program = await startWorker("impatient");
  await installation.rest.trigger("stuck");
  await begun(installation, 2);
  const children = readWitnesses(installation).map((one) => one.pid);
  process.kill(worker.pid, "SIGTERM");
  await worker.printed("draining: 2 tasks");
  // The same request may come twice within half a second, from a terminal and from npm.
  await new Promise((resolve) => setTimeout(resolve, 700));
  process.kill(worker.pid, "SIGTERM");
  await until("the end of the worker", () => !worker.isRunning(), 10_000);
  expect(worker.ending()).toBe("code 143");
  await until("the end of its tasks' processes", () => children.every((pid) => !isAlive(pid)), 10_000);
});

test.skipIf(isSkipped)("a worker says whether it is well: not ready without Redis, though alive, and not ready while it drains", async () => {
  const { installation, redis, startWorker } = await makeBullMqInstallation({ concurrency: 2 });
  await deploy(installation, "short", `dag.task("a", async () => { note("begin"); await gate("end"); })();`);
  const port = await freePort();
  const worker = await startWorker("asked", "--health-port", String(port), "--queues", "default,gpu");
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`);
    return { status: response.status, body: (await response.json()) as { problems: string[]; queues: string[]; slots: number } };
  };
  expect(await ask("livez")).toMatchObject({ status: 200, body: { problems: [], queues: ["default", "gpu"], slots: 2 } });
  expect(await ask("readyz")).toMatchObject({ status: 200, body: { problems: [] } });
  await redis.stop();
  await until("the worker to be unready", async () => (await ask("readyz")).status === 503, 40_000);
  expect((await ask("readyz")).body.problems.join()).toContain("Redis has been away");
  expect((await ask("livez")).status).toBe(200);
  await redis.restart();
  await until("the worker to be ready", async () => (await ask("readyz")).status === 200);
  await installation.rest.trigger("short");
  await begun(installation, 1);
  process.kill(worker.pid, "SIGTERM");
  await until("the worker to be unready", async () => (await ask("readyz")).body.problems.includes("it is draining"));
  expect((await ask("livez")).status).toBe(200);
  writeFileSync(gateFile(installation, "end"), "");
  expect(await installation.untilRunsEnded("short", 1, 20_000)).toEqual({ success: 1 });
});
