import { describe, expect, test } from "vitest";
import type { PeerAttempt } from "../src/testing/index.ts";
import { startHost, until } from "./host-fixture.ts";

const ALL = ["execute", "success", "failure", "retry", "skipped"] as const;
const TOLD = `
  const told = (event) => ({ task, error, reason, result }) => getContext().log.info("told " + JSON.stringify([event, task.taskId, error?.message ?? null, reason, result ?? null]));
  const all = { onExecute: told("execute"), onSuccess: told("success"), onFailure: told("failure"), onRetry: told("retry"), onSkipped: told("skipped") };`;

const told = (attempt: PeerAttempt): unknown[] =>
  attempt.lines.filter(({ message }) => message.startsWith("told ")).map(({ message }) => JSON.parse(message.slice(5)));

describe("task callbacks run in the attempt's process, after its outcome is known", () => {
  test("the one that fits the end; a failure with tries left calls retry", async () => {
    const { run } = await startHost(`${TOLD}
      dag.task("good", async () => 42, all)();
      dag.task("bad", async () => { throw new Error("boom"); }, all)();
      dag.task("hopeless", async () => { throw new FailTask("no key"); }, all)();
      dag.task("skip", async () => { throw new SkipTask("no rows"); }, all)();
      dag.task("wait", async () => { throw new RescheduleTask({ after: "1m" }); }, all)();`);
    const good = await run("good", { callbacks: [...ALL] });
    expect(good.finish).toMatchObject({ outcome: { kind: "success", result: "42" }, callbackRan: "success" });
    expect(told(good)).toEqual([
      ["execute", "good", null, null, null],
      ["success", "good", null, null, 42],
    ]);
    const retried = await run("bad", { callbacks: [...ALL], tryNumber: 1, maxTries: 1 });
    expect(retried.finish).toMatchObject({ outcome: { kind: "failed" }, callbackRan: "retry" });
    expect(told(retried).at(-1)).toEqual(["retry", "bad", "boom", null, null]);
    const last = await run("bad", { callbacks: [...ALL], tryNumber: 2, maxTries: 1 });
    expect(last.finish).toMatchObject({ callbackRan: "failure" });
    expect(told(last).at(-1)).toEqual(["failure", "bad", "boom", null, null]);
    expect((await run("hopeless", { callbacks: [...ALL], maxTries: 3 })).finish).toMatchObject({ callbackRan: "failure" });
    const skip = await run("skip", { callbacks: [...ALL] });
    expect(skip.finish).toMatchObject({ outcome: { kind: "skipped" }, callbackRan: "skipped" });
    expect(told(skip).at(-1)).toEqual(["skipped", "skip", null, "no rows", null]);
    const wait = await run("wait", { callbacks: [...ALL] });
    expect(wait.finish!.callbackRan).toBeUndefined();
    expect(told(wait).map((call) => (call as unknown[])[0])).toEqual(["execute"]);
  });

  test("what they throw is in the task's log and changes nothing; secrets in it are masked", async () => {
    const { peer, run } = await startHost(`
      dag.task("good", async () => 1, { onSuccess: async () => { throw new Error("mail to " + (await getClient().variables.get("api_token"))); } })();`);
    peer.variables.set("api_token", "s3cret-value");
    const attempt = await run("good", { callbacks: ["success"] });
    expect(attempt.finish).toMatchObject({ outcome: { kind: "success" }, callbackRan: "success" });
    const errors = attempt.lines.filter(({ level }) => level === "error").map(({ message }) => message);
    expect(errors[0]).toContain("mail to ***");
    expect(JSON.stringify(attempt.lines)).not.toContain("s3cret-value");
  });

  test("a timeout of the task calls failure or retry; the callback has its own time", async () => {
    const { run } = await startHost(`${TOLD}
      dag.task("slow", async () => { await new Promise((_, reject) => getContext().signal.addEventListener("abort", () => reject(new Error("aborted")))); }, all)();`);
    const attempt = await run("slow", { callbacks: [...ALL], executionTimeoutMs: 3_000, maxTries: 0 });
    expect(attempt.finish).toMatchObject({ outcome: { kind: "failed", failure: { reason: "timeout" } }, callbackRan: "failure" });
    expect(told(attempt).at(-1)).toMatchObject(["failure", "slow", expect.stringContaining("execution timeout"), null, null]);
  });

  test("a callback that takes the process with it leaves the outcome as it was, and is not told as run", async () => {
    const { run } = await startHost(`dag.task("good", async () => 7, { onSuccess: () => process.exit(3) })();`);
    const attempt = await run("good", { callbacks: ["success"] });
    expect(attempt.finish!.outcome).toEqual({ kind: "success", result: "7" });
    expect(attempt.finish!.callbackRan).toBeUndefined();
  });

  test("a callback that does not end is stopped, and counts as run", async () => {
    const { run } = await startHost(
      `dag.task("good", async () => 7, { onSuccess: () => new Promise((resolve) => setTimeout(resolve, 600_000)) })();`,
      {
        callbackTimeoutMs: 300,
      },
    );
    const attempt = await run("good", { callbacks: ["success"] });
    expect(attempt.finish).toMatchObject({ outcome: { kind: "success", result: "7" }, callbackRan: "success" });
    expect(attempt.lines.at(-1)!.message).toContain("The callback on success ran longer than");
  });

  test("not run for changes made by people: a cancelled attempt calls nothing", async () => {
    const { peer, deliver, host } = await startHost(`${TOLD}
      dag.task("slow", async () => { getContext().log.info("begun"); await new Promise((_, reject) => getContext().signal.addEventListener("abort", () => reject(new Error("aborted")))); }, all)();`);
    const attemptId = deliver("slow", { callbacks: [...ALL] });
    const attempt = peer.get(attemptId);
    await until(() => attempt.lines.some(({ message }) => message === "begun"), "the begin");
    host.cancel([{ attemptId, reason: "it was cleared" }]);
    await until(() => attempt.state === "ended", "the end");
    expect(attempt.finish).toMatchObject({ outcome: { kind: "failed", failure: { reason: "cancelled" } } });
    expect(told(attempt).map((call) => (call as unknown[])[0])).toEqual(["execute"]);
  });
});
