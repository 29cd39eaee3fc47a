import { TASK_INSTANCE_STATES } from "@tradewind/core";
import { beforeAll, describe, expect, test } from "vitest";
import { run, runCount } from "../src/database-handle.ts";
import { transaction } from "../src/index.ts";
import {
  type Keyset,
  listDagRuns,
  listTaskInstanceRows,
  type TaskInstanceFilter,
  type TaskInstanceRow,
  TASK_INSTANCE_ORDER_COLUMNS,
} from "../src/stores/rest.ts";
import { analyze, seedDag, useTestDatabase } from "../src/testing/index.ts";

const database = useTestDatabase();
const RUNS = 300;

/** Instances in every state, of all ages and durations, with the rows that the engine keeps for what is alive. Dates do not follow ids everywhere: some were run again late. */
beforeAll(async () => {
  const { db } = database;
  const spec = { owner: "a", tags: [], displayName: null, description: null, maxActiveRuns: 1, maxActiveTasks: 1, maxConsecutiveFailedDagRuns: 0 };
  for (const dagId of ["sales", "stock"]) await seedDag(db, { spec: { ...spec, dagId } as never });
  await run(db, {
    text: `insert into dag_run (dag_id, run_id, dag_version_id, run_type, state, run_after, logical_date, triggered_by, unfinished_count)
      select case when n % 3 = 0 then 'stock' else 'sales' end, 'r' || n, 1, 'manual', case when n % 10 = 0 then 'running' else 'success' end,
        timestamptz '2026-01-01' + n * interval '1 minute', case when n % 7 > 0 then timestamptz '2026-01-01' + n * interval '1 minute' end, 'test', case when n % 10 in (0, 5) then 3 else 0 end
      from generate_series(1, ${RUNS}) n`,
  });
  await run(db, {
    text: `insert into task_instance (dag_run_id, dag_id, task_id, map_index, dag_version_id, max_tries, up_total, operator, pool, pool_slots, queue, priority_weight, state, try_number,
        start_date, end_date, duration)
      select r.id, r.dag_id, 't' || n, case when n = 14 then 0 when n = 15 then 1 else -1 end, 1, 0, 0, case when n = 7 then 'SqlOperator' else 'task' end,
        case when (r.id + n) % 9 = 0 then 'warehouse' else 'default_pool' end, 1, case when (r.id + n) % 11 = 0 then 'gpu' else 'default' end, 1,
        case when n <= cardinality($1::text[]) and (r.unfinished_count > 0 or $1[n] in ('success', 'failed', 'skipped', 'upstream_failed', 'removed')) then $1[n]
          when r.unfinished_count > 0 then null else 'success' end,
        n % 3, case when n % 5 > 0 then r.run_after + (r.id * n * 37 % 5000) * interval '1 minute' end, case when n % 4 > 0 then r.run_after + (r.id * n * 41 % 5000) * interval '1 minute' end,
        case when n % 4 > 0 then r.id * n * 13 % 400 end
      from dag_run r, generate_series(1, 16) n order by r.id, n`,
    values: [TASK_INSTANCE_STATES],
  });
  await run(db, {
    text: `insert into task_queue (task_instance_id, dag_run_id, dag_id, task_id, map_index, executor, queue, pool, pool_slots, priority_weight, logical_date, max_active_tasks)
      select id, dag_run_id, dag_id, task_id, map_index, 'local', queue, pool, 1, 1, now(), 16 from task_instance where state = 'scheduled'`,
  });
  await run(db, {
    text: `insert into lease (attempt_id, task_instance_id, dag_run_id, dag_id, task_id, map_index, try_number, state, pool, pool_slots, executor, queue, priority_weight, bundle_sha256,
        scheduler_id, expires_at, queued_at)
      select gen_random_uuid(), id, dag_run_id, dag_id, task_id, map_index, 1, case state when 'queued' then 'queued' else 'running' end, pool, 1, 'local', queue, 1, 'x',
        gen_random_uuid(), now(), now() from task_instance where state in ('queued', 'running', 'restarting')`,
  });
  await run(db, {
    text: `insert into task_timer (task_instance_id, dag_run_id, kind, due_at)
      select id, dag_run_id, case state when 'up_for_retry' then 'retry' else 'reschedule' end, now() from task_instance where state like 'up_for_%'`,
  });
  // So that ranges of pages are summarized, as autovacuum does it.
  await run(db, { text: "vacuum task_instance" });
  await analyze(db);
});

