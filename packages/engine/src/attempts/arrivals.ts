/** One caller's part of a batch, and its answer. */
interface Arrival<T, R> {
  item: T;
  resolve(answer: R): void;
  reject(error: unknown): void;
}

interface ArrivalsOptions<T> {
  /** Whether an error is nobody's fault in the batch, so that taking it apart is of no use. */
  isPassing(error: unknown): boolean;
  /** Two items of one sender are never in one batch: the second may be there because nobody waits for the answer to the first any more. */
  senderOf(item: T): string;
}

/**
 * Batches by arrival: one batch at a time, made of everything that came while the one before was under way. Load makes batches larger by itself; when idle an item is served at once.
 *
 * When a batch fails for another reason than a lost connection, its items are served one by one, so that only the one that is at fault fails.
 */
export class Arrivals<T, R> {
  readonly #serve: (items: T[]) => Promise<R[]>;
  readonly #options: ArrivalsOptions<T>;
  #waiting: Arrival<T, R>[] = [];
  #working: Promise<void> | undefined;

  constructor(serve: (items: T[]) => Promise<R[]>, options: ArrivalsOptions<T>) {
    this.#serve = serve;
    this.#options = options;
  }

  add(item: T): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Settles when nothing is under way. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    // What arrives in this turn of the event loop comes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#serveAll(this.#nextBatch());
    this.#working = undefined;
  }

  /** The first of each sender. */
  #nextBatch(): Arrival<T, R>[] {
    const batch = new Map<string, Arrival<T, R>>();
    const later: Arrival<T, R>[] = [];
    for (const arrival of this.#waiting) {
      const sender = this.#options.senderOf(arrival.item);
      if (batch.has(sender)) later.push(arrival);
      else batch.set(sender, arrival);
    }
    this.#waiting = later;
    return [...batch.values()];
  }

  async #serveAll(batch: Arrival<T, R>[]): Promise<void> {
    try {
      const answers = await this.#serve(batch.map((arrival) => arrival.item));
      for (const [index, arrival] of batch.entries()) arrival.resolve(answers[index]!);
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1) return only!.reject(error);
      if (this.#options.isPassing(error)) return batch.forEach((arrival) => arrival.reject(error));
      for (const arrival of batch) await this.#serveAll([arrival]);
    }
  }
}
