import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { TaskCommand } from "@tradewind/contract";
import type { ExecutorEvent } from "@tradewind/executor";
import { HOST_MAIN_PATH } from "@tradewind/runner";
import { ExecutionApiPeer } from "@tradewind/runner/testing";
import { expect, onTestFinished, test } from "vitest";
import { prepareHostFiles } from "../src/host-files.ts";
import { createLocalExecutor, type LocalExecutorOptions } from "../src/index.ts";

/** Attempts that dispatch begins on the local executor's host: handed to it, or found by it when what was to hand them over is gone. */
const DAG = `
  import { Dag } from "tradewind";
  export const dag = new Dag("d", {});
  dag.task("quick", async () => { console.log("begun", process.ppid); return "done"; })();
  dag.task("endless", async () => { console.log("begun", process.ppid); await new Promise(() => setInterval(() => {}, 1000)); })();`;

async function setUp() {
  const peer = new ExecutionApiPeer();
  const executionApiUrl = await peer.start();
  const home = await mkdtemp(join(tmpdir(), "tradewind-begin-"));
  const sha256 = peer.addBundle(DAG);
  const warnings: string[] = [];
  const quiet = () => undefined;
  const logger = { debug: quiet, info: quiet, warn: (_: object, message: string) => void warnings.push(message), error: quiet };
  const started: ReturnType<typeof createLocalExecutor>[] = [];

  const start = async (options: Partial<LocalExecutorOptions> = {}) => {
    const executor = createLocalExecutor({ home, slots: 2, hostCommand: [process.execPath, HOST_MAIN_PATH], ...options });
    const events: ExecutorEvent[] = [];
    await executor.start({ onEvent: (event) => void events.push(event), logger, executionApiUrl, issueHostToken: async () => peer.hostToken });
    started.push(executor);
    return { executor, events };
  };
  type LocalExecutor = Awaited<ReturnType<typeof start>>["executor"];
  const leave = (executor: LocalExecutor) => executor.stop({ drain: false, timeoutMs: 0 });
  const command = (taskId: string) => peer.addAttempt({ dagId: "d", taskId, bundleSha256: sha256 });
  const hostOf = (executor: LocalExecutor) => executor.capacity().host?.hostId ?? expect.unreachable("no host is at hand");
  const begin = (executor: LocalExecutor, commands: TaskCommand[], at: { hostId?: string; leasedAtMs?: number } = {}) => {
    const { hostId = hostOf(executor), leasedAtMs = now() } = at;
    return executor.begin!(
      commands.map((one) => peer.begin(one)),
      { hostId, leasedAtMs },
    );
  };
  const begins = ({ attemptId }: TaskCommand) => peer.get(attemptId).lines.filter(({ message }) => message.startsWith("begun")).length;
  const end = ({ attemptId }: TaskCommand) =>
    until(() => peer.get(attemptId).logClosed && peer.get(attemptId).state === "ended", "the end of a task");
  onTestFinished(async () => {
    peer.refuseWith = null;
    for (const executor of started) await leave(executor);
    const last = await start({ ownHost: "bound" });
    await leave(last.executor);
    await peer.stop();
    await rm(home, { recursive: true, force: true });
  });
  /** Gives the process of the host that runs it. */
  const beginEndless = async (executor: LocalExecutor): Promise<number> => {
    const endless = command("endless");
    await begin(executor, [endless]);
    await until(() => peer.text(endless.attemptId).startsWith("begun"), "the begin");
    return Number(peer.text(endless.attemptId).split(/\s/u)[1]);
  };
  return { peer, start, leave, command, hostOf, begin, beginEndless, begins, end, warnings };
}