type Order = keyof typeof TASK_INSTANCE_ORDER_COLUMNS;

const VALUES: Readonly<Record<Order, (row: TaskInstanceRow) => number | string | null>> = {
  id: (row) => row.id,
  state: (row) => row.state,
  duration: (row) => row.duration,
  start_date: (row) => row.startDate?.getTime() ?? null,
  end_date: (row) => row.endDate?.getTime() ?? null,
  map_index: (row) => row.mapIndex,
  try_number: (row) => row.tryNumber,
  logical_date: (row) => row.logicalDate?.getTime() ?? null,
  run_after: (row) => row.runAfter.getTime(),
  data_interval_start: () => null,
  data_interval_end: () => null,
  rendered_map_index: (row) => row.renderedMapIndex,
  operator: (row) => row.operator.toLowerCase(),
};

/** Nothing comes last in both directions. */
function compare(one: TaskInstanceRow, other: TaskInstanceRow, order: string): number {
  const sign = order.startsWith("-") ? -1 : 1;
  const value = VALUES[order.replace("-", "") as Order];
  const [a, b] = [value(one), value(other)];
  if (a === b) return sign * (one.id - other.id);
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -sign : sign;
}

const day = (number: number): Date => new Date(Date.UTC(2026, 0, number));
const FILTERS: readonly [string, TaskInstanceFilter, (row: TaskInstanceRow) => boolean][] = [
  ["nothing", {}, () => true],
  ["failed", { states: ["failed"] }, ({ state }) => state === "failed"],
  ["failed, running or nothing yet", { states: ["failed", "running", null] }, ({ state }) => ["failed", "running", null].includes(state)],
  [
    "waiting",
    { states: ["scheduled", "queued", "up_for_retry", "up_for_reschedule"] },
    ({ state }) => /^(scheduled|queued|up_for_.*)$/.test(String(state)),
  ],
  ["restarting", { states: ["restarting"] }, ({ state }) => state === "restarting"],
  ["deferred or success", { states: ["deferred", "success"] }, ({ state }) => state === "deferred" || state === "success"],
  ["a day", { startDate: { gte: day(2), lt: day(3) } }, ({ startDate }) => startDate !== null && startDate >= day(2) && startDate < day(3)],
  ["long", { duration: { gte: 100 } }, ({ duration }) => duration !== null && duration >= 100],
  ["short", { duration: { lte: 30 } }, ({ duration }) => duration !== null && duration <= 30],
  ["a pool", { pools: ["warehouse"] }, ({ pool }) => pool === "warehouse"],
  ["two queues", { queues: ["gpu", "default"] }, () => true],
  ["a DAG by pattern", { dagIdPattern: "tock" }, ({ dagId }) => dagId === "stock"],
  ["runs", { runAfter: { gte: new Date("2026-01-01T02:00:00Z") } }, ({ runAfter }) => runAfter >= new Date("2026-01-01T02:00:00Z")],
];

