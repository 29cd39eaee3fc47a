import { TASK_INSTANCE_STATES } from "@tradewind/core";
import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { type Fragment, limitTo, orderBy, type OrderColumns, type Page, select, selectOne, where } from "./list-query.ts";
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
 * Ids of a page, in order. Over all runs there is no index for orders by what transitions change (docs/decisions/0002), and sorting all rows would take seconds. So:
 * - by start and end date: the newest or oldest rows alone are sorted, more of them when they are too few;
 * - by duration, longest first: the long ones alone, when they fill the page;
 * - by state: state after state, each by what lists it.
 */
export async function findPage(db: Queryable, pageOf: PageOf): Promise<number[]> {
  const { conditions, page } = pageOf;
  const [first = ""] = page.orderBy;
  const column = first.replace(/^-/, "");
  if (column === "state") return findByState(db, pageOf);
  if (conditions.isOfOneRun) return selectIds(db, pageOf);
  if (column === "start_date" || column === "end_date") return findByTime(db, pageOf, column);
  if (first === "-duration") return findLongest(db, pageOf);
  return selectIds(db, pageOf);
}

async function selectIds(db: Queryable, { conditions, page }: PageOf, more: readonly Fragment[] = []): Promise<number[]> {
  const needsRun = page.orderBy.some((name) => ORDERS_BY_RUN.has(name.replace(/^-/, "")));
  const order = conditions.isRange ? orderBy(SORTED_COLUMNS, page.orderBy, "ti.id + 0") : orderBy(TASK_INSTANCE_ORDER_COLUMNS, page.orderBy, "ti.id");
  return selectIdsOf(
    db,
    sql`from task_instance ti ${needsRun ? sql`join dag_run r on r.id = ti.dag_run_id` : sql``}
    ${where([...conditions.all, ...more])} ${order} ${limitTo(page)}`,
  );
}

async function selectIdsOf(db: Queryable, source: Fragment): Promise<number[]> {
  return (await select<{ id: number }>(db, sql`select ti.id ${source}`)).map(({ id }) => id);
}

/**
 * What is newest or oldest by its date lies, but for a few, among what was made last or first; so the date of an instance made some thousands before the last one begins a window that
 * holds about as many. What the window holds is exact, whatever it was guessed by: `task_instance_by_time` finds all of it.
 */
async function findByTime(db: Queryable, pageOf: PageOf, column: "start_date" | "end_date"): Promise<number[]> {
  const { conditions, page } = pageOf;
  const descends = page.orderBy[0]!.startsWith("-");
  const asked = 4 * (page.offset + page.limit) + 1000;
  for (const rows of conditions.isRange ? [] : conditions.isListed ? [asked * 16] : [asked, asked * 16, asked * 256]) {
    const edge = await findEdge(db, column, descends, rows);
    if (edge === undefined) break;
    const ids = await selectIds(db, pageOf, [sql`${sql.raw(`ti.${column} ${descends ? ">=" : "<="}`)} ${edge}`]);
    if (ids.length === page.limit) return ids;
  }
  return selectIds(db, pageOf);
}

/** The date of the instance that was made so many before the last or after the first one; undefined: there are not so many. */
async function findEdge(db: Queryable, column: string, descends: boolean, rows: number): Promise<Date | undefined> {
  const at = descends ? sql`id <= (select max(id) from task_instance) - ${rows}` : sql`id >= (select min(id) from task_instance) + ${rows}`;
  const found = await selectOne<{ edge: Date }>(
    db,
    sql`select ${sql.raw(column)} as edge from task_instance where ${at} and ${sql.raw(column)} is not null order by id ${sql.raw(descends ? "desc" : "")} limit 1`,
  );
  return found?.edge;
}

async function findLongest(db: Queryable, pageOf: PageOf): Promise<number[]> {
  const { conditions, page } = pageOf;
  const most = limitTo({ ...page, limit: page.offset + page.limit, offset: 0 });
  const part = (seconds: string, condition: Fragment): Fragment =>
    sql`(select ti.id, ${sql.raw(seconds)} as seconds from task_instance ti ${where([...conditions.all, condition])}
      order by ${sql.raw(seconds)} desc, ti.id desc ${most})`;
  const ended = part("ti.long_duration", sql`ti.long_duration is not null`);
  const running = part(
    durationSql,
    sql`ti.id = any(array(select task_instance_id from lease)) and ti.duration is null and ${sql.raw(durationSql)} >= ${LONG_SECONDS}`,
  );
  const ids =
    page.orderBy.length > 1
      ? []
      : await selectIdsOf(db, sql`from (${ended} union all ${running}) ti order by ti.seconds desc, ti.id desc ${limitTo(page)}`);
  return ids.length === page.limit ? ids : selectIds(db, pageOf);
}

/** null, for what has no state yet, comes last in both directions. */
async function findByState(db: Queryable, { filter, page }: PageOf): Promise<number[]> {
  const [first = "", ...others] = page.orderBy;
  const descends = first.startsWith("-");
  const asked = filter.states === undefined || filter.states.length === 0 ? undefined : new Set(filter.states);
  const named = [...TASK_INSTANCE_STATES].sort();
  const states = [...(descends ? named.reverse() : named), null].filter((state) => asked?.has(state) ?? true);
  const orderBy = others.length > 0 || !descends ? others : ["-id"];
  const ids: number[] = [];
  for (const state of states) {
    const limit = page.offset + page.limit - ids.length;
    if (limit <= 0) break;
    const ofState = { ...filter, states: [state] };
    const conditions = await taskInstanceConditions(db, ofState);
    if (conditions === undefined) break;
    ids.push(...(await selectIds(db, { filter: ofState, conditions, page: { limit, offset: 0, orderBy } })));
  }
  return ids.slice(page.offset);
}
