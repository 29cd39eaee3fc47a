const MAX_KEPT = 10_000;

/**
 * Finishes that this process accepted a short while ago. A host that missed the answer asks again, when the lease is gone and the attempt cannot be found any more; it is told
 * "accepted" as before. After a restart it hears "no lease", and drops the attempt just the same.
 */
export class AcceptedFinishes {
  readonly #ids = new Set<string>();

  has(attemptId: string): boolean {
    return this.#ids.has(attemptId);
  }

  add(attemptIds: Iterable<string>): void {
    for (const attemptId of attemptIds) {
      this.#ids.add(attemptId);
      if (this.#ids.size > MAX_KEPT) this.#ids.delete(this.#ids.values().next().value!);
    }
  }
}