describe("pages of task instances are those that sorting all rows gives", () => {
  let all: TaskInstanceRow[] = [];
  beforeAll(async () => {
    const { items } = await listTaskInstanceRows(database.db, { filter: {}, page: { limit: 100_000, offset: 0, orderBy: ["id"] } });
    // Those at work get longer while the test runs.
    all = items.map((row) => (row.state === "running" ? { ...row, duration: row.duration ?? Number.MAX_VALUE } : row));
  });

  test("of all there are, in every state", () => {
    expect(all).toHaveLength(RUNS * 16);
    expect(new Set(all.map(({ state }) => state)).size).toBe(TASK_INSTANCE_STATES.length + 1);
  });

  test.each(FILTERS)("of %s", async (_what, filter, matches) => {
    const expected = all.filter(matches);
    for (const order of Object.keys(TASK_INSTANCE_ORDER_COLUMNS).flatMap((name) => [name, `-${name}`])) {
      if (order.endsWith("duration") && expected.some(({ duration }) => duration === Number.MAX_VALUE)) continue;
      const sorted = expected.toSorted((one, other) => compare(one, other, order));
      for (const [offset, limit] of [
        [0, 20],
        [130, 20],
        [expected.length - 5, 20],
      ] as const) {
        const listed = await listTaskInstanceRows(database.db, { filter, page: { limit, offset: Math.max(0, offset), orderBy: [order] } });
        const ids = sorted.slice(Math.max(0, offset), Math.max(0, offset) + limit).map(({ id }) => id);
        expect({ order, offset, ids: listed.items.map(({ id }) => id) }).toEqual({ order, offset, ids });
        expect({ order, total: listed.total, totalLimit: listed.totalLimit }).toEqual({ order, total: expected.length, totalLimit: null });
      }
    }
  });
});

describe("pages by keyset, one after the other", () => {
  const everyOrder = Object.keys(TASK_INSTANCE_ORDER_COLUMNS).flatMap((name) => [name, `-${name}`]);

  /** All pages from a keyset on, as far as it goes in one direction; at most so many. */
  async function walk(filter: TaskInstanceFilter, orderBy: readonly string[], begin: Keyset, limit: number) {
    const pages: { ids: number[]; previous: Keyset | null; next: Keyset | null }[] = [];
    for (
      let keyset: Keyset | null = begin;
      keyset !== null && pages.length < 12;
      keyset = begin.backwards ? pages.at(-1)!.previous : pages.at(-1)!.next
    ) {
      const { items, previous, next } = await listTaskInstanceRows(database.db, { filter, page: { limit, offset: 0, orderBy, keyset } });
      pages.push({ ids: items.map(({ id }) => id), previous, next });
    }
    return pages;
  }

  test.each(FILTERS)("have every one of %s once, in order, there and back", async (_what, filterOfAll) => {
    const filter = { ...filterOfAll, dagIds: ["stock"] };
    const listed = await listTaskInstanceRows(database.db, { filter, page: { limit: 100_000, offset: 0, orderBy: ["id"] } });
    const limit = Math.ceil(listed.items.length / 4) + 1;
    for (const orderBy of [
      ...everyOrder.map((name) => [name]),
      ["state", "-map_index"],
      ["-start_date", "operator"],
      ["logical_date", "-end_date"],
    ]) {
      // Those at work get longer while the test runs.
      if (orderBy[0]!.endsWith("duration") && listed.items.some(({ state }) => state === "running")) continue;
      const sorted = await listTaskInstanceRows(database.db, { filter, page: { limit: 100_000, offset: 0, orderBy } });
      const ids = sorted.items.map(({ id }) => id);
      const there = await walk(filter, orderBy, { from: null, backwards: false }, limit);
      expect({ orderBy, ids: there.flatMap((page) => page.ids) }).toEqual({ orderBy, ids });
      expect(there.map(({ previous }) => previous === null)).toEqual(there.map((_page, place) => place === 0));
      if (there.length === 1) continue;
      const back = await walk(filter, orderBy, there.at(-1)!.previous!, limit);
      expect({ orderBy, ids: back.toReversed().flatMap((page) => page.ids) }).toEqual({ orderBy, ids: ids.slice(0, (there.length - 1) * limit) });
      expect(back.at(-1)!.previous).toBeNull();
      expect(back.every(({ next }) => next !== null)).toBe(true);
    }
  });

  test("by offset begin in any state, and behind all of them", async () => {
    const { db } = database;
    for (const name of ["state", "-state"]) {
      const all = await listTaskInstanceRows(db, { filter: {}, page: { limit: 100_000, offset: 0, orderBy: [name] } });
      const ids = all.items.map(({ id }) => id);
      const edges = all.items.flatMap(({ state }, place) => (place > 0 && state !== all.items[place - 1]!.state ? [place] : []));
      expect(edges.length).toBeGreaterThan(2);
      for (const offset of [0, ...edges.flatMap((edge) => [edge - 3, edge, edge + 1]), ids.length - 2, ids.length, Number.MAX_SAFE_INTEGER - 100]) {
        const { items } = await listTaskInstanceRows(db, { filter: {}, page: { limit: 7, offset, orderBy: [name] } });
        expect({ name, offset, ids: items.map(({ id }) => id) }).toEqual({ name, offset, ids: ids.slice(offset, offset + 7) });
      }
    }
  });

  test("of runs, with and without a date", async () => {
    const { db } = database;
    for (const orderBy of [["logical_date"], ["-logical_date"], ["-run_after"], ["state", "-id"], ["-dag_id", "-run_after"]]) {
      const all = await listDagRuns(db, { filter: {}, page: { limit: 1000, offset: 0, orderBy } });
      const found: number[] = [];
      for (let keyset: Keyset | null = { from: null, backwards: false }; keyset !== null;) {
        const page = await listDagRuns(db, { filter: {}, page: { limit: 37, offset: 0, orderBy, keyset } });
        found.push(...page.items.map(({ id }) => id));
        expect(page).toMatchObject({ total: RUNS, totalLimit: 10_000 });
        keyset = page.next;
      }
      expect({ orderBy, found }).toEqual({ orderBy, found: all.items.map(({ id }) => id) });
    }
  });
});

