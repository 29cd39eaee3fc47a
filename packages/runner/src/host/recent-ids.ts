/** Far more than can come and go while a lease lasts. */
const MAX_KEPT = 10_000;

/** Ids of attempts that this host has to do with no more and still has to remember: the latest of them. */
export class RecentIds {
  readonly #ids = new Set<string>();

  add(attemptId: string): void {
    this.#ids.add(attemptId);
    if (this.#ids.size > MAX_KEPT) this.#ids.delete(this.#ids.values().next().value!);
  }

  has(attemptId: string): boolean {
    return this.#ids.has(attemptId);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#ids.values();
  }
}
