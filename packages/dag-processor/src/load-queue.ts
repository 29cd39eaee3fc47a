/** The place in which an item runs. */
export interface Lane {
  readonly urgent: boolean;
  /** What is left to do needs no lane: another item may start. */
  leave(): void;
}

/** What runs without a lane: more than this many, and nothing is started until some have ended. */
const MAX_OUTSIDE_OF_LANES = 100;

/**
 * Files that wait to be loaded, each at most once. Edited files go before the rest, and have a lane of their own: a person waits for them, and no backlog
 * and no hanging file of it may be in their way.
 */
export class LoadQueue<T> {
  readonly #lanes: number;
  readonly #run: (item: T, lane: Lane) => Promise<void>;
  readonly #urgent = new Set<T>();
  readonly #backlog = new Set<T>();
  readonly #running = new Set<T>();
  #occupied = 0;
  /** Asked for again while running. */
  readonly #again = new Map<T, { urgent: boolean }>();
  #idleWaiters: (() => void)[] = [];
  #stopped = false;

  /** @param run must not throw */
  constructor(lanes: number, run: (item: T, lane: Lane) => Promise<void>) {
    this.#lanes = lanes;
    this.#run = run;
  }

  get size(): number {
    return this.#urgent.size + this.#backlog.size;
  }

  /** Whether items wait that are as urgent as that. */
  hasMore(urgent: boolean): boolean {
    return this.#urgent.size > 0 || (!urgent && this.#backlog.size > 0);
  }

  isRunning(item: T): boolean {
    return this.#running.has(item);
  }

  add(item: T, urgent: boolean): void {
    if (this.#stopped) return;
    if (this.#running.has(item)) this.#again.set(item, { urgent });
    else if (urgent) {
      this.#backlog.delete(item);
      this.#urgent.add(item);
    } else if (!this.#urgent.has(item)) this.#backlog.add(item);
    this.#pump();
  }

  remove(item: T): void {
    this.#urgent.delete(item);
    this.#backlog.delete(item);
    this.#again.delete(item);
    this.#pump();
  }

  /** Resolves when nothing waits and nothing runs. */
  async whenIdle(): Promise<void> {
    if (this.size + this.#running.size > 0) await new Promise<void>((resolve) => void this.#idleWaiters.push(resolve));
  }

  /** Nothing more is started; resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#urgent.clear();
    this.#backlog.clear();
    this.#again.clear();
    await this.whenIdle();
  }

  #pump(): void {
    for (let item = this.#next(); item !== undefined; item = this.#next()) void this.#start(item.item, item.urgent);
    if (this.size + this.#running.size > 0) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #next(): { item: T; urgent: boolean } | undefined {
    if (this.#running.size - this.#occupied >= MAX_OUTSIDE_OF_LANES) return undefined;
    for (const item of this.#urgent) return this.#occupied <= this.#lanes ? { item, urgent: true } : undefined;
    for (const item of this.#backlog) return this.#occupied < this.#lanes ? { item, urgent: false } : undefined;
    return undefined;
  }

  async #start(item: T, urgent: boolean): Promise<void> {
    this.#urgent.delete(item);
    this.#backlog.delete(item);
    this.#running.add(item);
    this.#occupied += 1;
    let occupies = true;
    const leave = (): void => {
      if (!occupies) return;
      occupies = false;
      this.#occupied -= 1;
      this.#pump();
    };
    await this.#run(item, { urgent, leave });
    this.#running.delete(item);
    leave();
    const again = this.#again.get(item);
    this.#again.delete(item);
    if (again !== undefined) this.add(item, again.urgent);
    this.#pump();
  }
}
