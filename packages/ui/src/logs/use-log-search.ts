import { useDebouncedValue } from "@mantine/hooks";
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import type { LogBook } from "./log-book.ts";
import { type LogFilter, passingRows } from "./log-rows.ts";
import { findMatches, firstMatchFrom, type LogMatches, NO_MATCHES } from "./log-search.ts";
import { type LogView, withoutKey } from "./log-view.ts";
import { useMatchRanges } from "./use-match-ranges.ts";

/** So long after the last key the text is written into the view, and with it into an address. */
const KEEP_MS = 300;

interface LogSearchRequest {
  book: LogBook;
  /** Of the book's content. */
  version: number;
  filter: LogFilter;
  view: LogView;
  onView: (view: LogView) => void;
  /** The row that is looked at: the first step goes to the match at or after it. */
  topRow: () => number;
  onGo: (row: number) => void;
}

/** What is searched in a log and where it was found, also in what has come since. */
export function useLogSearch({ book, version, filter, view, onView, topRow, onGo }: LogSearchRequest): {
  text: string;
  onText: (text: string) => void;
  matches: LogMatches;
  /** Which of them was gone to; -1: none yet. */
  current: number;
  step: (by: 1 | -1) => void;
} & ReturnType<typeof useMatchRanges> {
  const [text, setText] = useState(view.q ?? "");
  const [current, setCurrent] = useState(-1);
  const query = useDeferredValue(text);
  const matches = useMemo(
    () =>
      query === ""
        ? NO_MATCHES
        : findMatches(book, passingRows(book, filter), { text: query, isCaseSensitive: view.case === true, isPattern: view.pattern === true }),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- a book only grows: its version tells whether it has
    [book, version, filter, query, view.case, view.pattern],
  );

  const [kept] = useDebouncedValue(text, KEEP_MS);
  useEffect(() => {
    if (kept !== (view.q ?? "")) onView({ ...withoutKey(view, "q"), ...(kept === "" ? {} : { q: kept }) });
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- only what was typed is written down
  }, [kept]);

  return {
    text,
    matches,
    current,
    ...useMatchRanges(matches, current),
    onText(next) {
      setText(next);
      setCurrent(-1);
    },
    step(by) {
      const count = matches.rows.length;
      if (count === 0) return;
      const next = current === -1 ? firstMatchFrom(matches, topRow()) : (current + by + count) % count;
      setCurrent(next);
      onGo(matches.rows[next]!);
    },
  };
}
