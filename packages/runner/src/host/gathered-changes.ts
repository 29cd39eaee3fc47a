import type { HostChange } from "./host-options.ts";

const TELL_AFTER_MS = 5;

/** Tells what came and went, gathered over a few milliseconds: attempts come and go faster than anybody wants to hear of each. */
export class GatheredChanges {
  readonly #tell: ((change: HostChange) => void) | undefined;
  #change: HostChange = { taken: [], ended: [] };
  #timer: NodeJS.Timeout | null = null;

  constructor(tell: ((change: HostChange) => void) | undefined) {
    this.#tell = tell;
  }

  note(change: { taken?: string; ended?: string } = {}): void {
    if (this.#tell === undefined) return;
    if (change.taken !== undefined) this.#change.taken.push(change.taken);
    if (change.ended !== undefined) this.#change.ended.push(change.ended);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const gathered = this.#change;
      this.#change = { taken: [], ended: [] };
      this.#tell?.(gathered);
    }, TELL_AFTER_MS);
  }

  /** What was not told yet is told no more. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
