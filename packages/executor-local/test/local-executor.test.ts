import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutorEvent } from "@tradewind/executor";
import { HOST_MAIN_PATH } from "@tradewind/runner";
import { ExecutionApiPeer } from "@tradewind/runner/testing";
import { expect, onTestFinished, test } from "vitest";
import { createLocalExecutor, type LocalExecutorOptions } from "../src/index.ts";

const DAG = `
  import { Dag } from "tradewind";
  export const dag = new Dag("d", {});
  dag.task("quick", async () => "done")();
  dag.task("slow", async () => { console.log("begun", process.pid, process.ppid); await new Promise((r) => setTimeout(r, 1_500)); return "done"; })();
  dag.task("endless", async () => { console.log("begun", process.pid, process.ppid); await new Promise(() => setInterval(() => {}, 1000)); })();`;

async function setUp() {
  const peer = new ExecutionApiPeer();
  const executionApiUrl = await peer.start();
  const home = await mkdtemp(join(tmpdir(), "tradewind-local-"));
  const sha256 = peer.addBundle(DAG);
  const quiet = () => undefined;
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

  /** A scheduler's life: an executor and the events it told. */
  const begin = async (options: Partial<LocalExecutorOptions> = {}) => {
    const executor = createLocalExecutor({ home, slots: 2, hostCommand: [process.execPath, HOST_MAIN_PATH], ...options });
    const events: ExecutorEvent[] = [];
    const issueHostToken = async (hostId: string) => {
      expect(hostId).toMatch(/^local-/u);
      return peer.hostToken;
    };
    await executor.start({ onEvent: (event) => void events.push(event), logger, executionApiUrl, issueHostToken });
    started.push(executor);
    return { executor, events };
  };
  const started: ReturnType<typeof createLocalExecutor>[] = [];
  const command = (taskId: string) => peer.addAttempt({ dagId: "d", taskId, bundleSha256: sha256 });
  /** Pids of the child and of its host, from the first line of the log. */
  const begun = async (attemptId: string) => {
    await until(() => peer.text(attemptId).startsWith("begun"), "the task's begin");
    const [, child, host] = peer.text(attemptId).split(/\s/u).map(Number);
    return { child: child!, host: host! };
  };
  onTestFinished(async () => {
    for (const executor of started) await executor.stop({ drain: false, timeoutMs: 0 });
    const last = await begin({ ownHost: "bound" });
    await last.executor.stop({ drain: false, timeoutMs: 0 });
    await peer.stop();
    await rm(home, { recursive: true, force: true });
  });
  return { peer, home, begin, command, begun };
}

test("runs what is submitted, once, and tells when there is room again", async () => {
  const { peer, begin, command } = await setUp();
  const { executor, events } = await begin({ prefetch: 3 });
  expect(executor.capacity()).toMatchObject({ slots: 2, free: 5 });
  const commands = [command("quick"), command("quick"), command("quick")];
  await executor.submit(commands);
  await executor.submit(commands);
  await until(() => commands.every(({ attemptId }) => peer.get(attemptId).state === "ended"), "the ends");
  await until(() => executor.capacity().free === 5, "room");
  expect(events).toContainEqual({ kind: "capacity" });
  expect(commands.map(({ attemptId }) => peer.get(attemptId).finishes)).toEqual([1, 1, 1]);
});

test("tasks outlive the scheduler: the next one finds the host and what it holds", async () => {
  const { peer, begin, command, begun } = await setUp();
  const first = await begin();
  const slow = command("slow");
  await first.executor.submit([slow]);
  const { host } = await begun(slow.attemptId);
  await first.executor.stop({ drain: false, timeoutMs: 0 });

  const second = await begin();
  const gone = command("quick");
  const believed = [
    { attemptId: slow.attemptId, state: "running" as const, command: slow },
    { attemptId: gone.attemptId, state: "queued" as const, command: gone },
  ];
  expect(await second.executor.adopt(believed)).toEqual({ adopted: [slow.attemptId] });
  await until(() => peer.get(slow.attemptId).state === "ended", "the end");
  expect(peer.get(slow.attemptId).finish!.outcome).toEqual({ kind: "success", result: '"done"' });
  expect(isAlive(host)).toBe(true);
  expect(second.events).not.toContainEqual(expect.objectContaining({ kind: "lost" }));
});

test("a killed host is noticed: its attempts are lost, its children end, and another takes over", async () => {
  const { peer, begin, command, begun } = await setUp();
  const { executor, events } = await begin();
  const endless = command("endless");
  await executor.submit([endless]);
  const { child, host } = await begun(endless.attemptId);
  process.kill(host, "SIGKILL");
  await until(() => events.some((event) => event.kind === "lost" && event.attemptId === endless.attemptId), "the news");
  await until(() => !isAlive(child), "the end of the child");
  const next = command("quick");
  await executor.submit([next]);
  await until(() => peer.get(next.attemptId).state === "ended", "a task on the new host");
  expect(peer.get(next.attemptId).finish!.outcome).toMatchObject({ kind: "success" });
});

test("a host that stands still is noticed like a killed one, and another takes over", async () => {
  const { peer, begin, command, begun } = await setUp();
  const { executor, events } = await begin();
  const endless = command("endless");
  await executor.submit([endless]);
  const { child, host } = await begun(endless.attemptId);
  process.kill(host, "SIGSTOP");
  await until(() => events.some((event) => event.kind === "lost" && event.attemptId === endless.attemptId), "the news");
  await until(() => !isAlive(host) && !isAlive(child), "the end of the host and its child");
  const next = command("quick");
  await executor.submit([next]);
  await until(() => peer.get(next.attemptId).state === "ended", "a task on the new host");
  expect(events.filter((event) => event.kind === "lost")).toHaveLength(1);
});

