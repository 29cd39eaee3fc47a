import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { TradewindError } from "@tradewind/core";
import type { SpecDefaults } from "tradewind/internal";
import {
  type ChildProgram,
  compileCacheOf,
  INSTALLATION_PROGRAMS,
  prepareChildProgram,
  removeOldCompiled,
  touchChildProgram,
} from "./child-program/child-program.ts";
import type { ChildOutcome, FromChild, ToChild } from "./child-protocol.ts";
import { residentMemoryBytes } from "./resident-memory.ts";

/** The same for every load of a child. */
export interface ChildSettings {
  /** Wall time of one load. */
  timeoutMs: number;
  /** Resident memory of the child. */
  memoryLimitMb: number;
  maxSpecBytes: number;
  defaults: SpecDefaults;
}

export interface ChildLoad {
  bundleUrl: string;
  code: string;
  resolveFrom: string[];
}

/** How a load ended that the child could not answer. */
export type ChildDeath = { kind: "timeout" } | { kind: "out_of_memory" } | { kind: "exit"; exitCode: number } | { kind: "crash"; signal: string };

export type ChildAnswer = { answered: true; outcome: ChildOutcome } | { answered: false; death: ChildDeath; stderr: string };

const CHILD_MAIN = fileURLToPath(new URL("./loader-child-main.ts", import.meta.url));
const START_TIMEOUT_MS = 60_000;
const WATCH_MEMORY_MS = 100;
const KEPT_STDERR = 4_000;
/** A child that floods stderr past this is cut off from it. */
const READ_STDERR_BYTES = 1024 * 1024;
/** Enough for Node itself and the SDK, beside the heap of author code. */
const BASE_MEMORY_MB = 96;
/** No child outlives its parent for long, even one that spins and never hears that its parent is gone. */
const CPU_SECONDS = 900;

/**
 * One loader child, seen from the pool.
 *
 * ```
 *   starting ──ready──▶ idle ──load──▶ busy ──answer──▶ idle (or dead, when it is not fit for another file)
 *       └──────────────────┴─────────────┴──kill, exit, crash──▶ dead
 * ```
 */
export class LoaderChild {
  readonly #process: ChildProcess;
  readonly #secret = randomBytes(16).toString("hex");
  readonly #settings: ChildSettings;
  readonly #messages = new EventEmitter<{ message: [FromChild] }>();
  readonly #exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  #dead = false;
  #loads = 0;
  #stderr = "";
  #reusable = true;

