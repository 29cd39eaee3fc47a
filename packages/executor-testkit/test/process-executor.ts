import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AdoptableAttempt, Executor, ExecutorCapacity, ExecutorFactory, ExecutorStart, TaskCommand } from "@tradewind/executor";

const RUN_ONE = join(import.meta.dirname, "run-one.ts");
const LOOK_EVERY_MS = 250;

/** Runs each attempt in a process of its own that outlives the scheduler: what a pod or a batch job would be. The example of docs/executors.md. */
export const createExecutor = (({ name, options, home }) => {
  const { slots } = options as { slots?: unknown };
  if (typeof slots !== "number" || !(slots > 0)) throw new Error(`options.slots is ${String(slots)}, and must be a number above 0.`);
  return new ProcessExecutor(name, slots, join(home, name));
}) satisfies ExecutorFactory;

class ProcessExecutor implements Executor {
  readonly name: string;
  readonly #slots: number;
  readonly #folder: string;
  /** Process ids by attempt. A file for each survives this process. */
  readonly #running = new Map<string, number>();
  #start: ExecutorStart | null = null;
  #look: NodeJS.Timeout | null = null;

  constructor(name: string, slots: number, folder: string) {
    this.name = name;
    this.#slots = slots;
    this.#folder = folder;
  }

  async start(start: ExecutorStart): Promise<void> {
    this.#start = start;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#look = setInterval(() => this.#lookAfter(), LOOK_EVERY_MS);
  }

  async submit(commands: readonly TaskCommand[]): Promise<void> {
    await Promise.all(commands.map((command) => this.#run(command)));
  }

  /** The runner hears of it with its next heartbeat. */
  async cancel(): Promise<void> {}

  async adopt(attempts: readonly AdoptableAttempt[]): Promise<{ adopted: string[] }> {
    for (const attemptId of readdirSync(this.#folder)) {
      const pid = Number(readFileSync(join(this.#folder, attemptId), "utf8"));
      if (isAlive(pid)) this.#running.set(attemptId, pid);
      else rmSync(join(this.#folder, attemptId));
    }
    return { adopted: attempts.map(({ attemptId }) => attemptId).filter((attemptId) => this.#running.has(attemptId)) };
  }

  capacity(): ExecutorCapacity {
    return { slots: this.#slots, free: Math.max(0, this.#slots - this.#running.size) };
  }

  async stop({ drain, timeoutMs }: { drain: boolean; timeoutMs: number }): Promise<void> {
    const giveUpAt = performance.now() + timeoutMs;
    while (drain && this.#running.size > 0 && performance.now() < giveUpAt) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    if (this.#look !== null) clearInterval(this.#look);
  }

  async #run(command: TaskCommand): Promise<void> {
    const { attemptId } = command;
    // The same command may come twice.
    if (this.#running.has(attemptId)) return;
    const start = this.#start!;
    const hostId = `${this.name}-${attemptId}`;
    const settings = {
      hostId,
      executor: this.name,
      executionApiUrl: start.executionApiUrl,
      hostToken: await start.issueHostToken(hostId),
      command,
      folder: this.#folder,
    };
    const child: ChildProcess = spawn(process.execPath, [RUN_ONE], { detached: true, stdio: ["pipe", "ignore", "inherit"] });
    if (child.pid === undefined) throw new Error(`No process could be started for attempt ${attemptId}.`);
    this.#running.set(attemptId, child.pid);
    writeFileSync(join(this.#folder, attemptId), String(child.pid));
    child.on("exit", (code) => this.#gone(attemptId, code === 0));
    // Not among its arguments, which every user of the machine can read.
    child.stdin!.on("error", () => undefined).end(JSON.stringify(settings));
    child.unref();
  }

  /** Processes of an earlier scheduler are nobody's children. */
  #lookAfter(): void {
    for (const [attemptId, pid] of this.#running) if (!isAlive(pid)) this.#gone(attemptId, false);
  }

  /** Too much may be said here: of an attempt that has ended nobody wants to hear. */
  #gone(attemptId: string, endedWell: boolean): void {
    if (!this.#running.delete(attemptId)) return;
    rmSync(join(this.#folder, attemptId), { force: true });
    if (!endedWell) this.#start!.onEvent({ kind: "lost", attemptId, reason: "its process is gone" });
    this.#start!.onEvent({ kind: "capacity" });
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
