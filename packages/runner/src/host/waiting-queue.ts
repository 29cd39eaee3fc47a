import type { TaskCommand } from "@tradewind/contract";
import type { Attempt } from "./attempt.ts";

type Waiting = Attempt & { command: TaskCommand };

/** Delivered commands that have not been asked for: highest priority first, then in order of delivery. */
export class WaitingQueue {
  #items: Waiting[] = [];

  get length(): number {
    return this.#items.length;
  }

  ids(): string[] {
    return this.#items.map((one) => one.attemptId);
  }

  // Nearly always everything has the same weight, and the place is the end.
  push(attempt: Waiting): void {
    let at = this.#items.length;
    while (at > 0 && this.#items[at - 1]!.command.priorityWeight < attempt.command.priorityWeight) at--;
    this.#items.splice(at, 0, attempt);
  }

  shift(): Waiting | undefined {
    return this.#items.shift();
  }

  remove(attemptId: string): void {
    const index = this.#items.findIndex((one) => one.attemptId === attemptId);
    if (index !== -1) this.#items.splice(index, 1);
  }

  clear(): Waiting[] {
    return this.#items.splice(0);
  }
}
