import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { type HostFixture, isAlive, startHost, until } from "./host-fixture.ts";

/** Writes a line every few milliseconds, and ends when it is told to. With a process of its own beside it, which does the same. */
const TASKS = `
  import { appendFileSync, existsSync } from "node:fs";
  import { spawn } from "node:child_process";
  const pause = (ms) => new Promise((r) => setTimeout(r, ms));
  dag.task("count", async ({ folder }) => {
    const beside = spawn("sh", ["-c", 'while :; do echo x >> "$0/beside"; sleep 0.02; done', folder]);
    appendFileSync(folder + "/pid", String(process.pid));
    while (!existsSync(folder + "/end")) { appendFileSync(folder + "/lines", "x\\n"); await pause(5); }
    beside.kill("SIGKILL");
    return "counted";
  })({ folder: "" });
  dag.task("quick", async () => 1)();
const mark = (folder, file, text) => appendFileSync(folder + "/" + file, text + " ");
  dag.task("late", async ({ folder }) => mark(folder, "late", "begun"))({ folder: "" });
  dag.task("called", async ({ folder }) => { globalThis.folder = folder; return 1; }, {
    onSuccess: async () => { mark(globalThis.folder, "callback", "begun"); for (let i = 0; i < 120; i++) await pause(20); mark(globalThis.folder, "callback", "ended"); },
  })({ folder: "" });
  dag.task("asking", async ({ folder }) => { mark(folder, "asking", "begun"); return getClient().variables.get("v"); })({ folder: "" });
  dag.task("polite", async ({ folder }) => {
    mark(folder, "polite", "begun");
    await new Promise((resolve) => getContext().signal.addEventListener("abort", resolve));
    for (;;) await pause(50);
  })({ folder: "" });`;

const LEASE_MS = 1_200;
const STANDS_STILL = "the task stands still";

const written = (folder: string, file = "lines"): number => {
  try {
    return readFileSync(join(folder, file), "utf8").length;
  } catch {
    return 0;
  }
};

function textOf({ peer }: HostFixture, attemptId: string): string {
  return JSON.stringify(peer.get(attemptId).lines);
}

/** Heartbeats are refused until the task stands still, and logs are not. */
async function holdCount(fixture: HostFixture): Promise<string> {
  const { peer, deliver, stateDir } = fixture;
  const attemptId = deliver("count", { inputs: { folder: stateDir } });
  await until(() => written(stateDir) > 0 && written(stateDir, "beside") > 0, "the task to be at work");
  peer.refuseWith = { status: 503, routes: ["heartbeat"] };
  await until(() => textOf(fixture, attemptId).includes(STANDS_STILL), "the end of the lease");
  return attemptId;
}

const pidOf = ({ stateDir }: HostFixture): number => Number(readFileSync(join(stateDir, "pid"), "utf8"));
const stateOf = (pid: number): string => readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /su, "")[0]!;

test("an attempt whose lease cannot be renewed stands still with all it has started, and goes on when it can be", async () => {
  const fixture = await startHost(TASKS, { leaseMs: LEASE_MS, holdMs: 60_000 });
  const { peer, stateDir } = fixture;
  peer.nobodyTakesOver = true;
  const attemptId = await holdCount(fixture);
  await until(() => stateOf(pidOf(fixture)) === "T", "the process to be stopped");
  const before = [written(stateDir), written(stateDir, "beside")];
  await sleep(2 * LEASE_MS);
  expect([written(stateDir), written(stateDir, "beside")]).toEqual(before);

  peer.refuseWith = null;
  await until(() => written(stateDir) > before[0]! && written(stateDir, "beside") > before[1]!, "the task to go on");
  await until(() => /stood still for \d+\.\d s and goes on/u.test(textOf(fixture, attemptId)), "word of it in the log");
  writeFileSync(join(stateDir, "end"), "");
  await until(() => peer.get(attemptId).state === "ended", "the end");
  expect(peer.get(attemptId).finish!.outcome).toEqual({ kind: "success", result: '"counted"' });
  // Its lease is watched as before.
  const next = await fixture.run("quick");
  expect(next.finish!.outcome).toEqual({ kind: "success", result: "1" });
});

