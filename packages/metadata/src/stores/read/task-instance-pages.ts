import { TASK_INSTANCE_STATES, type TaskInstanceState } from "@tradewind/core";
import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { isBehind, limitOf, orderByPlace, placeColumn, type PlacedRow } from "./keyset.ts";
import { type Fragment, limitTo, type OrderColumns, type Page, select, selectOne, where } from "./list-query.ts";
import { durationSql, LONG_SECONDS, type TaskInstanceConditions, taskInstanceConditions, type TaskInstanceFilter } from "./task-instance-filter.ts";

export const TASK_INSTANCE_ORDER_COLUMNS = {
  id: { by: "ti.id" },
  state: { by: "ti.state", nullable: true },
  duration: { by: durationSql, nullable: true },
  start_date: { by: "ti.start_date", nullable: true },
  end_date: { by: "ti.end_date", nullable: true },
  map_index: { by: "ti.map_index" },
  try_number: { by: "ti.try_number" },
  logical_date: { by: "r.logical_date", nullable: true },
  run_after: { by: "r.run_after" },
  data_interval_start: { by: "r.data_interval_start", nullable: true },
  data_interval_end: { by: "r.data_interval_end", nullable: true },
  rendered_map_index: { by: "ti.rendered_map_index", nullable: true },
  operator: { by: "ti.operator" },
} as const satisfies OrderColumns;

const ORDERS_BY_RUN: ReadonlySet<string> = new Set(
  Object.entries(TASK_INSTANCE_ORDER_COLUMNS).flatMap(([name, { by }]) => (by.startsWith("r.") ? [name] : [])),
);

/** The same orders, which no index can give: for when an index would be walked from end to end to find rows that all lie at its other end. */
const SORTED_COLUMNS: OrderColumns = { ...TASK_INSTANCE_ORDER_COLUMNS, map_index: { by: "ti.map_index + 0" }, id: { by: "ti.id + 0" } };

interface PageOf {
  filter: TaskInstanceFilter;
  conditions: TaskInstanceConditions;
  page: Page;
}

/**
 * The rows of a page, in the order in which they are read (see `cutToPage`). Over all runs there is no index for orders by what transitions change (docs/decisions/0002), and sorting all rows would take seconds. So:
 * - by start and end date: the newest or oldest rows alone are sorted, more of them when they are too few;
 * - by duration, longest first: the long ones alone, when they fill the page;
 * - by state: state after state, each by what lists it.
 */
export async function findPage(db: Queryable, pageOf: PageOf): Promise<PlacedRow[]> {
  const { conditions, page } = pageOf;
  const [first = ""] = page.orderBy;
  const column = first.replace(/^-/, "");
  if (column === "state") return findByState(db, pageOf);
  if (conditions.isOfOneRun) return selectPlaced(db, pageOf);
  if (column === "start_date" || column === "end_date") return findByTime(db, pageOf, column);
  if (first === "-duration" && page.keyset?.backwards !== true) return findLongest(db, pageOf);
  return selectPlaced(db, pageOf);
}

async function selectPlaced(db: Queryable, { conditions, page }: PageOf, more: readonly Fragment[] = []): Promise<PlacedRow[]> {
  const needsRun = page.orderBy.some((name) => ORDERS_BY_RUN.has(name.replace(/^-/, "")));
  const [columns, last] = conditions.isRange ? [SORTED_COLUMNS, "ti.id + 0"] : [TASK_INSTANCE_ORDER_COLUMNS, "ti.id"];
  return select(
    db,
    sql`select ti.id, ${placeColumn(columns, page)} as place from task_instance ti ${needsRun ? sql`join dag_run r on r.id = ti.dag_run_id` : sql``}
    ${where([...conditions.all, isBehind(columns, page, last), ...more])} ${orderByPlace(columns, page, last)} ${limitTo({ ...page, ...limitOf(page) })}`,
  );
}

/**
 * What is newest or oldest by its date lies, but for a few, among what was made last or first; so the date of an instance made some thousands before the last one begins a window that
 * holds about as many. What the window holds is exact, whatever it was guessed by: `task_instance_by_time` finds all of it.
 */
async function findByTime(db: Queryable, pageOf: PageOf, column: "start_date" | "end_date"): Promise<PlacedRow[]> {
  const { conditions, page } = pageOf;
  const { keyset } = page;
  // Behind a row without a date come those without one, which no window has.
  const hasWindow = !conditions.isRange && keyset?.from?.values[0] !== null;
  const descends = page.orderBy[0]!.startsWith("-") !== (keyset?.backwards ?? false);
  const { limit, offset } = limitOf(page);
  const asked = 4 * (offset + limit) + 1000;
  for (const rows of !hasWindow ? [] : conditions.isListed ? [asked * 16] : [asked, asked * 16, asked * 256]) {
    const edge = await findEdge(db, { column, descends, rows, fromId: keyset?.from?.id });
    if (edge === undefined) break;
    const [before, behind] = descends ? [">=", "<="] : ["<=", ">="];
    const from = keyset?.from?.values[0];
    const window = [sql`${sql.raw(`ti.${column} ${before}`)} ${edge}`, ...(from == null ? [] : [sql`${sql.raw(`ti.${column} ${behind}`)} ${from}`])];
    const found = await selectPlaced(db, pageOf, window);
    if (found.length === limit) return found;
  }
  return selectPlaced(db, pageOf);
}

