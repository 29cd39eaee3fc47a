/** Far more than can end so while a lease lasts. */
const MAX_KEPT = 10_000;

/** Granted attempts that ended here without the server's having heard of it: their leases may outlive them, and they must not be taken for some that this host was never told of. */
export class GivenUpAttempts {
  readonly #ids = new Set<string>();

  add(attemptId: string): void {
    this.#ids.add(attemptId);
    if (this.#ids.size > MAX_KEPT) this.#ids.delete(this.#ids.values().next().value!);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#ids.values();
  }
}
