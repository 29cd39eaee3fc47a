import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createExecutionApiClient } from "@tradewind/contract/client";
import { RunnerHost } from "../src/index.ts";
import { isAlive, startHost, until } from "./host-fixture.ts";

describe("leases", () => {
  test("a child whose lease can't be renewed is killed before the lease ends", async () => {
    const { peer, deliver } = await startHost(
      `dag.task("hang", async () => { console.log("pid", process.pid); await new Promise((r) => setTimeout(r, 60_000)); })();`,
      { leaseMs: 1_500 },
    );
    const attemptId = deliver("hang");
    await until(() => peer.text(attemptId).includes("pid"), "the pid");
    const pid = Number(/pid (\d+)/u.exec(peer.text(attemptId))![1]);
    peer.refuseWith = { status: 503, routes: ["heartbeat"] };
    await until(() => !isAlive(pid), "the end of the child");
    expect(performance.now()).toBeLessThan(peer.get(attemptId).leaseEndsAt);
    expect(peer.get(attemptId).finishes).toBe(0);
  });

  test("leases are renewed for as long as a task runs, and its token with them", async () => {
    const { peer, run } = await startHost(
      `dag.task("long", async () => { await new Promise((r) => setTimeout(r, 1_800)); return getClient().variables.get("late"); })();`,
      { leaseMs: 600 },
    );
    peer.variables.set("late", "there");
    expect((await run("long")).finish!.outcome).toEqual({ kind: "success", result: '"there"' });
  });

  test("an attempt that the server does not renew is stopped and reports nothing", async () => {
    const { peer, host, deliver } = await startHost(
      `dag.task("hang", async () => { await new Promise((r) => getContext().signal.addEventListener("abort", () => setTimeout(r, 10))); return "late"; })();`,
    );
    const attemptId = deliver("hang");
    await until(() => peer.get(attemptId).state === "running", "the start");
    peer.get(attemptId).state = "ended";
    await host.empty();
    expect(peer.get(attemptId).finishes).toBe(0);
  });

  test("a finish that can't be delivered is delivered later, and its lease lives on", async () => {
    const { peer, deliver } = await startHost(`dag.task("short", async () => { await new Promise((r) => setTimeout(r, 100)); return 1; })();`, {
      leaseMs: 800,
    });
    const attemptId = deliver("short");
    await until(() => peer.get(attemptId).state === "running", "the start");
    peer.refuseWith = { status: 503, routes: ["exchange"] };
    await sleep(1_500);
    peer.refuseWith = null;
    await until(() => peer.get(attemptId).finish !== null, "the finish");
    expect(peer.get(attemptId).finish!.outcome).toEqual({ kind: "success", result: "1" });
  });
});

test("a fault of the server is not taken for its opinion: the finish is repeated", async () => {
  const { peer, deliver } = await startHost(`dag.task("one", async () => { await new Promise((r) => setTimeout(r, 200)); return 1; })();`);
  const attemptId = deliver("one");
  await until(() => peer.get(attemptId).state === "running", "the start");
  const before = peer.requests.get("exchange")!;
  peer.refuseWith = { status: 500, routes: ["exchange"] };
  await until(() => peer.requests.get("exchange")! >= before + 3, "repetitions");
  peer.refuseWith = null;
  await until(() => peer.get(attemptId).finish !== null, "the finish");
  expect(peer.get(attemptId).finish!.outcome).toEqual({ kind: "success", result: "1" });
});

describe("an answer that is lost", () => {
  const tasks = `
    dag.task("one", async () => 1)();
    dag.task("two", async () => 2)();
    dag.task("long", async () => { await new Promise((r) => setTimeout(r, 60_000)); })();`;

  test("what was granted in it is run, once", async () => {
    const { peer, deliver } = await startHost(tasks);
    const sha256 = [...peer.bundles.keys()][0]!;
    const two = peer.addAttempt({ dagId: "d", taskId: "two", bundleSha256: sha256 });
    const first = deliver("one");
    await until(() => peer.get(first).state === "running", "the start");
    peer.ready.push(two.attemptId);
    peer.answersToLose = 1;
    await until(() => peer.get(two.attemptId).state === "ended", "the end of the second");
    expect(peer.get(two.attemptId).finish!.outcome).toEqual({ kind: "success", result: "2" });
    expect(peer.get(two.attemptId).finishes).toBe(1);
    expect(peer.known).toEqual([[first]]);
  });

  test("what this host has killed because its lease was ending is not taken for such", async () => {
    const { peer, deliver } = await startHost(tasks, { leaseMs: 1_000 });
    const long = deliver("long");
    await until(() => peer.get(long).state === "running", "the start");
    peer.refuseWith = { status: 503, routes: ["heartbeat"] };
    await until(() => JSON.stringify(peer.get(long).lines).includes("could not be renewed in time"), "the end of the lease");
    peer.refuseWith = null;
    const one = deliver("one");
    await until(() => peer.get(one).state === "running", "the start");
    peer.answersToLose = 1;
    await until(() => peer.known.length > 0, "the repetition");
    expect(peer.known[0]).toContain(long);
  });
});

