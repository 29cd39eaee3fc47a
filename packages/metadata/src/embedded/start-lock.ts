import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, processStatus } from "./postmaster-file.ts";

/**
 * Runs `work` while no other process starts a server on the same directory (two `initdb` at once would destroy each
 * other's files). The lock is a file that names its holder; a holder that died is recognised and its lock taken away.
 */
export async function withStartLock<T>(file: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  await acquire(file, timeoutMs);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

async function acquire(file: string, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!tryCreate(file)) {
    removeIfAbandoned(file);
    if (performance.now() > deadline) {
      throw new Error(
        `Waited ${timeoutMs} ms for "${file}", held by process ${readHolder(file)?.pid ?? "unknown"} that is starting PostgreSQL ` +
          "on the same directory. If that process hangs, stop it and try again.",
      );
    }
    await delay(20);
  }
}

/** The content must be there the moment the file is: it is written aside, then linked into place. */
function tryCreate(file: string): boolean {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, startTime: processStatus(process.pid)?.startTime }), { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Moves the file away before looking again: whoever wins the rename decides alone, and puts back a lock that is alive. */
function removeIfAbandoned(file: string): void {
  if (!isAbandoned(file)) return;
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
    if (!isAbandoned(aside)) linkSync(aside, file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOENT" && code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function isAbandoned(file: string): boolean {
  const holder = readHolder(file);
  if (!holder) return false;
  if (!isAlive(holder.pid)) return true;
  return holder.startTime !== undefined && processStatus(holder.pid)?.startTime !== holder.startTime;
}

function readHolder(file: string): { pid: number; startTime?: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { pid: number; startTime?: string };
  } catch {
    return undefined;
  }
}
