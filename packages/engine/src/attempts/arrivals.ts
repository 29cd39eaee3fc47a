/** One caller's part of a batch, and its answer. */
interface Arrival<T, R> {
  item: T;
  resolve(answer: R): void;
  reject(error: unknown): void;
}

/**
 * Batches by arrival: one batch at a time, made of everything that came while the one before was under way. Load makes batches larger by itself; when idle an item is served at once.
 *
 * When a batch fails for another reason than a lost connection, its items are served one by one, so that only the one that is at fault fails.
 */
export class Arrivals<T, R> {
  readonly #serve: (items: T[]) => Promise<R[]>;
  readonly #isPassing: (error: unknown) => boolean;
  #waiting: Arrival<T, R>[] = [];
  #working: Promise<void> | undefined;

  /** @param isPassing whether an error is nobody's fault in the batch, so that taking it apart is of no use */
  constructor(serve: (items: T[]) => Promise<R[]>, isPassing: (error: unknown) => boolean) {
    this.#serve = serve;
    this.#isPassing = isPassing;
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
    while (this.#waiting.length > 0) await this.#serveAll(this.#waiting.splice(0));
    this.#working = undefined;
  }

  async #serveAll(batch: Arrival<T, R>[]): Promise<void> {
    try {
      const answers = await this.#serve(batch.map((arrival) => arrival.item));
      for (const [index, arrival] of batch.entries()) arrival.resolve(answers[index]!);
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1) return only!.reject(error);
      if (this.#isPassing(error)) return batch.forEach((arrival) => arrival.reject(error));
      for (const arrival of batch) await this.#serveAll([arrival]);
    }
  }
}