test("one that was given to another meanwhile is killed, having done nothing", async () => {
  const fixture = await startHost(TASKS, { leaseMs: LEASE_MS, holdMs: 60_000 });
  const { peer, stateDir } = fixture;
  const attemptId = await holdCount(fixture);
  await until(() => stateOf(pidOf(fixture)) === "T", "the process to be stopped");
  const before = written(stateDir);
  await until(() => peer.get(attemptId).leaseEndsAt < performance.now(), "the end of its lease at the server");
  peer.refuseWith = null;
  await until(() => !isAlive(pidOf(fixture)), "the end of its process");
  expect(written(stateDir)).toBe(before);
  expect(peer.get(attemptId).finish).toBeNull();
  expect(await fixture.run("quick")).toMatchObject({ state: "ended" });
});

test("one that stands still for too long is killed", async () => {
  const fixture = await startHost(TASKS, { leaseMs: LEASE_MS, holdMs: 700 });
  fixture.peer.nobodyTakesOver = true;
  const attemptId = await holdCount(fixture);
  await until(() => textOf(fixture, attemptId).includes("could not be renewed in time; the task's process is killed"), "the end of its time");
  await until(() => !isAlive(pidOf(fixture)), "the end of its process");
  fixture.peer.refuseWith = null;
  expect(fixture.host.list()).toEqual({ waiting: [], running: [] });
  expect(fixture.peer.get(attemptId).finish).toBeNull();
});

test("one that is to stop while it stands still is killed, and that is reported", async () => {
  const fixture = await startHost(TASKS, { leaseMs: LEASE_MS, holdMs: 60_000 });
  const { peer } = fixture;
  peer.nobodyTakesOver = true;
  const attemptId = await holdCount(fixture);
  peer.stops.set(attemptId, "marked as failed by ann");
  peer.refuseWith = null;
  await until(() => peer.get(attemptId).finish !== null, "the report");
  expect(peer.get(attemptId).finish!.outcome).toMatchObject({ failure: { reason: "cancelled", message: "marked as failed by ann" } });
  expect(isAlive(pidOf(fixture))).toBe(false);
});

test("a host that ends kills what stands still", async () => {
  const fixture = await startHost(TASKS, { leaseMs: LEASE_MS, holdMs: 60_000 });
  await holdCount(fixture);
  const pid = pidOf(fixture);
  await fixture.host.stop({ drain: false, timeoutMs: 0 });
  expect(isAlive(pid)).toBe(false);
});

test("what waits for a process does not get one while its lease is not renewed, and does afterwards", async () => {
  const fixture = await startHost(TASKS, { leaseMs: LEASE_MS, holdMs: 60_000, slots: 1, childPolicy: { overflowAfterMs: 60_000 } });
  const { peer, host, deliver, stateDir } = fixture;
  peer.nobodyTakesOver = true;
  const count = deliver("count", { inputs: { folder: stateDir } });
  await until(() => written(stateDir) > 0, "the task to be at work");
  // Begun by the server without being asked for: it waits here, with a lease.
  const sha256 = [...peer.bundles.keys()][0]!;
  const command = peer.addAttempt({ dagId: "d", taskId: "quick", bundleSha256: sha256 });
  const quick = command.attemptId;
  host.begin([peer.begin(command)], performance.now());
  peer.refuseWith = { status: 503, routes: ["heartbeat", "exchange"] };
  await until(() => textOf(fixture, quick).includes(STANDS_STILL) && textOf(fixture, count).includes(STANDS_STILL), "the ends of their leases");
  expect(peer.get(quick).state).toBe("running");
  peer.refuseWith = null;
  writeFileSync(join(stateDir, "end"), "");
  await until(() => peer.get(count).state === "ended" && peer.get(quick).state === "ended", "both ends");
  expect(peer.get(quick).finish!.outcome).toEqual({ kind: "success", result: "1" });
});

