import type { GrantedAttempt } from "./attempt.ts";
import type { ChildExit } from "./child-process.ts";
import { residentBytes } from "./process-facts.ts";

const MB = 1024 * 1024;
const EVERY_MS = 250;

/** The heap limit of V8 covers JavaScript objects only; this covers buffers and native memory. Looks only while an attempt with a limit runs. */
export class MemoryWatch {
  readonly #running: () => Iterable<GrantedAttempt>;
  readonly #onOver: (attempt: GrantedAttempt, usedMb: number, limitMb: number) => void;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(running: () => Iterable<GrantedAttempt>, onOver: (attempt: GrantedAttempt, usedMb: number, limitMb: number) => void) {
    this.#running = running;
    this.#onOver = onOver;
  }

  /** Call when an attempt with a limit starts. */
  watch(): void {
    if (this.#timer === null && !this.#stopped) this.#timer = setTimeout(() => void this.#look(), EVERY_MS);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const limited = [...this.#running()].filter((attempt) => attempt.phase === "running" && attempt.child?.memoryLimitMb != null);
    await Promise.all(limited.map((attempt) => this.#check(attempt)));
    this.#timer = null;
    if (limited.length > 0) this.watch();
  }

  async #check(attempt: GrantedAttempt): Promise<void> {
    const { child } = attempt;
    const limitMb = child?.memoryLimitMb;
    if (child?.pid === undefined || limitMb == null) return;
    const bytes = await residentBytes(child.pid);
    if (bytes !== undefined && bytes > limitMb * MB && attempt.child === child && attempt.phase === "running")
      this.#onOver(attempt, Math.round(bytes / MB), limitMb);
  }
}

/** Did V8 give up for want of heap? It says so on stderr and aborts. */
export function isHeapExhaustion(exit: ChildExit): boolean {
  return (
    /JavaScript heap out of memory|Allocation failed|invalid array length Allocation/u.test(exit.lastWords) &&
    (exit.signal === "SIGABRT" || exit.signal === "SIGTRAP" || exit.signal === "SIGILL" || exit.code === 134 || exit.code === 133)
  );
}
