import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { readLogTail, rotateLog, serverEnvironment, type ServerFiles } from "./data-directory.ts";
import { guardAgainstOrphan, parentDeathPrefix } from "./orphan-guard.ts";
import { readPostmasterFile } from "./postmaster-file.ts";
import type { Unprivileged } from "./unprivileged-command.ts";

/**
 * How a server is told to stop: `smart` waits for clients, `fast` ends their transactions, `immediate` skips the shutdown
 * checkpoint (as a power cut, but the parent still sees it end), `kill` is SIGKILL of the postmaster.
 */
export type StopMode = "smart" | "fast" | "immediate" | "kill";

const stopSignals: Readonly<Record<StopMode, NodeJS.Signals>> = { smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT", kill: "SIGKILL" };

export interface PostgresProcess {
  readonly pid: number;
  /** Settles when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  stop(mode: StopMode): Promise<void>;
}

export interface PostgresProcessOptions {
  readonly files: ServerFiles;
  readonly postgres: string;
  readonly how: Unprivileged;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly startTimeoutMs: number;
}

/** The server did not come up; `retryable` when what stood in its way goes away by itself. */
export class PostgresStartError extends Error {
  readonly retryable: boolean;
  constructor(message: string, retryable: boolean) {
    super(message);
    this.name = "PostgresStartError";
    this.retryable = retryable;
  }
}

/** Spawns `postgres` and waits until it accepts connections. */
export async function startPostgresProcess(options: PostgresProcessOptions): Promise<PostgresProcess> {
  const child = spawnServer(options);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  await waitUntilReady(child, ended, options);
  // A program that ends without stopping the server takes it along: the server must not keep it alive.
  child.unref();
  return { pid: child.pid as number, ended, stop: (mode) => stopServer(child, ended, mode) };
}

function spawnServer(options: PostgresProcessOptions): ChildProcess {
  const { files, how, postgres } = options;
  const parentDeath = parentDeathPrefix();
  // The signal is set after the change of user, which would clear it.
  const words = [...how.prefix, ...parentDeath, postgres, "-D", files.data, ...serverArguments(options)];
  const [command = postgres, ...args] = words;
  rotateLog(files);
  const log = openSync(files.log, "a", 0o600);
  try {
    // A session of its own: Ctrl-C in the terminal reaches this program, which then stops the server last.
    const child = spawn(command, args, { ...how.spawnOptions, cwd: "/", env: serverEnvironment(), detached: true, stdio: ["ignore", log, log] });
    if (parentDeath.length === 0 && child.pid !== undefined) guardAgainstOrphan(child);
    return child;
  } finally {
    closeSync(log);
  }
}

function serverArguments(options: PostgresProcessOptions): string[] {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(options.port),
    unix_socket_directories: "",
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

async function waitUntilReady(child: ChildProcess, ended: Promise<void>, options: PostgresProcessOptions): Promise<void> {
  const deadline = performance.now() + options.startTimeoutMs;
  let hasEnded = false;
  void ended.then(() => (hasEnded = true));
  for (;;) {
    const file = readPostmasterFile(options.files.data);
    if (file && file.pid === child.pid && file.status === "ready") return;
    if (hasEnded) throw startError(options);
    if (performance.now() > deadline) {
      await stopServer(child, ended, "immediate");
      throw new PostgresStartError(
        `PostgreSQL on "${options.files.data}" did not accept connections within ${options.startTimeoutMs} ms. ` +
          `Its log, "${options.files.log}", ends with:\n${readLogTail(options.files, 10)}`,
        false,
      );
    }
    await delay(5);
  }
}

const passingObstacles = [/lock file ".*" already exists/, /pre-existing shared memory block/, /Address already in use/];

function startError(options: PostgresProcessOptions): PostgresStartError {
  const tail = readLogTail(options.files, 10);
  return new PostgresStartError(
    `Tried to start PostgreSQL on "${options.files.data}", port ${options.port}: it ended at once. Its log, "${options.files.log}", ends with:\n${tail}`,
    passingObstacles.some((pattern) => pattern.test(tail)),
  );
}

const patienceMs = 15_000;

async function stopServer(child: ChildProcess, ended: Promise<void>, mode: StopMode): Promise<void> {
  child.ref();
  for (const signal of [stopSignals[mode], "SIGQUIT", "SIGKILL"] as const) {
    child.kill(signal);
    if (await settlesWithin(ended, patienceMs)) return;
  }
  await ended;
}

async function settlesWithin(promise: Promise<void>, ms: number): Promise<boolean> {
  const stopWaiting = new AbortController();
  try {
    const timeout = delay(ms, false, { signal: stopWaiting.signal }).catch(() => false);
    return await Promise.race([promise.then(() => true), timeout]);
  } finally {
    stopWaiting.abort();
  }
}
