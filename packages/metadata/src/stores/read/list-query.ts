import { type RawBuilder, sql } from "kysely";
import { builder, type Queryable } from "../../database-handle.ts";

/** A part of a statement with its values. */
export type Fragment = RawBuilder<unknown>;

export interface Range<T> {
  gte?: T | undefined;
  gt?: T | undefined;
  lte?: T | undefined;
  lt?: T | undefined;
}

/** A row's place in an order: the values of the order's columns as text, and its id. What is behind it can be asked for although the row has changed or is gone. */
export interface RowPlace {
  values: readonly (string | null)[];
  id: number;
}

/** A page that begins at a row and not at a number of rows, so that none is shown twice or left out while rows come and go, and a late page costs no more than the first one. */
export interface Keyset {
  /** The page is behind this row, or before it; null: it is the first one. */
  from: RowPlace | null;
  backwards: boolean;
}

export interface Page {
  limit: number;
  offset: number;
  /** Names of columns, `-` before one to sort it downwards. */
  orderBy: readonly string[];
  /** Where the page begins, in place of `offset`; only some lists have such pages. */
  keyset?: Keyset | undefined;
}

export interface Listed<T> {
  items: T[];
  /** Of all pages; at least so many when `totalLimit` says that counting stopped. */
  total: number;
  /** null: the total is exact. Else the same as `total`: there are so many or more. */
  totalLimit: number | null;
}

/** Where counting stops in lists of what grows without end: the rows beyond are looked at by nobody, and would cost more than the page. */
export const COUNT_LIMIT = 10_000;

/** What a name in `orderBy` sorts by. `nullable` puts rows without a value last, as Airflow does; where it is not said, an index can give the order in both directions. */
export type OrderColumns = Readonly<Record<string, { by: string; nullable?: boolean }>>;

/** `where …` of the conditions that are there; nothing when there are none. */
export function where(conditions: readonly (Fragment | undefined)[]): Fragment {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length === 0 ? sql`` : sql`where ${sql.join(given, sql` and `)}`;
}

/** The order asked for, with a column at its end that makes it total, so that no row is on two pages. The caller has checked the names. */
export function orderBy(columns: OrderColumns, names: readonly string[], last: string): Fragment {
  const terms = names.map((name) => {
    const descends = name.startsWith("-");
    const column = columns[descends ? name.slice(1) : name];
    if (column === undefined) throw new RangeError(`No order by "${name}" is known here; known: ${Object.keys(columns).join(", ")}.`);
    return `${column.by}${descends ? " desc" : ""}${descends && column.nullable === true ? " nulls last" : ""}`;
  });
  const descends = names.length > 0 && names.every((name) => name.startsWith("-"));
  return sql`order by ${sql.raw([...terms, `${last}${descends ? " desc" : ""}`].join(", "))}`;
}

export function limitTo({ limit, offset }: Page): Fragment {
  return sql`limit ${limit} offset ${offset}`;
}

export function isEqual(column: string, value: unknown): Fragment | undefined {
  return value === undefined ? undefined : sql`${sql.raw(column)} = ${value}`;
}

/** Nothing when the list is absent or empty: an empty filter does not filter. */
export function isOneOf(column: string, type: "text" | "int" | "bigint", values: readonly unknown[] | undefined): Fragment | undefined {
  return values === undefined || values.length === 0 ? undefined : sql`${sql.raw(column)} = any(${values}::${sql.raw(type)}[])`;
}

/** What who asks may see; absent: everything. An empty list: nothing. */
export function isVisible(column: string, visible: readonly string[] | undefined): Fragment | undefined {
  return visible === undefined ? undefined : sql`${sql.raw(column)} = any(${visible}::text[])`;
}

/** One of the states, of which null is one. */
export function hasStateIn(column: string, states: readonly (string | null)[] | undefined): Fragment | undefined {
  if (states === undefined || states.length === 0) return undefined;
  const named = states.filter((state) => state !== null);
  const among = sql`${sql.raw(column)} = any(${named}::text[])`;
  return named.length === states.length ? among : sql`(${among} or ${sql.raw(column)} is null)`;
}

