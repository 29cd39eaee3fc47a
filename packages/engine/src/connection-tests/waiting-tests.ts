/** What came without being told of is noticed by then: tests whose host died, and where notifications are not heard. */
const LOOK_EVERY_MS = 2_000;

/**
 * Whether tests of connections may wait, so that heartbeats ask the database for them only then: there are many heartbeats, and hardly ever a test. Errs to "some wait".
 */
export class WaitingTests {
  readonly #look: () => Promise<boolean>;
  readonly #now: () => number;
  #isStale = true;
  #lookedAt = 0;
  #waiting = false;
  #looking: Promise<boolean> | null = null;

  /** @param look asks the database @param now in milliseconds */
  constructor(look: () => Promise<boolean>, now: () => number) {
    this.#look = look;
    this.#now = now;
  }

  /** Some were asked for, or given back. */
  noteWork(): void {
    this.#isStale = true;
  }

  async mayWait(): Promise<boolean> {
    const isFresh = !this.#isStale && Math.abs(this.#now() - this.#lookedAt) < LOOK_EVERY_MS;
    if (isFresh) return this.#waiting;
    return (this.#looking ??= this.#lookNow().finally(() => (this.#looking = null)));
  }

  async #lookNow(): Promise<boolean> {
    // Before the look: what is told of meanwhile is looked for once more.
    this.#isStale = false;
    this.#lookedAt = this.#now();
    try {
      return (this.#waiting = await this.#look());
    } catch (error) {
      this.#isStale = true;
      throw error;
    }
  }
}
