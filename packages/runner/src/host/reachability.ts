/** The execution API has not answered for a while, or refuses what it is asked. */
export interface HostTrouble {
  /** What the host tries. */
  doing: string;
  /** Since when nothing of it has worked. */
  forMs: number;
  failures: number;
  /** What the last try found. */
  error: string;
}

export interface ReachabilityOptions {
  /** Called when something has not worked for long, and again and again until it does. */
  onTrouble(trouble: HostTrouble): void;
  /** What was told as trouble works again. */
  onRecovered(doing: string, afterMs: number): void;
  /** `isFailing` has changed. */
  onChanged?(): void;
  /** Default 5 s: a restart of the server is no trouble. */
  tellAfterMs?: number;
  /** Default 30 s. */
  tellAgainAfterMs?: number;
}

interface Line {
  /** When the first call began that no success has followed; null: the last one worked. */
  failingSince: number | null;
  failures: number;
  error: string;
  toldAt: number | null;
}

/** Notices calls that fail for long, or that are never answered: attempts would wait without a word. Single failures are the business of those who repeat them. */
export class Reachability {
  readonly #options: ReachabilityOptions;
  readonly #lines = new Map<string, Line>();
  readonly #timer: NodeJS.Timeout;
  readonly #tellAfterMs: number;
  #answeredAt = performance.now();

  constructor(options: ReachabilityOptions) {
    this.#options = options;
    this.#tellAfterMs = options.tellAfterMs ?? 5_000;
    this.#timer = setInterval(() => this.#check(), this.#tellAfterMs / 2).unref();
  }

  /** Watches one kind of call; at most one call of a kind is under way. */
  async watch<T>(doing: string, call: () => Promise<T>): Promise<T> {
    const line = this.#line(doing);
    line.failingSince ??= performance.now();
    try {
      const answer = await call();
      this.#worked(doing, line);
      return answer;
    } catch (error) {
      const wasFailing = this.isFailing;
      line.failures++;
      line.error = error instanceof Error ? error.message : String(error);
      if (!wasFailing) this.#options.onChanged?.();
      throw error;
    }
  }

  /** For how long the longest of the calls that fail, or are not answered, has not worked. 0: all work. */
  silentForMs(): number {
    const now = performance.now();
    return Math.max(0, ...[...this.#lines.values()].map((line) => (line.failingSince === null ? 0 : now - line.failingSince)));
  }

  /** Some kind of call failed the last time it was made. */
  get isFailing(): boolean {
    return [...this.#lines.values()].some(({ failures }) => failures > 0);
  }

  /** When anything last worked, by the monotonic clock; nothing yet: when this began. */
  get answeredAt(): number {
    return this.#answeredAt;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #line(doing: string): Line {
    let line = this.#lines.get(doing);
    if (line === undefined) this.#lines.set(doing, (line = { failingSince: null, failures: 0, error: "no answer yet", toldAt: null }));
    return line;
  }

  #worked(doing: string, line: Line): void {
    this.#answeredAt = performance.now();
    const afterMs = this.#answeredAt - line.failingSince!;
    const told = line.toldAt !== null;
    const wasFailing = this.isFailing;
    Object.assign(line, { failingSince: null, failures: 0, error: "no answer yet", toldAt: null });
    if (wasFailing && !this.isFailing) this.#options.onChanged?.();
    if (told) this.#options.onRecovered(doing, afterMs);
  }

  #check(): void {
    const now = performance.now();
    for (const [doing, line] of this.#lines) {
      if (line.failingSince === null || now - line.failingSince < this.#tellAfterMs) continue;
      if (line.toldAt !== null && now - line.toldAt < (this.#options.tellAgainAfterMs ?? 30_000)) continue;
      line.toldAt = now;
      this.#options.onTrouble({ doing, forMs: now - line.failingSince, failures: line.failures, error: line.error });
    }
  }
}