test("cancel stops an attempt, whose end is told when its process is gone: until then its slots are taken; unknown ids are ignored", async () => {
  const { peer, begin, command, begun } = await setUp();
  const { executor } = await begin();
  const endless = command("endless");
  await executor.submit([endless]);
  const { child } = await begun(endless.attemptId);
  await executor.cancel([
    { attemptId: endless.attemptId, reason: "Cleared." },
    { attemptId: "unknown", reason: "x" },
  ]);
  await until(() => peer.get(endless.attemptId).state === "ended", "the end");
  expect(isAlive(child)).toBe(false);
  expect(peer.text(endless.attemptId)).toContain("Cleared.");
  expect(peer.get(endless.attemptId)).toMatchObject({
    finishes: 1,
    finish: { outcome: { kind: "failed", failure: { reason: "cancelled", message: "Cleared." } } },
  });
});

test("a bound host ends with its executor, and its tasks are given back", async () => {
  const { peer, begin, command, begun } = await setUp();
  const { executor } = await begin({ ownHost: "bound" });
  const endless = command("endless");
  await executor.submit([endless]);
  const { child, host } = await begun(endless.attemptId);
  await executor.stop({ drain: false, timeoutMs: 0 });
  expect([isAlive(host), isAlive(child)]).toEqual([false, false]);
  expect(peer.get(endless.attemptId).finish!.outcome).toMatchObject({ kind: "failed", failure: { reason: "lost" } });
});

test("draining waits for running tasks", async () => {
  const { peer, begin, command, begun } = await setUp();
  const { executor } = await begin({ ownHost: "bound" });
  const slow = command("slow");
  await executor.submit([slow]);
  await begun(slow.attemptId);
  await executor.stop({ drain: true, timeoutMs: 10_000 });
  expect(peer.get(slow.attemptId).finish!.outcome).toEqual({ kind: "success", result: '"done"' });
});

test("two schedulers of one home share a host", async () => {
  const { peer, begin, command, begun } = await setUp();
  const [one, two] = await Promise.all([begin(), begin()]);
  const [a, b] = [command("slow"), command("slow")];
  await Promise.all([one.executor.submit([a]), two.executor.submit([b])]);
  const hosts = await Promise.all([begun(a.attemptId), begun(b.attemptId)]);
  expect(hosts[0].host).toBe(hosts[1].host);
  await until(() => peer.get(a.attemptId).state === "ended" && peer.get(b.attemptId).state === "ended", "the ends");
});

test("a host that nobody needs ends and leaves no socket", async () => {
  const { home, begin, command, begun, peer } = await setUp();
  const { executor } = await begin({ idleExitMs: 300 });
  const slow = command("slow");
  await executor.submit([slow]);
  const { host } = await begun(slow.attemptId);
  await executor.stop({ drain: false, timeoutMs: 0 });
  await until(() => !isAlive(host), "the end of the idle host");
  expect(peer.get(slow.attemptId).state).toBe("ended");
  await expect(stat(join(home, "run", "local-host.sock"))).rejects.toThrow("ENOENT");
});

test("the folder is its owner's, and the host's environment and arguments hold no secrets", async () => {
  process.env.TRADEWIND__SECRET = "s";
  const { home, peer, begin, command, begun } = await setUp();
  const { executor } = await begin();
  const slow = command("slow");
  await executor.submit([slow]);
  const { host } = await begun(slow.attemptId);
  expect((await stat(join(home, "run"))).mode & 0o777).toBe(0o700);
  const told = (await readFile(`/proc/${host}/environ`, "utf8")) + (await readFile(`/proc/${host}/cmdline`, "utf8"));
  expect(told).not.toContain(peer.hostToken);
  expect(told).not.toContain("TRADEWIND__SECRET");
});

test("a host that can't use the execution API says so in the scheduler's log, with the address and what was found", async () => {
  const { home } = await setUp();
  const errors: string[] = [];
  const quiet = () => undefined;
  const logger = { debug: quiet, info: quiet, warn: quiet, error: (_fields: object, message: string) => void errors.push(message) };
  const executor = createLocalExecutor({ home, slots: 1, hostCommand: [process.execPath, HOST_MAIN_PATH] });
  // The discard port: nobody listens.
  await executor.start({ onEvent: quiet, logger, executionApiUrl: "http://127.0.0.1:9/execution/v1", issueHostToken: async () => "token" });
  await until(() => errors.some((message) => message.includes("can't use the execution API at http://127.0.0.1:9/execution/v1")), "the error");
  expect(errors.join("\n")).toMatch(/"register" has not worked for \d+ s .*ECONNREFUSED.*TRADEWIND__EXECUTION_API__URL/su);
  await executor.stop({ drain: false, timeoutMs: 0 });
}, 30_000);

test("a host that can't start is an error that names its log", async () => {
  const { begin } = await setUp();
  await expect(begin({ hostCommand: [process.execPath, "-e", "process.exit(7)"] })).rejects.toThrow(/could not be started.*code 7.*local-host\.log/u);
});

async function until(condition: () => boolean, what: string, withinMs = 15_000): Promise<void> {
  for (const giveUpAt = performance.now() + withinMs; !condition(); await sleep(5)) {
    if (performance.now() > giveUpAt) throw new Error(`${what} did not come within ${withinMs} ms`);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
