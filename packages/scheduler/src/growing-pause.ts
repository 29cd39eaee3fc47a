const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** The pause of what failed: doubles with every failure in a row. */
export class GrowingPause {
  #pauseMs = 0;
  #retryAtMs = 0;

  get pauseMs(): number {
    return this.#pauseMs;
  }

  get retryAtMs(): number {
    return this.#retryAtMs;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#retryAtMs;
  }

  succeeded(): void {
    this.#pauseMs = 0;
  }

  failed(nowMs: number): void {
    this.#pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2), LONGEST_PAUSE_MS);
    this.#retryAtMs = nowMs + this.#pauseMs;
  }
}
