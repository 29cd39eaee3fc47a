import { LOG_LEVELS, type LogBook, type LogLevel, type LogSource } from "./log-book.ts";

export interface LogFilter {
  /** From this level up; trace: all. */
  level: LogLevel;
  /** Those that are left out. */
  hidden: readonly LogSource[];
}

/** What a person folded (true) or unfolded, by the row of the group's title. */
export type Folds = ReadonlyMap<number, boolean>;

/** Groups that have ended are folded, unless there is an error in them. */
export function isFolded(book: LogBook, group: number, folds: Folds): boolean {
  const row = book.rows[group]!;
  return folds.get(group) ?? (row.end !== -1 && row.errors === 0);
}

export function isFiltering({ level, hidden }: LogFilter): boolean {
  return level !== "trace" || hidden.length > 0;
}

/** Numbers of the rows that pass a filter, in order, whether their groups are folded or not. Titles of groups with nothing in them that passes are left out. */
export function passingRows(book: LogBook, filter: LogFilter): Int32Array {
  return collect(book, filter, undefined);
}

/** Numbers of the rows to show. While something is filtered, only what a person folded is folded: what was asked for is seen. */
export function visibleRows(book: LogBook, filter: LogFilter, folds: Folds): Int32Array {
  const filtering = isFiltering(filter);
  return collect(book, filter, (group) => (filtering ? folds.get(group) === true : isFolded(book, group, folds)));
}

function collect(book: LogBook, filter: LogFilter, isShut: ((group: number) => boolean) | undefined): Int32Array {
  const { rows } = book;
  const lowest = LOG_LEVELS.indexOf(filter.level);
  const filtering = isFiltering(filter);
  const passes = Object.fromEntries(LOG_LEVELS.map((level, rank) => [level, rank >= lowest])) as Record<LogLevel, boolean>;
  const hidden = new Set<LogSource>(filter.hidden);
  const found = new Int32Array(rows.length);
  const titles: number[] = [];
  let count = 0;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at]!;
    if (row.kind === "group_end") {
      // A group that was not opened has no title waiting.
      if (titles.at(-1) !== undefined && rows[titles.at(-1)!]!.end === at + 1) titles.pop();
      continue;
    }
    if (row.kind === "line" && (!passes[row.level] || hidden.has(row.source))) continue;
    if (row.kind === "group" && filtering) {
      titles.push(at);
      if (isShut?.(at) === true && hasPassing(book, at, passes, hidden)) {
        count = flush(titles, found, count);
        at = endOf(book, at) - 1;
      }
      continue;
    }
    count = flush(titles, found, count);
    found[count++] = at;
    if (row.kind === "group" && isShut?.(at) === true) at = endOf(book, at) - 1;
  }
  return found.slice(0, count);
}

/** Titles whose group turned out to have something in it. */
function flush(titles: number[], found: Int32Array, before: number): number {
  if (titles.length === 0) return before;
  let count = before;
  for (const title of titles.splice(0)) found[count++] = title;
  return count;
}

function hasPassing({ rows }: LogBook, group: number, passes: Record<LogLevel, boolean>, hidden: ReadonlySet<LogSource>): boolean {
  const end = rows[group]!.end === -1 ? rows.length : rows[group]!.end;
  for (let at = group + 1; at < end; at += 1) {
    const row = rows[at]!;
    if (row.kind === "line" && passes[row.level] && !hidden.has(row.source)) return true;
  }
  return false;
}

function endOf({ rows }: LogBook, group: number): number {
  return rows[group]!.end === -1 ? rows.length : rows[group]!.end;
}

/** The folds that let a row be seen. */
export function unfoldTo(book: LogBook, row: number, folds: Folds): Folds {
  const next = new Map(folds);
  for (let group = book.rows[row]?.parent ?? -1; group !== -1; group = book.rows[group]!.parent) next.set(group, false);
  return next;
}

/** Where a row is among those shown, or the last one before it; 0 when there is none. */
export function placeOf(visible: Int32Array, row: number): number {
  let low = 0;
  let high = visible.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (visible[middle]! <= row) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