/** The date of the instance that was made so many before the last or after the first one, or before or after the one where the page begins; undefined: there are not so many. */
async function findEdge(
  db: Queryable,
  { column, descends, rows, fromId }: { column: string; descends: boolean; rows: number; fromId: number | undefined },
): Promise<Date | undefined> {
  const from = fromId === undefined ? sql`(select ${sql.raw(descends ? "max" : "min")}(id) from task_instance)` : sql`${fromId}::bigint`;
  const at = descends ? sql`id <= ${from} - ${rows}` : sql`id >= ${from} + ${rows}`;
  const found = await selectOne<{ edge: Date }>(
    db,
    sql`select ${sql.raw(column)} as edge from task_instance where ${at} and ${sql.raw(column)} is not null order by id ${sql.raw(descends ? "desc" : "")} limit 1`,
  );
  return found?.edge;
}

async function findLongest(db: Queryable, pageOf: PageOf): Promise<PlacedRow[]> {
  const { conditions, page } = pageOf;
  const from = page.keyset?.from;
  const { limit, offset } = limitOf(page);
  const most = limitTo({ ...page, limit: offset + limit, offset: 0 });
  const part = (seconds: string, condition: Fragment): Fragment => {
    const behind = from == null ? undefined : sql`(${sql.raw(seconds)}, ti.id) < (${from.values[0]}::float8, ${from.id}::bigint)`;
    return sql`(select ti.id, ${sql.raw(seconds)} as seconds from task_instance ti ${where([...conditions.all, condition, behind])}
      order by ${sql.raw(seconds)} desc, ti.id desc ${most})`;
  };
  const ended = part("ti.long_duration", sql`ti.long_duration is not null`);
  const running = part(
    durationSql,
    sql`ti.id = any(array(select task_instance_id from lease)) and ti.duration is null and ${sql.raw(durationSql)} >= ${LONG_SECONDS}`,
  );
  const found =
    page.orderBy.length > 1
      ? []
      : await select<PlacedRow>(
          db,
          sql`select ti.id, array[ti.seconds::text] as place from (${ended} union all ${running}) ti order by ti.seconds desc, ti.id desc
            ${limitTo({ ...page, limit, offset })}`,
        );
  return found.length === limit ? found : selectPlaced(db, pageOf);
}

/** null, for what has no state yet, comes last in both directions. */
async function findByState(db: Queryable, { filter, page }: PageOf): Promise<PlacedRow[]> {
  const [first = "", ...others] = page.orderBy;
  const { limit: most, offset } = limitOf(page);
  const orderBy = others.length > 0 ? others : [first.startsWith("-") ? "-id" : "id"];
  const placed: PlacedRow[] = [];
  let skipped = offset;
  for (const { state, keyset } of statesOf(page, filter.states)) {
    const limit = most - placed.length;
    if (limit <= 0) break;
    const ofState = { ...filter, states: [state] };
    const conditions = await taskInstanceConditions(db, ofState);
    if (conditions === undefined) break;
    // A page by keyset reads one row more than it is asked for.
    const found = await selectPlaced(db, {
      filter: ofState,
      conditions,
      page: { limit: keyset === undefined ? limit : limit - 1, offset: skipped, orderBy, keyset },
    });
    placed.push(...found.map(({ id, place }) => ({ id, place: [state, ...place] })));
    // States before the page are counted, not read: however far on it is, no more is held than the page.
    if (skipped > 0) skipped = found.length > 0 ? 0 : skipped - (await countRows(db, conditions, skipped));
  }
  return placed;
}

async function countRows(db: Queryable, { all }: TaskInstanceConditions, most: number): Promise<number> {
  const counted = sql`select count(*) as total from (select 1 from task_instance ti ${where(all)} limit ${most}) counted`;
  return (await selectOne<{ total: number }>(db, counted))?.total ?? 0;
}

interface StatePart {
  state: TaskInstanceState | null;
  keyset: Page["keyset"];
}

/** The states asked for in their order, from the one on where the page begins; within that one it begins at its row. */
function statesOf({ orderBy, keyset }: Page, asked: TaskInstanceFilter["states"]): StatePart[] {
  const named: (TaskInstanceState | null)[] = [...TASK_INSTANCE_STATES].sort();
  const all = [...(orderBy[0]!.startsWith("-") ? named.reverse() : named), null];
  if (keyset?.backwards === true) all.reverse();
  const from = keyset?.from ?? null;
  const begin = from === null ? 0 : all.indexOf(from.values[0] as TaskInstanceState | null);
  const parts = all.slice(begin).map((state, place): StatePart => {
    if (keyset === undefined) return { state, keyset };
    const inState = from === null || place > 0 ? null : { id: from.id, values: from.values.slice(1) };
    return { state, keyset: { from: inState, backwards: keyset.backwards } };
  });
  return asked === undefined || asked.length === 0 ? parts : parts.filter(({ state }) => asked.includes(state));
}
