import type { DataColumn, TablePage, TableRequest } from "./columns.ts";
import { type ColumnFilter, type FilterValue, instantBounds, numberBounds } from "./table-search.ts";

type Value = string | number | boolean | null | readonly string[];

/** The page that a server would have given, of rows that are all here already: for lists that are short. Columns say by `value` what they are filtered and ordered by. */
export function rowsOf<Row>(rows: readonly Row[], columns: readonly DataColumn<Row>[], request: TableRequest, now: number): TablePage<Row> {
  const tests = columns.flatMap(({ id, filter, value }) => {
    const wanted = request.filters[id];
    return filter === undefined || value === undefined || wanted === undefined ? [] : [(row: Row) => isLike(filter, wanted, value(row), now)];
  });
  const found = rows.filter((row) => tests.every((test) => test(row)));
  const by = columns.find(({ orderBy }) => orderBy !== undefined && orderBy === request.orderBy?.replace(/^-/, ""))?.value;
  const sign = request.orderBy?.startsWith("-") === true ? -1 : 1;
  const ordered = by === undefined ? found : found.toSorted((a, b) => compare(by(a), by(b), sign));
  return { rows: ordered.slice(request.offset, request.offset + request.limit), total: ordered.length };
}

function isLike(filter: ColumnFilter, wanted: FilterValue, value: Value, now: number): boolean {
  const values = Array.isArray(value) ? (value as readonly string[]).map(String) : [String(value ?? "")];
  if (typeof wanted === "boolean") return value === wanted;
  if (typeof wanted !== "string") return values.some((item) => wanted.includes(item));
  if (filter.kind === "text") return values.some((item) => item.toLowerCase().includes(wanted.toLowerCase()));
  if (value === null) return false;
  const { gte, lte } = filter.kind === "instant" ? instantBounds(wanted, now) : numberBounds(wanted);
  const at = filter.kind === "instant" ? Date.parse(String(value)) : Number(value);
  const bound = (end: string | number | undefined) => (typeof end === "string" ? Date.parse(end) : end);
  return at >= (bound(gte) ?? -Infinity) && at <= (bound(lte) ?? Infinity);
}

/** What is not known comes last in either order. */
function compare(a: Value, b: Value, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), "en", { numeric: true });
}
