import { availableParallelism } from "node:os";
import type { AttemptGrant } from "@tradewind/contract";
import type { FromChild } from "../protocol/messages.ts";
import type { GrantedAttempt } from "./attempt.ts";
import { type ChildExit, ChildProcessHandle, type ChildSpawn } from "./child-process.ts";
import type { ChildPolicy } from "./host-options.ts";
import { placeAttempt } from "./place-attempt.ts";

export interface ChildPoolOptions {
  slots: number;
  policy: ChildPolicy;
  /** Asked for each child. */
  spawn(): Omit<ChildSpawn, "memoryLimitMb">;
  defaultMemoryLimitMb: number | null;
  /** The attempt has got a child and is to be sent to it. */
  onPlaced(attempt: GrantedAttempt, child: ChildProcessHandle): void;
  onMessage(child: ChildProcessHandle, attempt: GrantedAttempt, message: FromChild): void;
  onPrinted(attempt: GrantedAttempt, stream: "stdout" | "stderr", bytes: Buffer): void;
  /** The child ended under its attempt. */
  onLostChild(attempt: GrantedAttempt, exit: ChildExit): void;
  onSpawned(child: ChildProcessHandle): void;
}

/** Weight of the newest attempt in the typical time; one long task must not hide that the others are short. */
const TYPICAL_WEIGHT = 0.05;
const TYPICAL_CLIP_MS = 200;
/** While tasks that want a process of their own come, so many wait for them: no more than start in the time of a step. */
const MOST_SPARES = 4;
/** After the last of them, one spare process is enough again. */
const SPARES_FOR_MS = 10_000;
/** How long the first in line may be passed by attempts whose bundle the free child has. */
const PASSED_FOR_AT_MOST_MS = 50;

/** The child processes of a host: who runs what, and when a process is started, kept, replaced and ended. */
export class ChildPool {
  readonly #options: ChildPoolOptions;
  readonly #children = new Set<ChildProcessHandle>();
  readonly #attempts = new Map<ChildProcessHandle, GrantedAttempt>();
  #ready: GrantedAttempt[] = [];
  readonly #spares = new Set<ChildProcessHandle>();
  /** When an attempt that wanted a process of its own was last placed. */
  #lastAloneAt = -Infinity;
  #fewerSpares: NodeJS.Timeout | null = null;
  #recheck: NodeJS.Timeout | null = null;
  #recheckAt = Infinity;
  #idleSweep: NodeJS.Timeout | null = null;
  #lastOverflowAt = 0;
  #typicalMs = TYPICAL_CLIP_MS;
  #isOpen = false;
  #stopping = false;
  readonly #cores = availableParallelism();
  #allGone: (() => void) | null = null;

  constructor(options: ChildPoolOptions) {
    this.#options = options;
  }

  get typicalMs(): number {
    return this.#typicalMs;
  }

  /** From now on children can be started. One is at once, so that the first attempt does not wait for it. */
  open(): void {
    this.#isOpen = true;
    this.#fillSpares();
    this.#place();
  }

  enqueue(attempt: GrantedAttempt): void {
    this.#ready.push(attempt);
    this.#place();
  }

  /** One of those that wait for a child is held no more. */
  placeReady(): void {
    this.#place();
  }

  /** Takes back an attempt that has no child yet. */
  remove(attempt: GrantedAttempt): void {
    const index = this.#ready.indexOf(attempt);
    if (index !== -1) this.#ready.splice(index, 1);
  }

  /** The child is done with its attempt. `unfit`: why it must not get another. */
  release(child: ChildProcessHandle, spent: { durationMs: number; rssBytes: number | undefined; unfit: string | undefined }): void {
    const attempt = this.#attempts.get(child);
    this.#attempts.delete(child);
    this.#typicalMs += TYPICAL_WEIGHT * (Math.min(spent.durationMs, TYPICAL_CLIP_MS) - this.#typicalMs);
    child.attemptsRun++;
    child.importing = false;
    child.sinceAt = performance.now();
    const keep =
      attempt !== undefined &&
      child.state === "busy" &&
      spent.unfit === undefined &&
      attempt.grant.isolation === "warm" &&
      !this.#isWorn(child, spent.rssBytes);
    if (keep) child.state = "idle";
    else child.end();
    if (keep) this.#preferOneFor(child);
    this.#place();
    if (child.state === "idle") this.#sweepLater();
  }

