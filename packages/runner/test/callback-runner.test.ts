import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AttemptApiClient } from "@tradewind/contract/client";
import { expect, onTestFinished, test } from "vitest";
import { type CallbackJob, CallbackRunner } from "../src/index.ts";

const context: CallbackJob["context"] = {
  ...{ dagId: "d", runId: "manual__1", runType: "manual", taskId: "t", mapIndex: -1, tryNumber: 2, maxTries: 1, attemptId: "" },
  ...{ logicalDate: null, dataIntervalStart: null, dataIntervalEnd: null, runAfter: "2026-01-01T00:00:00Z", runStartedAt: null },
  ...{ conf: {}, params: {}, dagVersion: 1 },
};

/** A runner over one bundle, whose DAG file has this body. */
async function makeRunner(body: string) {
  const code = `import { Dag, getClient, getContext } from "tradewind";\n${body}\n`;
  const bundleSha256 = createHash("sha256").update(code).digest("hex");
  const stateDir = await mkdtemp(join(tmpdir(), "tradewind-callbacks-"));
  const runner = new CallbackRunner({ stateDir, download: async () => Buffer.from(code) });
  onTestFinished(async () => {
    runner.stop();
    await rm(stateDir, { recursive: true, force: true });
  });
  const api = { getVariable: async (key: string) => ({ found: true, value: `secret of ${key}` }) } as Partial<AttemptApiClient> as AttemptApiClient;
  const run = (event: CallbackJob["event"], fields: Partial<CallbackJob> = {}) =>
    runner.run({ bundleSha256, resolveFrom: [import.meta.dirname], context, event, api, timeoutMs: 20_000, ...fields });
  return { run, stateDir, runner };
}

const failed = { scope: "task", callback: "failure", only: null, reason: null, failure: { message: "lost" }, result: null } as const;
const ended = { scope: "dag", callback: "failure", only: null, reason: "timed_out", task: { taskId: "t", mapIndex: -1, state: "skipped" } } as const;

test("callbacks of tasks and DAGs get their context and what they ask for; secrets are masked in what is kept", async () => {
  const { run } = await makeRunner(`
    const tell = (what) => async (it) => {
      console.log(what, it.level, it.event, it.reason, it.error?.message, it.task?.taskId);
      getContext().log.warn(await getClient().variables.get("api_token"));
    };
    export const dag = new Dag("d", { onFailure: tell("dag") });
    dag.task("t", async () => 1, { onFailure: tell("task") })();`);
  const ofTask = await run(failed);
  expect(ofTask.problem).toBeNull();
  expect(ofTask.output).toContain("task task failure null lost t");
  expect(ofTask.output).toContain("WARN ***");
  const ofDag = await run(ended);
  expect(ofDag).toMatchObject({ problem: null, output: expect.stringContaining("dag dag failure timed_out undefined t") });
});

test("each of several is called whatever the others do; only what failed is called again", async () => {
  const { run } = await makeRunner(`
    export const dag = new Dag("d", { onFailure: [() => console.log("one"), function pager() { throw new Error("no pager"); }, () => console.log("three")] });`);
  const first = await run(ended);
  expect(first.problem).toEqual({ message: expect.stringContaining('onFailure "pager": no pager'), failedCalls: [1] });
  expect(first.output).toMatch(/one[^]*three/);
  const again = await run({ ...ended, only: [1] });
  expect(again.problem!.failedCalls).toEqual([1]);
  expect(again.output).not.toContain("one");
});

test("one that hangs is stopped, one that takes its process along is told of, a bundle that does not load as well; no process is left", async () => {
  const { run, stateDir } = await makeRunner(`
    export const dag = new Dag("d", { onFailure: () => new Promise((resolve) => setTimeout(resolve, 600_000)), onSuccess: () => { console.error("last words"); process.exit(7); } });`);
  expect((await run(ended, { timeoutMs: 1_500 })).problem).toEqual({
    message: expect.stringMatching(/ran longer than .* and was stopped/),
    failedCalls: null,
  });
  const died = await run({ ...ended, callback: "success" });
  expect(died.problem!.message).toContain("exited with code 7");
  expect(died.output).toContain("last words");
  expect((await run(ended, { context: { ...context, dagId: "other" } })).problem!.message).toContain('no DAG "other"');
  expect(await readdir(stateDir)).toContain("bundles");
  const broken = await makeRunner(`throw new Error("does not load");`);
  expect((await broken.run(ended)).problem!.message).toContain("does not load");
});
