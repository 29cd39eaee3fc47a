import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutorEvent } from "@tradewind/executor";
import { HOST_MAIN_PATH } from "@tradewind/runner";
import { ExecutionApiPeer } from "@tradewind/runner/testing";
import { expect, onTestFinished, test } from "vitest";
import { HostConnection } from "../src/host-connection.ts";
import { createLocalExecutor, type LocalExecutorOptions } from "../src/index.ts";

const DAG = `
  import { Dag } from "tradewind";
  export const dag = new Dag("d", {});
  dag.task("who", async () => process.ppid)();
  dag.task("endless", async () => { console.log("begun"); await new Promise(() => setInterval(() => {}, 1000)); })();`;

async function setUp(options: Partial<LocalExecutorOptions>) {
  const peer = new ExecutionApiPeer();
  const home = await mkdtemp(join(tmpdir(), "tradewind-end-"));
  const sha256 = peer.addBundle(DAG);
  let executionApiUrl = await peer.start();
  const quiet = () => undefined;
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const lost: ExecutorEvent[] = [];

  /** A scheduler's life, which leaves the host behind. */
  const begin = async () => {
    const executor = createLocalExecutor({ home, slots: 2, hostCommand: [process.execPath, HOST_MAIN_PATH], ...options });
    const onEvent = (event: ExecutorEvent) => void (event.kind === "lost" && lost.push(event));
    await executor.start({ onEvent, logger, executionApiUrl, issueHostToken: async () => peer.hostToken });
    return executor;
  };
  type LocalExecutor = Awaited<ReturnType<typeof begin>>;
  const leave = (executor: LocalExecutor) => executor.stop({ drain: false, timeoutMs: 0 });
  const command = (taskId: string) => peer.addAttempt({ dagId: "d", taskId, bundleSha256: sha256 });
  /** Pid of the host that ran a task. */
  const host = async (executor: LocalExecutor) => {
    const who = command("who");
    await executor.submit([who]);
    await until(() => peer.get(who.attemptId).state === "ended", "the end of a task");
    const { outcome } = peer.get(who.attemptId).finish!;
    return outcome.kind === "success" ? Number(outcome.result) : expect.unreachable(JSON.stringify(outcome));
  };
  const restartApi = async () => {
    executionApiUrl = await peer.start();
  };
  const hosts: number[] = [];
  onTestFinished(async () => {
    for (const pid of hosts.filter(isAlive)) process.kill(pid, "SIGKILL");
    await peer.stop();
    await rm(home, { recursive: true, force: true });
  });
  return { peer, home, begin, leave, command, host, hosts, lost, restartApi };
}

test("a host whose server is gone ends by itself when nothing has begun, says why, and a scheduler that comes while it is ending has a new one", async () => {
  const { peer, home, begin, leave, command, host, hosts, lost, restartApi } = await setUp({ unreachableExitMs: 600 });
  const first = await begin();
  hosts.push(await host(first));
  await peer.stop();
  // Asked for, and never answered: work that would keep it for ever. It also keeps the host busy with its end for seconds.
  await first.submit([command("who"), command("who"), command("who")]);
  await leave(first);
  const log = join(home, "run", "local-host.log");
  await until(() => readFileSync(log, "utf8").includes("the host ends: the execution API could not be reached"), "the reason in the log");

  await restartApi();
  const second = await begin();
  hosts.push(await host(second));
  expect(hosts[1]).not.toBe(hosts[0]);
  expect(lost).toEqual([]);
  await until(() => !isAlive(hosts[0]!), "the end of the host");
  // It has not taken the second one's socket with it.
  expect(existsSync(join(home, "run", "local-host.sock"))).toBe(true);
  await leave(second);
}, 30_000);

test("a host whose server is gone goes on while a scheduler is connected, and while what has begun holds its lease", async () => {
  const { peer, home, begin, leave, command, host, hosts } = await setUp({ unreachableExitMs: 200 });
  peer.leaseMs = 5_000;
  const executor = await begin();
  hosts.push(await host(executor));
  const endless = command("endless");
  await executor.submit([endless]);
  await until(() => peer.text(endless.attemptId).startsWith("begun"), "the begin");
  await peer.stop();
  const ends = () => readFileSync(join(home, "run", "local-host.log"), "utf8").includes("the host ends: ");
  await sleep(600);
  expect(ends()).toBe(false);
  await leave(executor);
  await sleep(600);
  expect(ends()).toBe(false);
  await until(ends, "that it ends, after the lease");
}, 30_000);

test("a host that closes a connection before it answered is as good as none", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tradewind-end-"));
  const path = join(folder, "host.sock");
  const server = createServer((socket) => void socket.once("data", () => socket.destroy()));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  expect(await HostConnection.open(path, "http://127.0.0.1:9/execution/v1")).toBeUndefined();
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
