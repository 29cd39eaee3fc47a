import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { COUNT_LIMIT, type Fragment, type Keyset, type Listed, type OrderColumns, type Page, selectOne } from "./list-query.ts";

/** A row of a page by keyset. */
export interface PlacedRow {
  id: number;
  place: (string | null)[];
}

export interface KeysetListed<T> extends Listed<T> {
  /** null: there is no such page. */
  previous: Keyset | null;
  next: Keyset | null;
}

interface Term {
  by: string;
  descends: boolean;
  nullable: boolean;
  nullsFirst: boolean;
}

/** The terms of an order in the direction in which the page is read. Rows without a value come last, and so first for who goes backwards. */
function termsOf(columns: OrderColumns, names: readonly string[], last: string, backwards: boolean): Term[] {
  const named = names.map((name) => {
    const isDown = name.startsWith("-");
    const column = columns[isDown ? name.slice(1) : name];
    if (column === undefined) throw new RangeError(`No order by "${name}" is known here; known: ${Object.keys(columns).join(", ")}.`);
    return { by: column.by, isDown, nullable: column.nullable === true };
  });
  const lastIsDown = named.length > 0 && named.every(({ isDown }) => isDown);
  return [...named, { by: last, isDown: lastIsDown, nullable: false }].map(({ by, isDown, nullable }) => ({
    by,
    nullable,
    descends: isDown !== backwards,
    nullsFirst: backwards,
  }));
}

/** The order asked for, with a column at its end that makes it total, so that no row is on two pages. The caller has checked the names. */
export function orderByPlace(columns: OrderColumns, page: Pick<Page, "orderBy" | "keyset">, last: string): Fragment {
  const terms = termsOf(columns, page.orderBy, last, page.keyset?.backwards ?? false).map(({ by, descends, nullable, nullsFirst }) => {
    // Downwards PostgreSQL has nulls first, upwards last; where that is what is wanted nothing is said, since an index gives such an order in both directions.
    const nulls = !nullable || descends === nullsFirst ? "" : nullsFirst ? " nulls first" : " nulls last";
    return `${by}${descends ? " desc" : ""}${nulls}`;
  });
  return sql`order by ${sql.raw(terms.join(", "))}`;
}

/** What lies behind the place where the page begins; undefined for a first page, and for one by offset. */
export function isBehind(columns: OrderColumns, page: Pick<Page, "orderBy" | "keyset">, last: string): Fragment | undefined {
  const from = page.keyset?.from;
  if (from === undefined || from === null) return undefined;
  const terms = termsOf(columns, page.orderBy, last, page.keyset!.backwards);
  const values = [...from.values, String(from.id)];
  const alternatives = terms.flatMap((term, place) => {
    const behind = liesBehind(term, values[place] ?? null);
    if (behind === undefined) return [];
    return [allOf([...terms.slice(0, place).map((before, at) => hasValue(before, values[at] ?? null)), behind])];
  });
  const [first] = terms;
  // Said once more for the column that an index may begin with.
  const bound = first!.nullable || values[0] == null ? [] : [sql`${sql.raw(first!.by)} ${sql.raw(first!.descends ? "<=" : ">=")} ${values[0]}`];
  return allOf([...bound, sql`(${sql.join(alternatives, sql` or `)})`]);
}

function allOf(conditions: readonly Fragment[]): Fragment {
  return sql`(${sql.join(conditions, sql` and `)})`;
}

function liesBehind({ by, descends, nullable, nullsFirst }: Term, value: string | null): Fragment | undefined {
  if (value === null) return nullsFirst ? sql`${sql.raw(by)} is not null` : undefined;
  const compared = sql`${sql.raw(by)} ${sql.raw(descends ? "<" : ">")} ${value}`;
  return nullable && !nullsFirst ? sql`(${compared} or ${sql.raw(by)} is null)` : compared;
}

function hasValue({ by }: Term, value: string | null): Fragment {
  return value === null ? sql`${sql.raw(by)} is null` : sql`${sql.raw(by)} = ${value}`;
}

/** The values by which a row is ordered, in the same look at it as the row itself; empty where pages go by offset. */
export function placeColumn(columns: OrderColumns, page: Pick<Page, "orderBy" | "keyset">): Fragment {
  const values = page.keyset === undefined ? [] : page.orderBy.map((name) => `(${columns[name.replace(/^-/, "")]!.by})::text`);
  return sql.raw(`array[${values.join(", ")}]::text[]`);
}

/** The rows to read for a page: one more than it shows, which tells that there is a further page. */
export function limitOf({ limit, offset, keyset }: Page): { limit: number; offset: number } {
  return keyset === undefined ? { limit, offset } : { limit: limit + 1, offset: 0 };
}

/** What of the rows read is shown, in the order asked for, and where the pages around it begin. */
export function cutToPage<Row extends PlacedRow>(
  rows: readonly Row[],
  { limit, keyset }: Page,
): { shown: Row[]; previous: Keyset | null; next: Keyset | null } {
  if (keyset === undefined) return { shown: [...rows], previous: null, next: null };
  const shown = rows.slice(0, limit);
  if (keyset.backwards) shown.reverse();
  const isMore = rows.length > limit;
  const at = (row: Row | undefined, backwards: boolean): Keyset | null =>
    row === undefined ? null : { from: { values: row.place, id: row.id }, backwards };
  return {
    shown,
    previous: keyset.backwards ? (isMore ? at(shown[0], true) : null) : keyset.from === null ? null : at(shown[0], true),
    next: keyset.backwards || isMore ? at(shown.at(-1), false) : null,
  };
}

/** How many there are in all, up to `COUNT_LIMIT`: pages by keyset tell no more, as with Airflow's cursors. */
export async function countUpToLimit(db: Queryable, matches: Fragment): Promise<{ total: number; totalLimit: number }> {
  const counted = await selectOne<{ total: number }>(db, sql`select count(*) as total from (select 1 ${matches} limit ${COUNT_LIMIT}) counted`);
  return { total: counted?.total ?? 0, totalLimit: COUNT_LIMIT };
}
