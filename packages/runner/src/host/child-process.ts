import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import type { ChildProgram } from "@tradewind/loader/child-program";
import { CHILD_MAIN } from "./child-programs.ts";
import { isRunnable } from "./process-facts.ts";
import { LineReader } from "../protocol/line-reader.ts";
import { FROM_CHILD_FD, type FromChild, TO_CHILD_FD, type ToChild } from "../protocol/messages.ts";

/** Something a process that is gone may have left in its pipes is waited for no longer than this: a program in a session of its own could hold them open for ever. */
const DRAIN_AFTER_EXIT_MS = 200;

/** To stop and to go on: neither can be caught or ignored. */
export type GroupSignal = "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT";

/** Beside the result itself: escapes of JSON in JSON, the envelope. */
const FRAME_ALLOWANCE = 4;

export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The end of what it printed by its own descriptors: where V8 says why it gave up. */
  lastWords: string;
}

export interface ChildCallbacks {
  onMessage(child: ChildProcessHandle, message: FromChild): void;
  onPrinted(child: ChildProcessHandle, stream: "stdout" | "stderr", bytes: Buffer): void;
  /** The process is gone, and everything it printed has been handed over. */
  onGone(child: ChildProcessHandle, exit: ChildExit): void;
}

export interface ChildSpawn {
  env: NodeJS.ProcessEnv;
  /** null: the child runs from the sources. */
  program: ChildProgram | null;
  compileCacheDir: string;
  memoryLimitMb: number | null;
  maxResultBytes: number;
}

/**
 * One child process, leader of its own process group, so that it and all it has started can be stopped together.
 */
export class ChildProcessHandle {
  readonly memoryLimitMb: number | null;
  readonly bornAt = performance.now();
  /** Keys of the bundles it has imported. */
  readonly bundles = new Set<string>();
  attemptsRun = 0;
  /** Number of the attempt in this child; see `ToChild`. */
  seq = 0;
  state: "idle" | "busy" | "ending" | "gone" = "idle";
  /** The bundle of its attempt is not there yet. */
  importing = true;
  /** When it got its present attempt, or since when it has none. */
  sinceAt = performance.now();

  readonly #process: ChildProcess;
  readonly #nonce = randomBytes(12).toString("hex");
  readonly #callbacks: ChildCallbacks;
  #lastWords = "";

  constructor(options: ChildSpawn, callbacks: ChildCallbacks) {
    this.memoryLimitMb = options.memoryLimitMb;
    this.#callbacks = callbacks;
    const heap = options.memoryLimitMb === null ? [] : [`--max-old-space-size=${options.memoryLimitMb}`];
    const main = options.program?.main ?? CHILD_MAIN;
    this.#process = spawn(process.execPath, [...heap, "--no-warnings=ExperimentalWarning", main, options.compileCacheDir], {
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      env: options.env,
      detached: true,
    });
    this.#listen(options.maxResultBytes);
    const ownPackage = options.program?.ownPackage ?? null;
    this.send({ kind: "hello", nonce: this.#nonce, maxResultBytes: options.maxResultBytes, ownPackage });
  }

  /** undefined: it could not be started. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  isRunnable(): boolean {
    return this.pid !== undefined && this.state !== "gone" && isRunnable(this.pid);
  }

  send(message: ToChild): void {
    const pipe = this.#process.stdio[TO_CHILD_FD] as Writable | null;
    if (pipe?.writable) pipe.write(`${JSON.stringify(message)}\n`);
  }

  /** Signals the process and everything it started. */
  signalGroup(signal: GroupSignal): void {
    const pid = this.#process.pid;
    if (pid === undefined || this.state === "gone") return;
    killGroup(pid, signal);
  }

  /** Ends it for good; nothing in it is worth waiting for. */
  end(): void {
    if (this.state !== "gone") this.state = "ending";
    this.signalGroup("SIGKILL");
  }

  #listen(maxResultBytes: number): void {
    const child = this.#process;
    const reader = new LineReader((line) => this.#onLine(line), FRAME_ALLOWANCE * maxResultBytes + 1024 * 1024);
    const messages = child.stdio[FROM_CHILD_FD] as Readable | null;
    messages?.on("data", (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch {
        this.signalGroup("SIGKILL");
      }
    });
    child.stdout?.on("data", (bytes: Buffer) => this.#callbacks.onPrinted(this, "stdout", bytes));
    child.stderr?.on("data", (bytes: Buffer) => {
      this.#lastWords = (this.#lastWords + bytes.toString("latin1")).slice(-8192);
      this.#callbacks.onPrinted(this, "stderr", bytes);
    });
    // A broken pipe means that the process is going; its exit tells the rest.
    for (const stream of child.stdio) stream?.on("error", () => undefined);
    this.#awaitEnd();
  }

  #onLine(line: string): void {
    if (!line.startsWith(this.#nonce)) return;
    let message: FromChild;
    try {
      message = JSON.parse(line.slice(this.#nonce.length)) as FromChild;
    } catch {
      return this.signalGroup("SIGKILL");
    }
    this.#callbacks.onMessage(this, message);
  }

  #awaitEnd(): void {
    const child = this.#process;
    let exit: ChildExit = { code: null, signal: null, lastWords: "" };
    let timer: NodeJS.Timeout | undefined;
    const gone = () => {
      if (this.state === "gone") return;
      this.state = "gone";
      clearTimeout(timer);
      for (const stream of child.stdio) stream?.destroy();
      this.#callbacks.onGone(this, { ...exit, lastWords: this.#lastWords });
    };
    child.on("exit", (code, signal) => {
      exit = { ...exit, code, signal };
      if (child.pid !== undefined) killGroup(child.pid, "SIGKILL");
      timer = setTimeout(gone, DRAIN_AFTER_EXIT_MS);
    });
    child.on("close", gone);
    child.on("error", (error) => {
      this.#lastWords += String(error);
      if (child.pid === undefined) gone();
    });
  }
}

/** ESRCH: nobody of the group is left. */
export function killGroup(pid: number, signal: GroupSignal): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