test("the time in which it stands still is not its own: a callback that is at work is not cut short", async () => {
  const fixture = await startHost(TASKS, { leaseMs: LEASE_MS, holdMs: 60_000, callbackTimeoutMs: 5_000 });
  const { peer, deliver, stateDir } = fixture;
  peer.nobodyTakesOver = true;
  const attemptId = deliver("called", { inputs: { folder: stateDir }, callbacks: ["success"] });
  await until(() => written(stateDir, "callback") > 0, "the callback");
  peer.refuseWith = { status: 503, routes: ["heartbeat"] };
  await until(() => textOf(fixture, attemptId).includes(STANDS_STILL), "the end of the lease");
  await sleep(5_000);
  peer.refuseWith = null;
  await until(() => peer.get(attemptId).state === "ended", "the end");
  expect(readFileSync(join(stateDir, "callback"), "utf8")).toBe("begun ended ");
  expect(peer.get(attemptId).finish).toMatchObject({ outcome: { kind: "success" }, callbackRan: "success" });
});

test("what it has asked for is not refused because its token ran out with its lease: it is asked for again when it goes on", async () => {
  const fixture = await startHost(TASKS, { leaseMs: LEASE_MS, holdMs: 60_000 });
  const { peer, host, deliver, stateDir } = fixture;
  peer.nobodyTakesOver = true;
  peer.variables.set("v", "found");
  peer.refuseWith = { status: 503, routes: ["heartbeat", "attempt"] };
  const asking = deliver("asking", { inputs: { folder: stateDir } });
  await until(() => written(stateDir, "asking") > 0, "the question");
  // Inputs that are fetched apart, for an attempt that has not begun.
  const command = peer.addAttempt({
    dagId: "d",
    taskId: "late",
    bundleSha256: [...peer.bundles.keys()][0]!,
    largeInputs: JSON.stringify({ folder: stateDir }),
  });
  host.begin([peer.begin(command)], performance.now());
  await until(() => [asking, command.attemptId].every((id) => textOf(fixture, id).includes(STANDS_STILL)), "the ends of the leases");
  const before = peer.requests.get("attempt") ?? 0;
  peer.refuseWith = { status: 401, routes: ["attempt", "heartbeat"] };
  await until(() => (peer.requests.get("attempt") ?? 0) >= before + 2, "both refusals");
  await sleep(300);
  peer.refuseWith = null;
  await until(() => peer.get(asking).state === "ended" && peer.get(command.attemptId).state === "ended", "both ends");
  expect(peer.get(asking).finish!.outcome).toEqual({ kind: "success", result: '"found"' });
  expect(peer.get(command.attemptId).finish!.outcome.kind).toBe("success");
});

test("a grant whose answer comes when its lease is over begins nothing", async () => {
  const fixture = await startHost(TASKS, { leaseMs: LEASE_MS, holdMs: 60_000 });
  const { peer, deliver, stateDir, run } = fixture;
  // So that there is a process that could begin it in the same moment.
  await run("quick");
  peer.answerTakesMs = 2 * LEASE_MS;
  const attemptId = deliver("late", { inputs: { folder: stateDir } });
  await until(() => textOf(fixture, attemptId).includes(STANDS_STILL), "the answer");
  await until(() => textOf(fixture, attemptId).includes("does not count"), "the word that it is another's");
  expect(written(stateDir, "late")).toBe(0);
});

test("one that is stopping already when its lease ends is killed, and how it ended is reported", async () => {
  const fixture = await startHost(TASKS, { leaseMs: LEASE_MS, holdMs: 60_000, stopLadder: { abortGraceMs: 30_000, termGraceMs: 30_000 } });
  const { peer, deliver, stateDir } = fixture;
  const attemptId = deliver("polite", { inputs: { folder: stateDir } });
  await until(() => written(stateDir, "polite") > 0, "the task to be at work");
  peer.stops.set(attemptId, "marked as failed by ann");
  await until(() => peer.get(attemptId).finishes > 0, "the report");
  expect(textOf(fixture, attemptId)).not.toContain(STANDS_STILL);
  expect(textOf(fixture, attemptId)).toContain("marked as failed by ann");
});

