import type { TaskCommand } from "@tradewind/executor";
import type { FedHost, JobFeed } from "../src/index.ts";

/** Stands for a runner host and its server: holds what it is given until the test says that it has ended. */
export class MemoryHost implements FedHost {
  slots: number;
  readonly delivered: TaskCommand[] = [];
  /** Attempts that take a slot. */
  held: string[] = [];
  /** Whether the server answers; without an answer a job stays unacknowledged. */
  answers = true;
  readonly #feed: () => JobFeed;

  constructor(slots: number, feed: () => JobFeed) {
    this.slots = slots;
    this.#feed = feed;
  }

  room(): number {
    return this.slots - this.held.length;
  }

  load(): { slots: number; waiting: number; running: number } {
    return { slots: this.slots, waiting: 0, running: this.held.length };
  }

  deliver(commands: readonly TaskCommand[]): void {
    this.delivered.push(...commands);
    this.held.push(...commands.map(({ attemptId }) => attemptId));
    if (this.answers) setImmediate(() => this.#feed().answered(commands.map(({ attemptId }) => attemptId)));
  }

  finishAll(): void {
    this.held = [];
    this.#feed().changed();
  }
}
