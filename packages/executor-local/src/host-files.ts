import { createHash } from "node:crypto";
import { mkdirSync, openSync, renameSync, statSync } from "node:fs";
import { open, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TradewindError } from "@tradewind/core";

/** The kernel's limit for the path of a unix socket is 108 bytes, less on some systems. */
const MAX_SOCKET_PATH = 100;
const MAX_LOG_BYTES = 10 * 1024 * 1024;
/** A start takes a second or two; a lock that is older has been left behind. */
const LOCK_STALE_MS = 30_000;

/** Where the one host of a home keeps its things. */
export interface HostFiles {
  socketPath: string;
  logPath: string;
  lockPath: string;
  stateDir: string;
}

/** Makes the folders, with access for their owner only: who can open the socket controls the host. */
export function prepareHostFiles(home: string): HostFiles {
  const runDir = join(home, "run");
  const stateDir = join(home, "runner");
  for (const dir of [runDir, stateDir]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  return { socketPath: socketPathIn(runDir), logPath: join(runDir, "local-host.log"), lockPath: join(runDir, "local-host.lock"), stateDir };
}

function socketPathIn(runDir: string): string {
  const path = join(runDir, "local-host.sock");
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
  const dir = join(tmpdir(), `tradewind-${createHash("sha256").update(runDir).digest("hex").slice(0, 16)}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(dir);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new TradewindError(
      "executor_failed",
      `The folder ${dir} for the runner host's socket belongs to somebody else or is open to others. Remove it, or choose a home with a shorter path than ${runDir}.`,
    );
  }
  return join(dir, "local-host.sock");
}

/** Opens the host's log for appending; one old file is kept. */
export function openHostLog(path: string): number {
  try {
    if (statSync(path).size > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
  } catch {
    // There is none yet.
  }
  return openSync(path, "a", 0o600);
}

/** Runs `body` while no other process of this home starts a host. */
export async function withStartLock<T>(path: string, body: () => Promise<T>): Promise<T> {
  await acquire(path);
  try {
    return await body();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string): Promise<void> {
  const giveUpAt = performance.now() + LOCK_STALE_MS;
  while (!(await tryCreate(path))) {
    if (await isStale(path)) await rm(path, { force: true });
    else if (performance.now() > giveUpAt)
      throw new TradewindError(
        "executor_failed",
        `Another process has been starting a runner host for too long; it holds ${path}. Remove that file if no such process exists.`,
      );
    else await sleep(25);
  }
}

async function tryCreate(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o600);
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function isStale(path: string): Promise<boolean> {
  const [text, facts] = await Promise.all([readFile(path, "utf8").catch(() => ""), stat(path).catch(() => undefined)]);
  if (facts === undefined) return false;
  if (Date.now() - facts.mtimeMs > LOCK_STALE_MS) return true;
  return text !== "" && Number(text) !== process.pid && !isAlive(Number(text));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