test("what a machine slept is taken off its leases, by the difference of its clocks", async () => {
  const fixture = await startHost(TASKS, { leaseMs: 30_000, holdMs: 60_000 });
  const { peer, deliver, stateDir } = fixture;
  const attemptId = deliver("count", { inputs: { folder: stateDir } });
  await until(() => written(stateDir) > 0, "the task to be at work");
  const real = Date.now;
  vi.spyOn(Date, "now").mockImplementation(() => real() + 3_600_000);
  await until(() => /stood still for \d+\.\d s and goes on/u.test(textOf(fixture, attemptId)), "a renewal before it goes on");
  writeFileSync(join(stateDir, "end"), "");
  await until(() => peer.get(attemptId).state === "ended", "the end");
  expect(peer.get(attemptId).finish!.outcome).toEqual({ kind: "success", result: '"counted"' });
});

test("a heartbeat that was under way when the machine fell asleep renews nothing: it is an answer from before", async () => {
  const fixture = await startHost(TASKS, { leaseMs: 30_000, holdMs: 60_000 });
  const { peer, deliver, stateDir } = fixture;
  const attemptId = deliver("count", { inputs: { folder: stateDir } });
  await until(() => written(stateDir) > 0, "the task to be at work");
  peer.heartbeatTakesMs = 900;
  const before = peer.requests.get("heartbeat") ?? 0;
  await until(() => (peer.requests.get("heartbeat") ?? 0) > before, "a heartbeat");
  // It is answered well, and all that come after it are not.
  peer.refuseWith = { status: 503, routes: ["heartbeat"] };
  const real = Date.now;
  vi.spyOn(Date, "now").mockImplementation(() => real() + 3_600_000);
  await until(() => textOf(fixture, attemptId).includes(STANDS_STILL), "the hold");
  await until(() => peer.requests.get("heartbeat")! >= before + 3, "the next heartbeats");
  expect(textOf(fixture, attemptId)).not.toContain("goes on");
  const lines = written(stateDir);
  await sleep(500);
  expect(written(stateDir)).toBe(lines);
});

test("a grant that was under way when the machine fell asleep begins nothing", async () => {
  const fixture = await startHost(TASKS, { leaseMs: 30_000, holdMs: 60_000 });
  const { peer, deliver, stateDir, run } = fixture;
  await run("quick");
  peer.answerTakesMs = 1_000;
  peer.refuseWith = { status: 503, routes: ["heartbeat"] };
  const attemptId = deliver("late", { inputs: { folder: stateDir } });
  await until(() => peer.get(attemptId).state === "running", "the grant");
  const real = Date.now;
  vi.spyOn(Date, "now").mockImplementation(() => real() + 3_600_000);
  await until(() => textOf(fixture, attemptId).includes(STANDS_STILL), "the answer");
  expect(written(stateDir, "late")).toBe(0);
});

test("a clock that is set forward kills nothing, also where nothing is held otherwise", async () => {
  const fixture = await startHost(TASKS, { leaseMs: 30_000 });
  const { peer, deliver, stateDir } = fixture;
  const attemptId = deliver("count", { inputs: { folder: stateDir } });
  await until(() => written(stateDir) > 0, "the task to be at work");
  const real = Date.now;
  vi.spyOn(Date, "now").mockImplementation(() => real() + 60_000);
  await until(() => textOf(fixture, attemptId).includes("goes on"), "a renewal");
  writeFileSync(join(stateDir, "end"), "");
  await until(() => peer.get(attemptId).state === "ended", "the end");
  expect(peer.get(attemptId).finish!.outcome.kind).toBe("success");
});
