import type { ReactNode } from "react";
import type { ColumnFilter, Filters } from "./table-search.ts";

export interface DataColumn<Row> {
  /** In the address, for filter and order: short and lasting. */
  id: string;
  header: string;
  /** Only heard: what is in the column says it all. Such a column is always there. */
  isHeaderHidden?: boolean;
  cell: (row: Row) => ReactNode;
  /** Pixels that it takes at least; wider screens share what is left by these. Default 140. */
  width?: number;
  /** Keeps its width. */
  isFixed?: boolean;
  align?: "right";
  /** The server's name in `order_by`. Absent: it cannot be ordered by. */
  orderBy?: string;
  /** Most want to see the greatest first: the latest, the longest. */
  isGreatestFirst?: boolean;
  filter?: ColumnFilter;
  /** Not shown until it is chosen. */
  isExtra?: boolean;
  /** Where it stands when a row is a card, on narrow screens. Default: a line with its name. `none`: nowhere. */
  card?: "title" | "badge" | "line" | "none";
  /** The row has nothing of it: a card leaves the line out. */
  isEmpty?: (row: Row) => boolean;
  /** For `rowsOf`: what the row is ordered and filtered by when all rows are here already. */
  value?: (row: Row) => string | number | boolean | null | readonly string[];
}

/** What a table asks for: one page of rows. */
export interface TableRequest {
  filters: Filters;
  /** As `order_by` takes it: `-start_date`. undefined: the server's own order. */
  orderBy: string | undefined;
  offset: number;
  limit: number;
}

export interface TablePage<Row> {
  rows: readonly Row[];
  total: number;
}

/** What is chosen: some rows by key, or all that the filters find. */
export type Picked = { kind: "rows"; keys: readonly string[] } | { kind: "all"; total: number };
