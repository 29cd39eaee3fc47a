import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import type { TablePage, TableRequest } from "./columns.ts";

/** Most that the server gives at once. */
export const ROWS_PER_PAGE = 100;
/** A scroll bar over more is of no use; a filter is. */
export const MOST_ROWS = 20_000;

/** Where rows come from. */
export interface TableSource<Row> {
  /** The subject, like that of any query; what is asked for comes after it. */
  queryKey: readonly unknown[];
  fetchPage: (request: TableRequest, signal: AbortSignal) => Promise<TablePage<Row>>;
  /** What changes by itself is asked for again so often. */
  refetchInterval?: number | false | (() => number | false);
}

export interface TableRows<Row> {
  /** undefined: not known yet. */
  total: number | undefined;
  /** undefined: on its way. */
  rowAt: (index: number) => Row | undefined;
  error: Error | null;
  /** What is shown is still that of other filters. */
  isStale: boolean;
  retry: () => void;
}

type Request = Pick<TableRequest, "filters" | "orderBy">;

/** Rows by pages, of which only those in sight are asked for, and asked for again: a list may be long without being read whole. No more than two pages are ever in sight. */
export function useTablePages<Row>(source: TableSource<Row>, request: Request, sight: { first: number; last: number }): TableRows<Row> {
  const page = Math.floor(sight.first / ROWS_PER_PAGE);
  const first = useTablePage(source, request, page, true);
  const second = useTablePage(source, request, page + 1, Math.floor(sight.last / ROWS_PER_PAGE) > page);
  const lastTotal = useRef<number>(undefined);
  lastTotal.current = first.data?.total ?? second.data?.total ?? lastTotal.current;
  return {
    total: lastTotal.current,
    rowAt: (index) => (Math.floor(index / ROWS_PER_PAGE) === page ? first : second).data?.rows[index % ROWS_PER_PAGE],
    error: first.data === undefined ? first.error : null,
    isStale: first.isPlaceholderData,
    retry: () => void first.refetch(),
  };
}

function useTablePage<Row>({ queryKey, fetchPage, refetchInterval = false }: TableSource<Row>, request: Request, page: number, enabled: boolean) {
  const offset = page * ROWS_PER_PAGE;
  return useQuery({
    queryKey: [...queryKey, request, offset],
    queryFn: ({ signal }) => fetchPage({ ...request, offset, limit: ROWS_PER_PAGE }, signal),
    // While a filter changes the list stays; another part of the list is no stand-in.
    placeholderData: (before, query) => (query?.queryKey.at(-1) === offset ? before : undefined),
    enabled,
    refetchInterval,
  });
}