describe("stopping", () => {
  const stubborn = `
    import { spawn } from "node:child_process";
    dag.task("stubborn", async () => {
      process.on("SIGTERM", () => console.log("ignored SIGTERM"));
      const child = spawn("sleep", ["60"]);
      console.log("child", child.pid);
      getContext().signal.addEventListener("abort", () => console.log("ignored the signal"));
      await new Promise((r) => setTimeout(r, 60_000));
    })();
    dag.task("polite", async () => { await new Promise((resolve) => getContext().signal.addEventListener("abort", resolve)); return "tidied up"; })();
    dag.task("busy", async () => { for (;;); })();
    dag.task("quick", async () => 1)();`;

  test("a timeout goes from the signal over SIGTERM to SIGKILL, and takes what the task started with it", async () => {
    const { peer, run } = await startHost(stubborn);
    // So that a process with the bundle is there, and the time limit meets the handler itself.
    await run("quick");
    const attempt = await run("stubborn", { executionTimeoutMs: 400 });
    expect(attempt.finish!.outcome).toMatchObject({
      kind: "failed",
      retryable: true,
      failure: { reason: "timeout", message: "The task ran longer than its execution timeout of 400ms." },
    });
    const text = peer.text(attempt.command.attemptId);
    expect(text.indexOf("ignored the signal")).toBeGreaterThan(0);
    expect(text.indexOf("ignored SIGTERM")).toBeGreaterThan(text.indexOf("ignored the signal"));
    const started = Number(/child (\d+)/u.exec(text)![1]);
    await until(() => !isAlive(started), "the end of the program that the task started");
  });

  test("a task that listens to the signal ends early; it is a timeout all the same", async () => {
    const { run } = await startHost(stubborn, { stopLadder: { abortGraceMs: 60_000, termGraceMs: 60_000 } });
    expect((await run("polite", { executionTimeoutMs: 200 })).finish!.outcome).toMatchObject({ failure: { reason: "timeout" } });
  });

  test("an endless loop is stopped too", async () => {
    const { run } = await startHost(stubborn);
    expect((await run("busy", { executionTimeoutMs: 200 })).finish!.outcome).toMatchObject({ failure: { reason: "timeout" } });
  });

  test("cancel: the log says why, and the server hears when the process is done: until then the slots are taken", async () => {
    const { peer, host, deliver } = await startHost(stubborn);
    const attemptId = deliver("polite");
    await until(() => peer.get(attemptId).state === "running", "the start");
    host.cancel([{ attemptId, reason: "Cleared by Ada." }]);
    await host.empty();
    await until(() => peer.get(attemptId).logClosed, "the log");
    expect(peer.text(attemptId)).toContain("Cleared by Ada.");
    expect(peer.get(attemptId).finish!.outcome).toMatchObject({ kind: "failed", failure: { reason: "cancelled", message: "Cleared by Ada." } });
  });

  test("cancel while a lease is being asked for: it ends as soon as it is granted, and nothing of it has run", async () => {
    const [asking, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { peer, host, deliver } = await startHost(stubborn, {
      pausePoint: (name) => (name === "before_start_request" ? (asking.resolve(), goOn.promise) : Promise.resolve()),
    });
    const attemptId = deliver("stubborn");
    await asking.promise;
    host.cancel([{ attemptId, reason: "Cleared by Ada." }]);
    goOn.resolve();
    await host.empty();
    expect(peer.get(attemptId).finish!.outcome).toMatchObject({ kind: "failed", failure: { reason: "cancelled", message: "Cleared by Ada." } });
    await until(() => peer.get(attemptId).logClosed, "the log");
    expect(peer.text(attemptId)).not.toContain("child");
  });

  test("the answer to a heartbeat stops an attempt", async () => {
    const { peer, host, deliver } = await startHost(stubborn);
    const attemptId = deliver("polite");
    await until(() => peer.get(attemptId).state === "running", "the start");
    peer.stops.set(attemptId, "The run timed out.");
    await host.empty();
    await until(() => peer.text(attemptId).includes("The run timed out."), "the reason");
    expect(peer.get(attemptId).finishes).toBe(1);
  });

  test("a host that stops without draining gives its attempts back as lost", async () => {
    const { peer, host, deliver } = await startHost(stubborn);
    const attemptId = deliver("stubborn");
    await until(() => peer.text(attemptId).includes("child"), "the start");
    await host.stop({ drain: false, timeoutMs: 0 });
    expect(peer.get(attemptId).finish!.outcome).toMatchObject({ kind: "failed", retryable: true, failure: { reason: "lost" } });
  });

  test("what was granted and has not begun goes on elsewhere as the same try", async () => {
    const { peer, host, deliver } = await startHost(stubborn, {
      pausePoint: (name) => (name === "before_child_start" ? new Promise(() => undefined) : Promise.resolve()),
    });
    const attemptId = deliver("stubborn");
    await until(() => peer.get(attemptId).state === "running", "the grant");
    await host.stop({ drain: false, timeoutMs: 0 });
    expect(peer.get(attemptId).finish!.outcome).toMatchObject({ kind: "reschedule", resumeAfterMs: 0 });
  });

  test("a host that drains lets them end, and takes nothing new", async () => {
    const { peer, host, deliver } = await startHost(`dag.task("short", async () => { await new Promise((r) => setTimeout(r, 300)); return 1; })();`);
    const attemptId = deliver("short");
    await until(() => peer.get(attemptId).state === "running", "the start");
    const stopped = host.stop({ drain: true, timeoutMs: 10_000 });
    const late = deliver("short");
    await stopped;
    expect(peer.get(attemptId).finish!.outcome).toEqual({ kind: "success", result: "1" });
    expect(peer.get(late).state).toBe("queued");
  });
});

describe("what people want of a host", () => {
  test("drained, it begins nothing, lets tasks end, and goes on when they say so", async () => {
    const { peer, host, deliver } = await startHost(
      `dag.task("gate", async () => { while (!(await getClient().variables.get("open", { default: null }))) await new Promise((r) => setTimeout(r, 20)); return 1; })();`,
    );
    const first = deliver("gate");
    await until(() => peer.get(first).state === "running", "the start");
    peer.wanted = "drain";
    await until(() => host.state() === "draining", "the wish");
    const second = deliver("gate");
    expect([host.room(), host.load()]).toEqual([0, { slots: 2, waiting: 1, running: 1, isPaused: true, isCutOff: false }]);
    const { command, grant } = peer.get(first);
    peer.ready.push(peer.addAttempt({ dagId: "d", taskId: "gate", bundleSha256: command.bundleSha256, resolveFrom: grant.resolveFrom }).attemptId);
    peer.variables.set("open", "1");
    await until(() => peer.hostStates.at(-1) === "drained", "the end of what ran");
    expect(peer.get(first).finish!.outcome).toEqual({ kind: "success", result: "1" });
    expect([peer.get(second).state, peer.get(peer.ready[0]!).state]).toEqual(["queued", "queued"]);
    peer.wanted = "run";
    await until(() => peer.get(second).state === "ended", "the task that waited");
    await until(() => peer.hostStates.at(-1) === "running", "the news");
    await host.stop({ drain: true, timeoutMs: 1_000 });
    expect(peer.hostStates.slice(0, 4)).toEqual(["running", "draining", "drained", "running"]);
    expect(peer.hostStates.at(-1)).toBe("stopped");
  });
});

describe("memory", () => {
  test("a JavaScript heap that grows without end is out of memory", async () => {
    const { run } = await startHost(`dag.task("eat", async () => { const all = []; for (;;) all.push(new Array(10_000).fill({})); })();`);
    const attempt = await run("eat", { memoryLimitMb: 80 });
    expect(attempt.finish!.outcome).toMatchObject({
      kind: "failed",
      retryable: true,
      failure: { reason: "out_of_memory", message: expect.stringContaining("its limit is 80 MB") },
    });
  });

  test("memory outside of the heap counts too", async () => {
    const { run } = await startHost(
      `dag.task("eat", async () => { const all = []; for (;;) { all.push(Buffer.alloc(4_000_000, 1)); await new Promise((r) => setTimeout(r, 5)); } })();`,
    );
    const attempt = await run("eat", { memoryLimitMb: 200 });
    expect(attempt.finish!.outcome).toMatchObject({
      failure: { reason: "out_of_memory", message: expect.stringMatching(/used \d+ MB; its limit is 200 MB/u) },
    });
  });
});

test("a new host on the same folder ends processes that a killed one left behind", async () => {
  const { peer, baseUrl, stateDir, deliver } = await startHost(
    `dag.task("busy", async () => { console.log("pid", process.pid); await new Promise((r) => setTimeout(r, 20)); for (;;); })();`,
  );
  const attemptId = deliver("busy");
  await until(() => peer.text(attemptId).includes("pid"), "the pid");
  const pid = Number(/pid (\d+)/u.exec(peer.text(attemptId))![1]);
  const quiet = () => undefined;
  const second = new RunnerHost({
    hostId: "host-2",
    executor: "local",
    hostname: "test",
    version: "0.0.0",
    client: createExecutionApiClient({ baseUrl: baseUrl, hostToken: peer.hostToken }),
    slots: 1,
    queues: null,
    stateDir,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  expect(isAlive(pid)).toBe(true);
  await second.start();
  await until(() => !isAlive(pid), "the end of the process left behind");
  await second.stop({ drain: false, timeoutMs: 0 });
});