  private constructor(settings: ChildSettings, environment: Record<string, string>, program: ChildProgram | null) {
    this.#settings = settings;
    this.#process = spawnChild(settings, environment, program);
    this.#exited = new Promise((resolve) => {
      this.#process.once("exit", (code, signal) => this.#die(() => resolve({ code, signal })));
      this.#process.once("error", () => this.#die(() => resolve({ code: null, signal: null })));
    });
    this.#process.on("message", (message: unknown) => {
      if (isFromChild(message, this.#secret)) this.#messages.emit("message", message);
    });
    this.#process.once("disconnect", () => this.kill());
    this.#keepStderr();
  }

  /** @throws TradewindError `internal` when no working child can be started: a fault of the machine or the installation */
  static async start(settings: ChildSettings, environment: Record<string, string>): Promise<LoaderChild> {
    const program = await packedProgram();
    const child = new LoaderChild(settings, environment, program);
    const { maxSpecBytes, defaults } = settings;
    child.#send({ type: "init", secret: child.#secret, maxSpecBytes, defaults, ownPackage: program?.ownPackage ?? null });
    const first = await child.#next((message) => message.type === "ready" || message.type === "unusable", START_TIMEOUT_MS);
    if (first.message?.type === "ready") return child;
    child.kill();
    const why =
      first.message?.type === "unusable" ? (first.message.error.stack ?? first.message.error.message) : `${describeEnd(first)} ${child.#stderr}`;
    throw new TradewindError("internal", `A loader child process could not be started: ${why.trim()}`);
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** Loads given to this child so far. */
  get loads(): number {
    return this.#loads;
  }

  /** Whether another file may be loaded here: the ones before left nothing behind. */
  get isReusable(): boolean {
    return this.#reusable && !this.#dead;
  }

  async load(load: ChildLoad): Promise<ChildAnswer> {
    const loadId = ++this.#loads;
    this.#stderr = "";
    const memory = this.#watchMemory();
    this.#send({ type: "load", loadId, ...load });
    const end = await this.#next((message) => message.type === "loaded" && message.loadId === loadId, this.#settings.timeoutMs);
    memory.stop();
    if (end.message?.type === "loaded") {
      this.#reusable = end.message.reusable;
      return { answered: true, outcome: end.message.outcome };
    }
    this.kill();
    return { answered: false, death: memory.exceeded ? { kind: "out_of_memory" } : this.#deathOf(end), stderr: this.#stderr };
  }

  /** At once and with everything the child started. */
  kill(): void {
    if (this.#dead) return;
    this.#reusable = false;
    killGroup(this.#process);
  }

  async ended(): Promise<void> {
    await this.#exited;
  }

  #deathOf(end: WaitEnd): ChildDeath {
    if (end.timedOut) return { kind: "timeout" };
    if (/heap out of memory|Allocation failed|invalid table size|invalid array length Allocation/iu.test(this.#stderr))
      return { kind: "out_of_memory" };
    if (end.signal !== null) return { kind: "crash", signal: end.signal };
    return { kind: "exit", exitCode: end.code ?? 0 };
  }

  async #next(wanted: (message: FromChild) => boolean, timeoutMs: number): Promise<WaitEnd> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    const arrived = new Promise<WaitEnd>((resolve) => {
      const listen = (message: FromChild) => {
        if (wanted(message)) resolve({ message, timedOut: false, code: null, signal: null });
      };
      this.#messages.on("message", listen);
      abort.signal.addEventListener("abort", () => {
        this.#messages.off("message", listen);
        resolve({ timedOut: true, code: null, signal: null });
      });
    });
    const ended = this.#exited.then((end): WaitEnd => ({ timedOut: false, ...end }));
    const result = await Promise.race([arrived, ended]);
    clearTimeout(timer);
    abort.abort();
    return result;
  }

  #watchMemory(): { stop(): void; readonly exceeded: boolean } {
    let exceeded = false;
    const limit = this.#settings.memoryLimitMb * 1024 * 1024;
    const timer = setInterval(() => void check(), WATCH_MEMORY_MS);
    const check = async () => {
      const bytes = await residentMemoryBytes(this.#process.pid ?? 0);
      if (bytes === null || bytes <= limit) return;
      exceeded = true;
      this.kill();
    };
    return {
      stop: () => clearInterval(timer),
      get exceeded() {
        return exceeded;
      },
    };
  }

  #keepStderr(): void {
    let read = 0;
    const { stderr } = this.#process;
    stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      read += chunk.length;
      this.#stderr = (this.#stderr + chunk).slice(-KEPT_STDERR);
      if (read > READ_STDERR_BYTES) stderr.destroy();
    });
    stderr?.on("error", () => {});
  }

  #send(message: ToChild): void {
    // A child that died in the meantime is noticed by its exit.
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  #die(then: () => void): void {
    this.#dead = true;
    this.#reusable = false;
    // What the child started itself is not left behind either.
    killGroup(this.#process);
    then();
  }
}

interface WaitEnd {
  message?: FromChild;
  timedOut: boolean;
  code: number | null;
  signal: NodeJS.Signals | null;
}

let packing: Promise<ChildProgram | null> | undefined;

/** null: it cannot be packed, as in an installation that nobody may write to. Children then start from the sources, which takes longer and gives the same. */
async function packedProgram(): Promise<ChildProgram | null> {
  packing ??= findProgram().catch(() => null);
  const program = await packing;
  if (program === null || !existsSync(program.main)) return null;
  void touchChildProgram(program);
  return program;
}

async function findProgram(): Promise<ChildProgram> {
  const program = await prepareChildProgram({ entry: CHILD_MAIN, folders: [INSTALLATION_PROGRAMS] });
  void removeOldCompiled(compileCacheOf(program));
  return program;
}

function spawnChild(settings: ChildSettings, environment: Record<string, string>, program: ChildProgram | null): ChildProcess {
  const heapMb = Math.max(32, settings.memoryLimitMb - BASE_MEMORY_MB);
  const main = program === null ? [CHILD_MAIN] : [program.main, compileCacheOf(program)];
  const command = [process.execPath, `--max-old-space-size=${heapMb}`, "--no-warnings", ...main];
  // Images without a shell do without the limits that only a shell can set.
  const limited = !existsSync("/bin/sh") ? command : ["/bin/sh", "-c", `ulimit -c 0; ulimit -t ${CPU_SECONDS}; exec "$0" "$@"`, ...command];
  return spawn(limited[0] as string, limited.slice(1), {
    cwd: tmpdir(),
    env: environment,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    serialization: "json",
    // A process group of its own, so that what author code starts dies with it.
    detached: true,
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}

function isFromChild(message: unknown, secret: string): message is FromChild {
  return typeof message === "object" && message !== null && "secret" in message && message.secret === secret;
}

function describeEnd(end: WaitEnd): string {
  return end.timedOut ? `it was not ready within ${START_TIMEOUT_MS / 1000} s.` : `it ended at once (exit code ${end.code}, signal ${end.signal}).`;
}