  pids(): number[] {
    return [...this.#children].flatMap((child) => child.pid ?? []);
  }

  /** Kills all children; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#recheck !== null) clearTimeout(this.#recheck);
    if (this.#idleSweep !== null) clearTimeout(this.#idleSweep);
    if (this.#fewerSpares !== null) clearTimeout(this.#fewerSpares);
    const gone = new Promise<void>((resolve) => (this.#allGone = resolve));
    for (const child of this.#children) child.end();
    if (this.#children.size > 0) await gone;
  }

  #isWorn(child: ChildProcessHandle, rssBytes: number | undefined): boolean {
    const { policy } = this.#options;
    return child.attemptsRun >= policy.maxAttempts || performance.now() - child.bornAt > policy.maxAgeMs || (rssBytes ?? 0) > policy.maxRssBytes;
  }

  /** An attempt whose bundle the free child has spares it an import; the first in line is not passed for longer than a moment. */
  #preferOneFor(child: ChildProcessHandle): void {
    const first = this.#ready[0];
    if (first === undefined || child.bundles.has(first.placementKey) || performance.now() - first.readyAt > PASSED_FOR_AT_MOST_MS) return;
    const index = this.#ready.findIndex((attempt) => child.bundles.has(attempt.placementKey));
    if (index > 0) this.#ready.unshift(...this.#ready.splice(index, 1));
  }

  #place(): void {
    if (this.#ready.length === 0 || !this.#isOpen || this.#stopping) return;
    const waiting = new Set<string>();
    let recheckMs = Infinity;
    const left: GrantedAttempt[] = [];
    for (const attempt of this.#ready) {
      if (attempt.heldSince !== null) {
        left.push(attempt);
        continue;
      }
      const key = attempt.placementKey;
      const waitMs = waiting.has(key) ? Infinity : this.#tryPlace(attempt);
      if (waitMs === null) continue;
      waiting.add(key);
      recheckMs = Math.min(recheckMs, waitMs);
      left.push(attempt);
    }
    this.#ready = left;
    if (recheckMs < Infinity) this.#recheckIn(Math.max(1, recheckMs));
  }

  /** A look that is due before does as well: it finds nothing, or asks again. With short tasks this comes thousands of times a second. */
  #recheckIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.#recheckAt <= at) return;
    if (this.#recheck !== null) clearTimeout(this.#recheck);
    this.#recheckAt = at;
    this.#recheck = setTimeout(() => {
      this.#recheckAt = Infinity;
      // Timers come before messages: after a moment without a core the ends of attempts are still to be read, and none of those children is held up.
      setImmediate(() => setImmediate(() => this.#place()));
    }, ms);
  }

