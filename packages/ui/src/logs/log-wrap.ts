import { columnsOf, isWide, type LogRow } from "./log-book.ts";

/** Columns that each step into a group takes. */
const INDENT_COLUMNS = 2;
const LEAST_COLUMNS = 8;

/** How many columns a row has to be wrapped into; null: it fits in one line, or is not wrapped. */
export function wrapWidth({ cells, depth, kind }: LogRow, columns: number | null): number | null {
  if (columns === null) return null;
  const width = Math.max(LEAST_COLUMNS, columns - depth * INDENT_COLUMNS);
  // A title is cut off, not wrapped.
  return cells <= width || kind === "group" ? null : width;
}

/**
 * Where the second and further lines of a row begin: after a space, and within a word only when it is longer than a line. It is reckoned here and not left to the browser, because the height of
 * a hundred thousand rows has to be known without drawing them.
 */
export function wrapPlaces({ text, cells }: Pick<LogRow, "text" | "cells">, width: number): number[] {
  return cells === text.length ? plainPlaces(text, width) : widePlaces(text, width);
}

function plainPlaces(text: string, width: number): number[] {
  const places: number[] = [];
  let from = 0;
  while (text.length - from > width) {
    // The space itself may hang over the edge.
    const space = text.lastIndexOf(" ", from + width);
    const to = space > from && !isBlank(text, from, space) ? space + 1 : from + width;
    if (to >= text.length) break;
    places.push(to);
    from = to;
  }
  return places;
}

/** An indentation is no line of its own. */
function isBlank(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (text[at] !== " ") return false;
  return true;
}

/** With tabs, and with signs that take two columns, between which a line may end. */
function widePlaces(text: string, width: number): number[] {
  const places: number[] = [];
  let used = 0;
  let from = 0;
  let space = -1;
  let at = 0;
  for (const sign of text) {
    const columns = columnsOf(sign, used);
    if (used + columns > width && at > from && sign !== " ") {
      const to = !isWide(sign) && space > from && !isBlank(text, from, space - 1) ? space : at;
      places.push(to);
      from = to;
      used = 0;
      for (const before of text.slice(to, at)) used += columnsOf(before, used);
    }
    used += columnsOf(sign, used);
    at += sign.length;
    if (sign === " " || sign === "\t" || isWide(sign)) space = at;
  }
  return places;
}
