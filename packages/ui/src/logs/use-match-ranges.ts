import { useMemo } from "react";
import type { LogMatches } from "./log-search.ts";
import type { MatchRange } from "./log-segments.ts";

const NONE: readonly MatchRange[] = [];

/** The matches of each row, and the one that was gone to. A row keeps its list while the search is the same, so that it is not drawn anew. */
export function useMatchRanges(
  matches: LogMatches,
  current: number,
): { matchesOf: (row: number) => readonly MatchRange[]; currentMatch: { row: number; match: number } | null } {
  const byRow = useMemo(() => {
    const ranges = new Map<number, { first: number; list: MatchRange[] }>();
    matches.rows.forEach((row, index) => {
      const range = { start: matches.starts[index]!, end: matches.ends[index]! };
      const known = ranges.get(row);
      if (known === undefined) ranges.set(row, { first: index, list: [range] });
      else known.list.push(range);
    });
    return ranges;
  }, [matches]);
  const row = matches.rows[current];
  return {
    matchesOf: (of) => byRow.get(of)?.list ?? NONE,
    currentMatch: row === undefined ? null : { row, match: current - byRow.get(row)!.first },
  };
}
