import type { LogBook } from "./log-book.ts";

export interface LogQuery {
  text: string;
  isCaseSensitive: boolean;
  isPattern: boolean;
}

/** Where a text was found: `rows[i]` from `starts[i]` to `ends[i]`. */
export interface LogMatches {
  rows: readonly number[];
  starts: readonly number[];
  ends: readonly number[];
  /** There are more. */
  isCut: boolean;
  /** The pattern is none. */
  problem: string | null;
}

const MOST_MATCHES = 100_000;
export const NO_MATCHES: LogMatches = { rows: [], starts: [], ends: [], isCut: false, problem: null };

/** All places of a text or pattern in some rows. */
export function findMatches(book: LogBook, among: Int32Array, query: LogQuery): LogMatches {
  if (query.text === "") return NO_MATCHES;
  const pattern = patternOf(query);
  if (pattern instanceof Error) return { ...NO_MATCHES, problem: pattern.message };
  const rows: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  for (const row of among) {
    const { text } = book.rows[row]!;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      if (match[0] === "") {
        pattern.lastIndex += 1;
        continue;
      }
      if (rows.length === MOST_MATCHES) return { rows, starts, ends, isCut: true, problem: null };
      rows.push(row);
      starts.push(match.index);
      ends.push(match.index + match[0].length);
    }
  }
  return { rows, starts, ends, isCut: false, problem: null };
}

function patternOf({ text, isCaseSensitive, isPattern }: LogQuery): RegExp | Error {
  const source = isPattern ? text : text.replaceAll(/[$()*+.?[\\\]^{|}]/gu, "\\$&");
  try {
    return new RegExp(source, isCaseSensitive ? "gu" : "giu");
  } catch (error) {
    return error as Error;
  }
}

/** The first match at or after a row; the first of all when there is none. -1: there are no matches. */
export function firstMatchFrom({ rows }: LogMatches, row: number): number {
  if (rows.length === 0) return -1;
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return low === rows.length ? 0 : low;
}
