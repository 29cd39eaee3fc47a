/**
 * Which elements the rows in sight are drawn in. A row keeps its element while it is in sight; one that comes into sight takes the element of one that has left. Elements that stay in the page
 * and get other states cost a fraction of new ones: of some hundred cells that a turn of the wheel brings, most look like those that have gone.
 */
export class RowSlots {
  #slots: ReadonlyMap<string, number> = new Map();

  /** @returns for each row, in their order, the number of its element; the same for the same rows */
  assign(rowKeys: readonly string[]): readonly number[] {
    const before = this.#slots;
    const taken = new Set(rowKeys.flatMap((key) => before.get(key) ?? []));
    let free = 0;
    const next = new Map<string, number>();
    for (const key of rowKeys) {
      let slot = before.get(key);
      if (slot === undefined) {
        while (taken.has(free)) free += 1;
        slot = free;
        taken.add(slot);
      }
      next.set(key, slot);
    }
    this.#slots = next;
    return rowKeys.map((key) => next.get(key)!);
  }
}
