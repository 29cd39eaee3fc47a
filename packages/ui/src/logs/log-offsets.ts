import type { LogBook } from "./log-book.ts";
import { wrapPlaces, wrapWidth } from "./log-wrap.ts";

/** Where the rows that are shown lie, counted in lines of text. */
export interface LogOffsets {
  /** Lines of all rows. */
  total: number;
  /** Lines before the row at a place. */
  of(place: number): number;
  /** The place of the row that covers a line. */
  at(line: number): number;
}

/**
 * @param columns how many fit beside each other; null: lines are not wrapped
 */
export function logOffsets(book: LogBook, visible: Int32Array, columns: number | null): LogOffsets {
  if (columns === null) {
    return { total: visible.length, of: (place) => place, at: (line) => clamp(Math.floor(line), visible.length) };
  }
  const before = new Int32Array(visible.length + 1);
  for (let place = 0; place < visible.length; place += 1) {
    const row = book.rows[visible[place]!]!;
    const width = wrapWidth(row, columns);
    before[place + 1] = before[place]! + (width === null ? 1 : wrapPlaces(row, width).length + 1);
  }
  return {
    total: before[visible.length]!,
    of: (place) => before[Math.min(place, visible.length)]!,
    at: (line) => {
      let low = 0;
      let high = visible.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (before[middle + 1]! <= line) low = middle + 1;
        else high = middle;
      }
      return clamp(low, visible.length);
    },
  };
}

function clamp(place: number, count: number): number {
  return Math.max(0, Math.min(place, count - 1));
}
