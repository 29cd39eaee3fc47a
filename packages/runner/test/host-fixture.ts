import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createExecutionApiClient } from "@tradewind/contract/client";
import { onTestFinished } from "vitest";
import { RunnerHost, type RunnerHostOptions } from "../src/index.ts";
import { ExecutionApiPeer, type NewAttempt, type PeerAttempt } from "../src/testing/index.ts";

export interface HostFixture {
  peer: ExecutionApiPeer;
  host: RunnerHost;
  stateDir: string;
  baseUrl: string;
  /** Makes an attempt of the task, and delivers it. */
  deliver(taskId: string, options?: Partial<NewAttempt>): string;
  /** Delivers, and waits for the end that the server accepted. */
  run(taskId: string, options?: Partial<NewAttempt>): Promise<PeerAttempt>;
}

/**
 * A host with real child processes against a real peer. `tasks` is the body of a DAG file: statements that use `dag`, `getContext` and `getClient`.
 */
export async function startHost(
  tasks: string,
  options: Partial<RunnerHostOptions> & { leaseMs?: number; holdMs?: number } = {},
): Promise<HostFixture> {
  const peer = new ExecutionApiPeer();
  if (options.leaseMs !== undefined) peer.leaseMs = options.leaseMs;
  peer.holdMs = options.holdMs;
  const baseUrl = await peer.start();
  const stateDir = await mkdtemp(join(tmpdir(), "tradewind-runner-"));
  const sha256 = peer.addBundle(
    `import { Dag, getContext, getClient, SkipTask, FailTask, RescheduleTask, RetryTask } from "tradewind";\nexport const dag = new Dag("d", {});\n${tasks}\n`,
  );
  const quiet = () => undefined;
  const host = new RunnerHost({
    hostId: "host-1",
    executor: "local",
    hostname: "test",
    version: "0.0.0",
    client: createExecutionApiClient({ baseUrl, hostToken: peer.hostToken }),
    slots: 2,
    queues: null,
    stateDir,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    stopLadder: { abortGraceMs: 300, termGraceMs: 300 },
    ...options,
  });
  onTestFinished(async () => {
    await host.stop({ drain: false, timeoutMs: 0 });
    await peer.stop();
    await rm(stateDir, { recursive: true, force: true });
  });
  await host.start();
  const deliver = (taskId: string, more: Partial<NewAttempt> = {}) => {
    const command = peer.addAttempt({ dagId: "d", taskId, bundleSha256: sha256, ...more });
    host.deliver([command]);
    return command.attemptId;
  };
  const run = async (taskId: string, more: Partial<NewAttempt> = {}) => {
    const attemptId = deliver(taskId, more);
    const attempt = peer.get(attemptId);
    await until(() => attempt.state === "ended", `the end of ${taskId}`);
    await host.logsSent(AbortSignal.timeout(15_000));
    return attempt;
  };
  return { peer, host, stateDir, baseUrl, deliver, run };
}

/** Polls a condition; fails with its name when it does not come true. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, withinMs = 15_000): Promise<void> {
  for (const giveUpAt = performance.now() + withinMs; !(await condition()); await sleep(5)) {
    if (performance.now() > giveUpAt) throw new Error(`${what} did not come within ${withinMs} ms`);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