test("what a task that succeeds within a minute goes through stays within its page: no index has anything to do with it", async () => {
  const steps = [
    "state = 'scheduled', scheduled_when = now(), updated_at = now()",
    "state = 'queued', queued_when = now(), attempt_id = gen_random_uuid()",
    "state = 'running', start_date = now(), try_number = try_number + 1, hostname = 'h', pid = 1, updated_at = now()",
    "state = 'success', end_date = now(), duration = 12.5, updated_at = now()",
  ];
  await transaction(database.db, async (tx) => {
    const hot = async (): Promise<number> =>
      (await run<{ hot: number }>(tx, { text: "select pg_stat_get_xact_tuples_hot_updated('task_instance'::regclass)::int as hot" }))[0]!.hot;
    await run(tx, {
      text: `insert into task_instance (dag_run_id, dag_id, task_id, map_index, dag_version_id, max_tries, up_total, operator, pool, pool_slots, queue, priority_weight)
        select id, dag_id, 'fresh', -1, 1, 0, 0, 'task', 'default_pool', 1, 'default', 1 from dag_run limit 1`,
    });
    const before = await hot();
    for (const step of steps) expect(await runCount(tx, { text: `update task_instance set ${step} where task_id = 'fresh'` })).toBe(1);
    expect((await hot()) - before).toBe(steps.length);
  });
});

test("a list of more than are counted: the total is one that pages by offset come to the end by, and cursors say where counting stops", async () => {
  const { db } = database;
  const rows = 10_250;
  await run(db, {
    text: `insert into task_instance (dag_run_id, dag_id, task_id, map_index, dag_version_id, max_tries, up_total, operator, pool, pool_slots, queue, priority_weight, state)
      select 1, 'sales', 'many', n, 1, 0, 0, 'task', 'default_pool', 1, 'default', 1, 'success' from generate_series(1, ${rows}) n`,
  });
  const filter = { dagId: "sales", runId: "r1", taskId: "many" };
  const found: number[] = [];
  let total = Number.POSITIVE_INFINITY;
  for (let offset = 0; offset < total; offset += 500) {
    const page = await listTaskInstanceRows(db, { filter, page: { limit: 500, offset, orderBy: ["map_index"] } });
    found.push(...page.items.map(({ mapIndex }) => mapIndex));
    total = page.total;
  }
  expect(found).toEqual(Array.from({ length: rows }, (_row, place) => place + 1));
  expect(total).toBe(rows);
  const byCursor = await listTaskInstanceRows(db, {
    filter,
    page: { limit: 100, offset: 0, orderBy: ["map_index"], keyset: { from: null, backwards: false } },
  });
  expect(byCursor).toMatchObject({ total: 10_000, totalLimit: 10_000 });
});
