import { type ChildProcess, spawn } from "node:child_process";
import { openSync, closeSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { processTree } from "../measure/processes.ts";

const STOP_PATIENCE_MS = 30_000;
const READY_PATIENCE_MS = 180_000;

export interface ServiceOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Gets both streams. */
  readonly logFile: string;
}

/** A long-running process of a system under test. */
export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  log(): string;
  /** Throws when the process has ended. */
  assertRunning(): void;
  stop(): Promise<void>;
}

/** Starts it in a process group of its own, so that Ctrl-C in the terminal reaches only the bench, which stops things in order. */
export function startService(options: ServiceOptions): ServiceProcess {
  const log = openSync(options.logFile, "a");
  const child = spawn(options.command, options.args, { env: options.env, cwd: options.cwd, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  let failure: Error | undefined;
  child.once("error", (error) => (failure = error));
  const readLog = (): string => readFileSync(options.logFile, "utf8").slice(-4_000);
  return {
    name: options.name,
    pid: child.pid ?? 0,
    log: readLog,
    assertRunning() {
      if (failure) throw failure;
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`${options.name} ended with ${child.exitCode ?? child.signalCode}. Its log ends with:\n${readLog()}`);
    },
    stop: () => stop(child),
  };
}

/** In order first; what is left of the tree after that is killed, since nothing of a benchmark may outlive it. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const tree = processTree(child.pid);
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise<true>((resolve) => child.once("exit", () => resolve(true)));
    child.kill("SIGTERM");
    const giveUp = new AbortController();
    const inTime = await Promise.race([ended, sleep(STOP_PATIENCE_MS, false, { signal: giveUp.signal }).catch(() => false)]);
    giveUp.abort();
    if (!inTime) child.kill("SIGKILL");
  }
  // What was started while it went down is in its process group; that is its number as long as anything is left of it.
  kill(-child.pid);
  for (const { pid, command } of tree) {
    // The number may have gone to another process meanwhile.
    const now = processTree(pid).find((process) => process.pid === pid);
    if (now?.command === command && pid !== child.pid) kill(pid);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** Polls until `isReady` says so; fails at once when one of the services ends. */
export async function untilReady(services: readonly ServiceProcess[], isReady: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = performance.now() + READY_PATIENCE_MS; !(await isReady()); await sleep(50)) {
    for (const service of services) service.assertRunning();
    if (performance.now() > deadline)
      throw new Error(`not ready after ${READY_PATIENCE_MS} ms:\n${services.map((service) => `${service.name}:\n${service.log()}`).join("\n")}`);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
