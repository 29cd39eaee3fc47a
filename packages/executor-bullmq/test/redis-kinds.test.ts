import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskCommand } from "@tradewind/executor";
import { freePort, hasRedisServer, type RedisServer, startRedis, until } from "@tradewind/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { createBullMqExecutor, JobFeed, type RedisSettings } from "../src/index.ts";
import { MemoryHost } from "./memory-host.ts";

const PASSWORD = "p@ss:word/1";
const quiet = (): void => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const START = { onEvent: quiet, logger, executionApiUrl: "", issueHostToken: async () => "" };

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "tw-redis-kind-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function redis(dir: string, ...args: string[]): Promise<RedisServer> {
  const server = await startRedis(dir, { args });
  onTestFinished(() => server.stop());
  return server;
}

function command(queue: string): TaskCommand {
  const ids = { dagId: "d", runId: "r", taskId: "t", mapIndex: -1, tryNumber: 1, taskInstanceId: 1, priorityWeight: 1 };
  return { ...ids, attemptId: randomUUID(), executor: "bullmq", queue, bundleSha256: "0".repeat(64) };
}

async function start(settings: RedisSettings) {
  const executor = createBullMqExecutor({ redis: settings });
  await executor.start(START);
  onTestFinished(() => executor.stop({ drain: false, timeoutMs: 0 }));
  return executor;
}

/** Everything the two ends do, over queues that lie on different nodes of a cluster. */
async function expectCarries(settings: RedisSettings): Promise<void> {
  const executor = await start(settings);
  await until("the connection", () => executor.capacity().free === null);
  const commands = ["default", "gpu", "a", "b"].map(command);
  await executor.submit(commands);
  expect(await executor.findMissing!(commands)).toEqual([]);
  await executor.cancel([{ attemptId: commands[3]!.attemptId, reason: "cleared" }]);
  expect(await executor.findMissing!(commands)).toEqual([commands[3]!.attemptId]);
  const host: MemoryHost = new MemoryHost(10, () => feed);
  const feed = new JobFeed({ redis: settings, hostId: "host", queues: ["default", "gpu", "a", "b"], host, logger, blockMs: 1_000 });
  await feed.start();
  onTestFinished(() => feed.stop());
  await until("all jobs", () => host.held.length === 3);
  await until("their acknowledgement", async () => (await executor.findMissing!(commands)).length === 4);
  await until("a look into empty queues", () => feed.mayTakeNext());
  // Somebody runs something until the drain has begun.
  setTimeout(() => host.finishAll(), 300);
  await executor.stop({ drain: true, timeoutMs: 10_000 });
  expect(host.held).toEqual([]);
}

describe.skipIf(!hasRedisServer())("Redis as it may be", () => {
  test("with a password, in the URL or beside it, and with a user of its own; a wrong one is told, and never works", async () => {
    const { port } = await redis(await folder(), "--requirepass", PASSWORD, "--user", ..."tradewind on >user-secret ~* &* +@all".split(" "));
    await expectCarries({ url: `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}` });
    await expectCarries({ url: `redis://127.0.0.1:${port}/2`, password: PASSWORD, prefix: "two" });
    await expectCarries({ url: `redis://tradewind:user-secret@127.0.0.1:${port}`, prefix: "three" });
    const wrong = await start({ url: `redis://:wrong@127.0.0.1:${port}` });
    await expect(wrong.submit([command("default")])).rejects.toThrow(/WRONGPASS/u);
  });

  test("over TLS, with a certificate of one's own authority", async () => {
    const dir = await folder();
    const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: dir, stdio: "ignore" });
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "1", "-subj", "/CN=test authority");
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "redis.key", "-out", "redis.csr", "-subj", "/CN=localhost");
    await writeFile(join(dir, "names"), "subjectAltName=DNS:localhost");
    openssl(
      "x509",
      "-req",
      "-in",
      "redis.csr",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-out",
      "redis.pem",
      "-days",
      "1",
      "-extfile",
      "names",
    );
    const port = await freePort();
    const file = (name: string): string => join(dir, name);
    const tls = [
      "--tls-port",
      String(port),
      "--tls-cert-file",
      file("redis.pem"),
      "--tls-key-file",
      file("redis.key"),
      "--tls-ca-cert-file",
      file("ca.pem"),
    ];
    await redis(dir, ...tls);
    const ca = await readFile(file("ca.pem"), "utf8");
    const [cert, key] = [await readFile(file("redis.pem"), "utf8"), await readFile(file("redis.key"), "utf8")];
    await expectCarries({ url: `rediss://localhost:${port}`, tls: { ca, cert, key } });
    const stranger = await start({ url: `rediss://localhost:${port}`, tls: { cert, key } });
    await expect(stranger.submit([command("default")])).rejects.toThrow(/certificate/u);
  });

  test("behind a sentinel", async () => {
    const dir = await folder();
    const master = await redis(join(dir, "master"));
    await writeFile(join(dir, "sentinel.conf"), `sentinel monitor mymaster 127.0.0.1 ${master.port} 1\n`);
    const port = await freePort();
    await startSentinel(dir, port);
    await expectCarries({ url: `redis+sentinel://127.0.0.1:${port}/mymaster` });
  });

  test("as a cluster: each queue lies on one node, and different ones on different nodes", async () => {
    const dir = await folder();
    const nodes = [await clusterNode(join(dir, "a")), await clusterNode(join(dir, "b"))] as const;
    await nodes[0].ask("CLUSTER ADDSLOTSRANGE 0 8191");
    await nodes[1].ask("CLUSTER ADDSLOTSRANGE 8192 16383");
    await nodes[0].ask(`CLUSTER MEET 127.0.0.1 ${nodes[1].port}`);
    for (const node of nodes) await until("the cluster", async () => (await node.ask("CLUSTER INFO")).includes("cluster_state:ok"));
    const executor = await start({ url: `redis+cluster://127.0.0.1:${nodes[0].port},127.0.0.1:${nodes[1].port}`, prefix: "spread" });
    await executor.submit(["default", "gpu", "a", "b", "c", "d"].map(command));
    for (const node of nodes) expect(await node.ask("DBSIZE")).not.toContain(":0");
    await expectCarries({ url: `redis+cluster://127.0.0.1:${nodes[0].port}` });
  });
});

function clusterNode(dir: string): Promise<RedisServer> {
  return redis(dir, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000");
}

/** A sentinel is a Redis started on a file that it writes its own state to. */
async function startSentinel(dir: string, port: number): Promise<void> {
  const { spawn } = await import("node:child_process");
  const child = spawn("redis-server", [join(dir, "sentinel.conf"), "--sentinel", "--port", String(port), "--bind", "127.0.0.1", "--dir", dir], {
    stdio: "ignore",
  });
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  });
}
