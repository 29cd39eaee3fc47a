/**
 * Files that wait to be loaded, each at most once. Edited files go before the rest, and have a lane of their own: a person waits for them, and no backlog
 * and no hanging file of it may be in their way.
 */
export class LoadQueue<T> {
  readonly #lanes: number;
  readonly #run: (item: T) => Promise<void>;
  readonly #urgent = new Set<T>();
  readonly #backlog = new Set<T>();
  readonly #running = new Map<T, { urgent: boolean }>();
  /** Asked for again while running. */
  readonly #again = new Map<T, { urgent: boolean }>();
  #idleWaiters: (() => void)[] = [];
  #stopped = false;

  /** @param run must not throw */
  constructor(lanes: number, run: (item: T) => Promise<void>) {
    this.#lanes = lanes;
    this.#run = run;
  }

  get size(): number {
    return this.#urgent.size + this.#backlog.size;
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
    for (const item of this.#urgent) return this.#running.size <= this.#lanes ? { item, urgent: true } : undefined;
    for (const item of this.#backlog) return this.#running.size < this.#lanes ? { item, urgent: false } : undefined;
    return undefined;
  }

  async #start(item: T, urgent: boolean): Promise<void> {
    this.#urgent.delete(item);
    this.#backlog.delete(item);
    this.#running.set(item, { urgent });
    await this.#run(item);
    this.#running.delete(item);
    const again = this.#again.get(item);
    this.#again.delete(item);
    if (again !== undefined) this.add(item, again.urgent);
    this.#pump();
  }
}
