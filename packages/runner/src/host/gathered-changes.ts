import type { HostChange } from "./host-options.ts";

const TELL_AFTER_MS = 5;
/** What came in the place of what went changes nothing for whoever delivers: that can wait for more. */
const TELL_EXCHANGED_AFTER_MS = 50;

/** Tells what came and went, gathered over some milliseconds: attempts come and go faster than anybody wants to hear of each. Soon when places are free again. */
export class GatheredChanges {
  readonly #tell: ((change: HostChange) => void) | undefined;
  #change: HostChange = { taken: [], ended: [] };
  #timer: NodeJS.Timeout | null = null;
  #isSoon = false;

  constructor(tell: ((change: HostChange) => void) | undefined) {
    this.#tell = tell;
  }

  note(change: { taken?: string; ended?: string } = {}): void {
    if (this.#tell === undefined) return;
    const { taken, ended } = this.#change;
    if (change.taken !== undefined) taken.push(change.taken);
    if (change.ended !== undefined) ended.push(change.ended);
    const isOfNoAttempt = change.taken === undefined && change.ended === undefined;
    this.#tellLater(isOfNoAttempt || ended.length > taken.length);
  }

  /** What was not told yet is told no more. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #tellLater(soon: boolean): void {
    if (this.#timer !== null && (this.#isSoon || !soon)) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#isSoon = soon;
    this.#timer = setTimeout(() => this.#tellAll(), soon ? TELL_AFTER_MS : TELL_EXCHANGED_AFTER_MS);
  }

  #tellAll(): void {
    this.#timer = null;
    this.#isSoon = false;
    const gathered = this.#change;
    this.#change = { taken: [], ended: [] };
    this.#tell?.(gathered);
  }
}