export function isWithin<T extends Date | number>(column: string, range: Range<T> | undefined): Fragment | undefined {
  if (range === undefined) return undefined;
  const { gte, gt, lte, lt } = range;
  const bounds = (
    [
      [">=", gte],
      [">", gt],
      ["<=", lte],
      ["<", lt],
    ] as const
  ).flatMap(([operator, bound]) => (bound === undefined ? [] : [sql`${sql.raw(column)} ${sql.raw(operator)} ${bound}`]));
  return bounds.length === 0 ? undefined : sql.join(bounds, sql` and `);
}

/** Airflow's `*_pattern`: a part of the value, without regard to case, `%` and `_` as in LIKE, `|` between alternatives, `~` for everything. */
export function matchesPattern(column: string, pattern: string | undefined): Fragment | undefined {
  return matchesAny(pattern, (term) => sql`${sql.raw(column)} ilike ${`%${term}%`}`);
}

/** Airflow's `*_prefix_pattern`: how the value begins, with regard to case; `%` and `_` mean themselves. Characters at the end that are no letters or digits do not count. */
export function matchesPrefix(column: string, pattern: string | undefined): Fragment | undefined {
  return matchesAny(pattern, (term) => sql`starts_with(${sql.raw(column)}, ${term.replace(/[^\p{L}\p{N}]+$/u, "")})`);
}

function matchesAny(pattern: string | undefined, condition: (term: string) => Fragment): Fragment | undefined {
  if (pattern === undefined || pattern === "" || pattern === "~") return undefined;
  const terms = pattern.split("|").filter((term) => term !== "");
  if (terms.length === 0 || terms.includes("~")) return undefined;
  return sql`(${sql.join(terms.map(condition), sql` or `)})`;
}

export async function select<Row>(db: Queryable, statement: Fragment): Promise<Row[]> {
  return (await (statement as RawBuilder<Row>).execute(builder(db))).rows;
}

export async function selectOne<Row>(db: Queryable, statement: Fragment): Promise<Row | undefined> {
  return (await select<Row>(db, statement))[0];
}

/** A statement, or what takes more than one. */
type Rows<Row> = Fragment | (() => Promise<Row[]>);

/** A page and the number of all rows. A page that shows the end tells the total by itself. */
export async function listWithTotal<Row>(
  db: Queryable,
  page: Page,
  statements: { rows: Rows<Row>; count: Fragment | (() => Fragment) },
): Promise<Listed<Row>> {
  const { rows, count } = statements;
  const items = page.limit === 0 ? [] : typeof rows === "function" ? await rows() : await select<Row>(db, rows);
  if (items.length < page.limit && (items.length > 0 || page.offset === 0)) return { items, total: page.offset + items.length, totalLimit: null };
  const counted = await selectOne<{ total: number }>(db, typeof count === "function" ? count() : count);
  return { items, total: counted?.total ?? 0, totalLimit: null };
}

/**
 * As `listWithTotal`, for lists that grow without end: counted up to `COUNT_LIMIT`. A page behind that still says that there is more, as long as there is, so that who goes from page to
 * page by the total comes to the end.
 */
export async function listWithBoundedTotal<Row>(db: Queryable, page: Page, statements: { rows: Rows<Row>; matches: Fragment }): Promise<Listed<Row>> {
  const count = sql`select count(*) as total from (select 1 ${statements.matches} limit ${COUNT_LIMIT + 1}) counted`;
  const { items, total } = await listWithTotal(db, page, { rows: statements.rows, count });
  const isLastPage = items.length > 0 && items.length < page.limit;
  if (total <= COUNT_LIMIT || isLastPage) return { items, total, totalLimit: null };
  const atLeast = items.length === 0 ? COUNT_LIMIT : Math.max(COUNT_LIMIT, page.offset + items.length + 1);
  return { items, total: atLeast, totalLimit: atLeast };
}
