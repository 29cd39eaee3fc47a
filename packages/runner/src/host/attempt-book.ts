import type { HostAttempts, TaskCommand } from "@tradewind/contract";
import { type Attempt, type GrantedAttempt, isGranted } from "./attempt.ts";
import { RecentIds } from "./recent-ids.ts";
import { WaitingQueue } from "./waiting-queue.ts";

/** The attempts of a host, from their delivery until it is done with them, and what it has to remember of them then. */
export class AttemptBook {
  readonly #attempts = new Map<string, Attempt>();
  readonly #waiting = new WaitingQueue();
  /** Granted attempts that ended here without the server's having heard of it: their leases may outlive them, and they must not be taken for some that this host was never told of. */
  readonly #givenUp = new RecentIds();
  /** Attempts that the server began here without being asked for them: told of by a message, or found out by asking what runs here. What tells of them the second time may come when they have ended. */
  readonly #unasked = new RecentIds();
  readonly #onChange: (change: { taken?: string; ended?: string }) => void;
  #taken = 0;
  #empty: (() => void)[] = [];

  constructor(onChange: (change: { taken?: string; ended?: string }) => void) {
    this.#onChange = onChange;
  }

  load(): { waiting: number; running: number } {
    return { waiting: this.#waiting.length, running: this.#attempts.size - this.#waiting.length };
  }

  /** Delivered, not asked for. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Asked for, ready or running: what takes a slot or waits for one. */
  get taken(): number {
    return this.#taken;
  }

  get(attemptId: string): Attempt | undefined {
    return this.#attempts.get(attemptId);
  }

  *granted(): Iterable<GrantedAttempt> {
    for (const attempt of this.#attempts.values()) if (isGranted(attempt)) yield attempt;
  }

  list(): HostAttempts {
    const ids = (waiting: boolean) => [...this.#attempts.values()].filter((one) => (one.phase === "waiting") === waiting).map((one) => one.attemptId);
    return { waiting: ids(true), running: ids(false) };
  }

  waitingIds(): string[] {
    return this.#waiting.ids();
  }

  /** What the server need not tell this host of. */
  known(): string[] {
    return [...this.#attempts.keys(), ...this.#givenUp];
  }

  deliver(command: TaskCommand): void {
    const attempt = { attemptId: command.attemptId, phase: "waiting" as const, command };
    this.#attempts.set(attempt.attemptId, attempt);
    this.#waiting.push(attempt);
  }

  /** The best that waits is asked for now; null: nothing waits. */
  takeWaiting(): Attempt | null {
    const attempt = this.#waiting.shift();
    if (attempt === undefined) return null;
    attempt.phase = "starting";
    this.#taken++;
    return attempt;
  }

  /** It was granted, in the place of what was known of it. */
  grant(attempt: GrantedAttempt): void {
    const known = this.#attempts.get(attempt.attemptId);
    if (known === undefined || known.phase === "waiting") this.#taken++;
    if (known?.phase === "waiting") this.#waiting.remove(known.attemptId);
    this.#attempts.set(attempt.attemptId, attempt);
    if (known === undefined) this.#onChange({ taken: attempt.attemptId });
  }

  /** Its end is on its way to the server: it takes no slot any more. */
  report(attempt: GrantedAttempt): void {
    if (attempt.phase !== "reporting") this.#taken--;
    attempt.phase = "reporting";
  }

  forget(attemptId: string): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return;
    if (attempt.phase === "waiting") this.#waiting.remove(attemptId);
    else if (attempt.phase !== "reporting") this.#taken--;
    this.#attempts.delete(attemptId);
    this.#onChange({ ended: attemptId });
    if (this.#attempts.size === 0) for (const resolve of this.#empty.splice(0)) resolve();
  }

  forgetWaiting(): void {
    for (const { attemptId } of this.#waiting.clear()) this.forget(attemptId);
  }

  /** The server will not hear of its end. */
  giveUp(attemptId: string): void {
    this.#givenUp.add(attemptId);
    this.forget(attemptId);
  }

  isGivenUp(attemptId: string): boolean {
    return this.#givenUp.has(attemptId);
  }

  noteUnasked(attemptId: string): void {
    this.#unasked.add(attemptId);
  }

  cameUnasked(attemptId: string): boolean {
    return this.#unasked.has(attemptId);
  }

  /** Resolves when there is none. */
  async empty(): Promise<void> {
    if (this.#attempts.size > 0) await new Promise<void>((resolve) => this.#empty.push(resolve));
  }
}
