import { type AnsiStyle, parseAnsi } from "./ansi.ts";
import type { LogRow } from "./log-book.ts";

/** A part of a row that looks the same throughout. */
export interface LogSegment {
  text: string;
  style: AnsiStyle | null;
  /** Where it leads, when it is an address. */
  href: string | null;
  isField: boolean;
  /** Number of the match that it is part of, among those of the row; null: none. */
  match: number | null;
  /** It begins a further line of its row. */
  isWrapped: boolean;
}

export interface MatchRange {
  start: number;
  end: number;
}

const ADDRESS = /https?:\/\/[^\s<>"'`)\]}]*[^\s<>"'`)\]},.;:!?]/gu;

/** A row cut wherever something about its look changes: colours, addresses, the author's fields, what was searched, and where a further line begins. */
export function segmentsOf(row: LogRow, matches: readonly MatchRange[], wraps: readonly number[] = []): LogSegment[] {
  const { text, fieldsAt } = row;
  const runs = row.raw === null ? [] : parseAnsi(row.raw).runs;
  const addresses = text.includes("://")
    ? [...text.matchAll(ADDRESS)].map(({ index, 0: href }) => ({ start: index, end: index + href.length, href }))
    : [];
  const cuts = new Set([0, text.length, Math.min(fieldsAt, text.length), ...wraps]);
  for (const { start, end } of [...runs, ...addresses, ...matches]) cuts.add(start).add(end);
  const places = [...cuts].filter((cut) => cut <= text.length).toSorted((a, b) => a - b);
  const covers = (start: number) => (range: MatchRange) => range.start <= start && start < range.end;
  return places.slice(0, -1).map((start, index) => {
    const match = matches.findIndex(covers(start));
    return {
      text: text.slice(start, places[index + 1]),
      style: runs.find(covers(start))?.style ?? null,
      href: addresses.find(covers(start))?.href ?? null,
      isField: start >= fieldsAt,
      match: match === -1 ? null : match,
      isWrapped: wraps.includes(start),
    };
  });
}