/** As the scheduler reads it. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

test("a host with free slots is at hand, as far as they go; what is begun on it runs without being asked for", async () => {
  const { peer, start, command, begin, begins, end } = await setUp();
  const { executor } = await start();
  const { hostId, places } = executor.capacity().host!;
  expect([hostId, places]).toEqual([expect.stringMatching(/^local-/u), 2]);
  const [quick, endless] = [command("quick"), command("endless")];
  await begin(executor, [quick, endless]);
  expect(executor.capacity().host).toBeUndefined();
  await end(quick);
  await until(() => executor.capacity().host?.places === 1, "a place");
  expect([begins(quick), peer.get(quick.attemptId).finishes]).toEqual([1, 1]);
});

test("what waits in the host goes first: it is not at hand before that has begun", async () => {
  const { start, command, hostOf, begin, end } = await setUp();
  const { executor } = await start();
  hostOf(executor);
  const commands = ["endless", "quick", "quick"].map((taskId) => command(taskId));
  await begin(executor, [commands[0]!]);
  await executor.submit(commands.slice(1));
  expect(executor.capacity().host).toBeUndefined();
  await Promise.all(commands.slice(1).map(end));
  await until(() => executor.capacity().host?.places === 1, "a place");
});

test("what was begun by a scheduler that died before it told of it runs, once, without another scheduler", async () => {
  const { peer, start, leave, command, begins, end } = await setUp();
  const first = await start();
  const known = peer.known.length;
  const quick = command("quick");
  peer.begin(quick);
  await leave(first.executor);
  await end(quick);
  expect(peer.known.length).toBeGreaterThan(known);
  expect([begins(quick), peer.get(quick.attemptId).finishes]).toEqual([1, 1]);
});

test("the next scheduler finds it too: before it is told what the host holds; the message itself, late, begins nothing", async () => {
  const { peer, start, leave, command, hostOf, begins, end } = await setUp();
  const first = await start();
  const hostId = hostOf(first.executor);
  const known = peer.known.length;
  await leave(first.executor);
  await until(() => peer.known.length > known, "that the host has asked as it was left");
  const [quick, endless] = [command("quick"), command("endless")];
  const leasedAtMs = now();
  const grants = [peer.begin(quick), peer.begin(endless)];

  const { executor, events } = await start();
  const believed = [{ attemptId: endless.attemptId, state: "running" as const, command: endless }];
  expect(await executor.adopt(believed)).toEqual({ adopted: [endless.attemptId] });
  await end(quick);
  await until(() => executor.capacity().host?.places === 1, "that the host is done with it");
  await executor.begin!(grants, { hostId, leasedAtMs });
  // Another one behind them shows that they were dealt with.
  const after = command("quick");
  await executor.begin!([peer.begin(after)], { hostId, leasedAtMs: now() });
  await end(after);
  await until(() => begins(endless) > 0 && executor.capacity().host?.places === 1, "the begin of the other, and that the late ones take no place");
  expect([begins(quick), begins(endless), peer.get(quick.attemptId).finishes]).toEqual([1, 1, 1]);
  expect(events).not.toContainEqual(expect.objectContaining({ kind: "lost" }));
});

test("asked to, it catches up: dispatch may have begun what nobody knows", async () => {
  const { peer, start, command, begins, end } = await setUp();
  const { executor } = await start();
  const quick = command("quick");
  peer.begin(quick);
  await executor.catchUp!();
  await end(quick);
  expect(begins(quick)).toBe(1);
});

test("what is told of when its lease is over is not run, and takes no place", async () => {
  const { peer, start, command, begin, begins } = await setUp();
  const { executor } = await start();
  const quick = command("quick");
  await begin(executor, [quick], { leasedAtMs: now() - peer.leaseMs });
  await until(() => executor.capacity().host?.places === 2, "the place");
  expect([begins(quick), peer.get(quick.attemptId).finishes]).toEqual([0, 0]);
});

test("what was begun on a host is lost with it, and what is begun on one that is gone is lost at once", async () => {
  const { peer, start, command, hostOf, begin, end } = await setUp();
  const { executor, events } = await start();
  const endless = command("endless");
  const hostId = hostOf(executor);
  await begin(executor, [endless]);
  await until(() => peer.text(endless.attemptId).startsWith("begun"), "the begin");
  process.kill(Number(peer.text(endless.attemptId).split(/\s/u)[1]), "SIGKILL");
  const isLost = ({ attemptId }: TaskCommand) => events.some((event) => event.kind === "lost" && event.attemptId === attemptId);
  await until(() => isLost(endless), "the news");
  peer.get(endless.attemptId).state = "ended";
  await until(() => executor.capacity().host !== undefined, "another host");
  expect(hostOf(executor)).not.toBe(hostId);
  const late = command("quick");
  await begin(executor, [late], { hostId });
  expect(isLost(late)).toBe(true);
  const next = command("quick");
  await begin(executor, [next]);
  await end(next);
}, 30_000);

test("a host that cannot ask the execution API is not at hand before it has; meanwhile everything else goes on", async () => {
  const { peer, start, leave, command, warnings, begins, end } = await setUp();
  const first = await start();
  await leave(first.executor);
  peer.refuseWith = { status: 503, routes: ["exchange"] };
  const { executor } = await start();
  expect(executor.capacity()).toEqual({ slots: 2, free: expect.any(Number) as number });
  expect(warnings.join()).toContain("could not ask the execution API yet");
  const [queued, begun] = [command("quick"), command("quick")];
  peer.begin(begun);
  await executor.submit([queued]);
  peer.refuseWith = null;
  await Promise.all([end(queued), end(begun)]);
  expect([begins(queued), begins(begun)]).toEqual([1, 1]);
  await until(() => executor.capacity().host?.places === 2, "that it is at hand");
  peer.refuseWith = { status: 503, routes: ["heartbeat"] };
  await until(() => executor.capacity().host === undefined, "that it is not when its leases cannot be renewed");
  peer.refuseWith = null;
  await until(() => executor.capacity().host !== undefined, "that it is at hand again");
}, 30_000);

test("a host of an earlier release is asked nothing that it does not know, and all attempts are submitted to it", async () => {
  const home = await mkdtemp(join(tmpdir(), "tradewind-begin-"));
  const { socketPath } = prepareHostFiles(home);
  const asked: string[] = [];
  const load = { slots: 2, waiting: 0, running: 0 };
  const hello = { version: 1, hostId: "local-old", pid: process.pid, load, attempts: { waiting: [], running: [] } };
  const server = createServer((socket) => {
    createInterface(socket).on("line", (line) => {
      const { id, op } = JSON.parse(line) as { id: number; op: string };
      asked.push(op);
      socket.write(`${JSON.stringify({ id, ok: true, ...(op === "hello" && { hello }) })}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const executor = createLocalExecutor({ home, slots: 2, hostCommand: [process.execPath, "-e", "process.exit(7)"] });
  onTestFinished(async () => {
    await executor.stop({ drain: false, timeoutMs: 0 });
    await new Promise((resolve) => server.close(resolve));
    await rm(home, { recursive: true, force: true });
  });
  const quiet = () => undefined;
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  await executor.start({ onEvent: quiet, logger, executionApiUrl: "http://127.0.0.1:9/execution/v1", issueHostToken: async () => "token" });
  expect(executor.capacity()).toEqual({ slots: 2, free: 66 });
  await executor.catchUp!();
  expect(asked).toEqual(["hello", "token"]);
});

async function until(condition: () => boolean, what: string, withinMs = 15_000): Promise<void> {
  for (const giveUpAt = performance.now() + withinMs; !condition(); await sleep(5)) {
    if (performance.now() > giveUpAt) throw new Error(`${what} did not come within ${withinMs} ms`);
  }
}

test("an end that is read together with an answer that lists it leaves no id behind", async () => {
  const home = await mkdtemp(join(tmpdir(), "tradewind-begin-"));
  const { socketPath } = prepareHostFiles(home);
  const load = { slots: 2, waiting: 0, running: 0 };
  const hello = { version: 1, hostId: "h", pid: process.pid, load: { ...load, running: 1 }, attempts: { waiting: [], running: ["x"] }, begins: true };
  const server = createServer((socket) => {
    createInterface(socket).on("line", (line) => {
      const { id, op } = JSON.parse(line) as { id: number; op: string };
      const answer = { id, ok: true, ...(op === "hello" && { hello }), ...(op === "catch_up" && { attempts: { waiting: [], running: ["x"] } }) };
      const event = { event: "changed", taken: [], ended: ["x"], load };
      socket.write(`${JSON.stringify(answer)}\n${op === "catch_up" ? `${JSON.stringify(event)}\n` : ""}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const executor = createLocalExecutor({ home, slots: 2, hostCommand: [process.execPath, "-e", "process.exit(7)"] });
  onTestFinished(async () => {
    await executor.stop({ drain: false, timeoutMs: 0 });
    await new Promise((resolve) => server.close(resolve));
    await rm(home, { recursive: true, force: true });
  });
  const quiet = () => undefined;
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  await executor.start({ onEvent: quiet, logger, executionApiUrl: "http://127.0.0.1:9/x", issueHostToken: async () => "t" });
  await until(() => executor.capacity().host?.places === 2, "both places");
  expect(executor.capacity().host).toEqual({ hostId: "h", places: 2 });
});

test("a host that drains is not at hand for who connects to it then", async () => {
  const { start, leave, beginEndless } = await setUp();
  const first = await start();
  const pid = await beginEndless(first.executor);
  const stopping = new Promise<void>((resolve) => void until(() => first.executor.capacity().host === undefined, "word of it").then(resolve));
  process.kill(pid, "SIGTERM");
  await stopping;
  await leave(first.executor);
  const { executor } = await start();
  expect(executor.capacity().host).toBeUndefined();
}, 60_000);

test("a host that has not answered to what began on it is not given more", async () => {
  const { start, command, begin, beginEndless } = await setUp();
  const { executor } = await start({ slots: 4 });
  const pid = await beginEndless(executor);
  await until(() => executor.capacity().host?.places === 3, "the other places");
  process.kill(pid, "SIGSTOP");
  const quick = command("quick");
  const telling = begin(executor, [quick]);
  await Promise.resolve();
  expect(executor.capacity().host).toBeUndefined();
  process.kill(pid, "SIGCONT");
  await telling;
  await until(() => executor.capacity().host?.places === 3, "the place that is free again");
}, 60_000);