  /** null: it has a child now; else for how long it may wait before this is looked at again. */
  #tryPlace(attempt: GrantedAttempt): number | null {
    const memoryLimitMb = this.#memoryLimit(attempt);
    const now = performance.now();
    // A process of its own is never one that ran something before.
    const isAlone = attempt.grant.isolation === "process";
    const bundleKey = isAlone ? `only ${attempt.attemptId}` : attempt.placementKey;
    const children = [...this.#children].filter((child) => !this.#spares.has(child));
    const situation = {
      children,
      slots: this.#options.slots,
      cores: this.#cores,
      typicalMs: this.#typicalMs,
      lastOverflowAt: this.#lastOverflowAt,
      now,
    };
    const policy = isAlone ? { ...this.#options.policy, bundlesPerChild: 0 } : this.#options.policy;
    const placement = placeAttempt({ bundleKey, memoryLimitMb, readyAt: attempt.readyAt }, situation, policy);
    if (placement.kind === "wait") return placement.atMostMs;
    if (placement.kind === "replace") placement.child.end();
    if (placement.kind === "start" && children.filter((child) => child.state === "busy").length >= this.#options.slots) this.#lastOverflowAt = now;
    if (isAlone) this.#lastAloneAt = now;
    this.#give(attempt, placement.kind === "use" ? placement.child : this.#freshChild(memoryLimitMb), bundleKey);
    return null;
  }

  #give(attempt: GrantedAttempt, child: ChildProcessHandle, bundleKey: string): void {
    child.state = "busy";
    child.sinceAt = performance.now();
    child.seq++;
    // Its core is busy with that for longer than with a short task.
    if (!child.bundles.has(bundleKey)) child.importing = true;
    child.bundles.add(bundleKey);
    this.#attempts.set(child, attempt);
    this.#options.onPlaced(attempt, child);
  }

  #freshChild(memoryLimitMb: number | null): ChildProcessHandle {
    const spare = [...this.#spares].find((child) => child.memoryLimitMb === memoryLimitMb && child.state === "idle");
    if (spare === undefined) return this.#spawn(memoryLimitMb);
    this.#spares.delete(spare);
    // After this attempt has been sent: a process that starts takes a core from the one that works. Where each task takes one, the next task is as near as the next process.
    if (this.#sparesWanted() > 1) setImmediate(() => this.#fillSpares());
    else setTimeout(() => this.#fillSpares(), 50).unref();
    return spare;
  }

  #sparesWanted(): number {
    if (!this.#options.policy.spare) return 0;
    const isSoonAfter = performance.now() - this.#lastAloneAt < SPARES_FOR_MS;
    return isSoonAfter ? Math.min(MOST_SPARES, Math.max(2, this.#cores)) : 1;
  }

  /** Starts processes in advance, or ends those that are too many by now. Each of them has run nothing of any author. */
  #fillSpares(): void {
    if (this.#stopping) return;
    const wanted = this.#sparesWanted();
    for (const spare of [...this.#spares].slice(wanted)) spare.end();
    for (let missing = wanted - this.#spares.size; missing > 0; missing--) this.#spares.add(this.#spawn(this.#options.defaultMemoryLimitMb));
    if (wanted <= 1 || this.#fewerSpares !== null) return;
    this.#fewerSpares = setTimeout(() => {
      this.#fewerSpares = null;
      this.#fillSpares();
    }, SPARES_FOR_MS + 1).unref();
  }

  #spawn(memoryLimitMb: number | null): ChildProcessHandle {
    const child = new ChildProcessHandle(
      { ...this.#options.spawn(), memoryLimitMb },
      {
        onMessage: (from, message) => {
          if (message.kind === "imported") from.importing = false;
          const attempt = this.#attempts.get(from);
          if (attempt !== undefined && message.seq === from.seq) this.#options.onMessage(from, attempt, message);
        },
        onPrinted: (from, stream, bytes) => {
          const attempt = this.#attempts.get(from);
          if (attempt !== undefined) this.#options.onPrinted(attempt, stream, bytes);
        },
        onGone: (from, exit) => this.#forget(from, exit),
      },
    );
    this.#children.add(child);
    this.#options.onSpawned(child);
    return child;
  }

  #forget(child: ChildProcessHandle, exit: ChildExit): void {
    this.#children.delete(child);
    this.#spares.delete(child);
    const attempt = this.#attempts.get(child);
    this.#attempts.delete(child);
    if (attempt !== undefined) this.#options.onLostChild(attempt, exit);
    if (this.#children.size === 0) this.#allGone?.();
    this.#place();
  }

  #memoryLimit(attempt: GrantedAttempt): number | null {
    return attempt.grant.memoryLimitMb ?? this.#options.defaultMemoryLimitMb;
  }

  // A burst leaves a process per slot; a quarter of the time shows that it is over, and one per core serves what comes one by one.
  #sweepLater(): void {
    const { maxIdleMs } = this.#options.policy;
    this.#idleSweep ??= setTimeout(() => {
      this.#idleSweep = null;
      const now = performance.now();
      const idle = [...this.#children].filter((child) => !this.#spares.has(child) && child.state === "idle");
      const latestFirst = idle.sort((one, other) => other.sinceAt - one.sinceAt);
      for (const [rank, child] of latestFirst.entries())
        if (now - child.sinceAt >= (rank < Math.max(2, this.#cores) ? maxIdleMs : maxIdleMs / 4)) child.end();
      if (idle.some((child) => child.state === "idle")) this.#sweepLater();
    }, maxIdleMs / 4);
  }
}

/** Attempts with the same key can follow each other in the same child. The same text in two projects may mean different packages. */
export function placementKeyOf(grant: AttemptGrant): string {
  return `${grant.isolation} ${grant.memoryLimitMb} ${grant.bundleSha256} ${grant.resolveFrom.join(":")}`;
}
