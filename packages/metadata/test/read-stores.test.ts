import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { columnParsers } from "../src/column-parsers.ts";
import { internals, type Queryable, run } from "../src/database-handle.ts";
import type { Tables } from "../src/schema-types.ts";
import { DAG_RUN_ORDER_COLUMNS, listDagRuns, listTaskInstanceRows } from "../src/stores/rest.ts";
import { analyze, explainPlan, type QueryPlan, seedDag, seedDagRun, useTestDatabase } from "../src/testing/index.ts";
import { beforeAll, describe, expect, test } from "vitest";

const database = useTestDatabase();

beforeAll(async () => {
  const { db } = database;
  const spec = {
    dagId: "sales",
    displayName: null,
    owner: "a",
    tags: [],
    description: null,
    maxActiveRuns: 1,
    maxActiveTasks: 1,
    maxConsecutiveFailedDagRuns: 0,
  };
  await seedDag(db, { spec: spec as never });
  await seedDag(db, { spec: { ...spec, dagId: "stock" } as never });
  const first = await seedDagRun(db, { dagId: "sales", runId: "first" });
  await run(db, {
    text: `insert into dag_run (dag_id, run_id, dag_version_id, run_type, state, run_after, triggered_by)
      select case when n % 50 = 0 then 'stock' else 'sales' end, 'r' || n, 1, 'manual', 'success', timestamptz '2026-01-01' + n * interval '1 minute', 'test'
      from generate_series(1, 5000) n`,
  });
  await run(db, {
    text: `insert into task_instance (dag_run_id, dag_id, task_id, map_index, dag_version_id, max_tries, up_total, operator, pool, pool_slots, queue, priority_weight)
      select r.id, r.dag_id, 't' || n, -1, 1, 0, 0, 'task', 'default_pool', 1, 'default', 1 from dag_run r, generate_series(1, 3) n where r.id >= $1`,
    values: [first],
  });
  await analyze(db);
});

/** Plans of the statements that a list sends, as the planner chooses them with what it knows of the tables. */
async function plansOf(list: (db: Queryable) => Promise<unknown>): Promise<QueryPlan[]> {
  const sent: { text: string; values: readonly unknown[] }[] = [];
  const kysely = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: database.url, max: 1, types: columnParsers }) }),
    log: ({ query }) => void sent.push({ text: query.sql, values: query.parameters }),
  });
  try {
    await list({ [internals]: { kysely, run: database.db[internals].run } });
  } finally {
    await kysely.destroy();
  }
  const plans: QueryPlan[] = [];
  for (const statement of sent) plans.push(await explainPlan(database.db, statement, [], { as: "planner" }));
  return plans;
}

describe("lists of runs", () => {
  test("the latest of one DAG are read from the index by its order", async () => {
    const [rows] = await plansOf((db) => listDagRuns(db, { filter: { dagId: "stock" }, page: { limit: 10, offset: 0, orderBy: ["-run_after"] } }));
    expect(rows?.indexes, rows?.text).toContain("dag_run_by_run_after");
    expect(rows?.seqScans, rows?.text).not.toContain("dag_run");
  });

  test("the latest of all are read from the index by its order", async () => {
    const [rows] = await plansOf((db) => listDagRuns(db, { filter: {}, page: { limit: 10, offset: 0, orderBy: ["-run_after"] } }));
    expect(rows?.indexes, rows?.text).toContain("dag_run_recent");
    expect(rows?.seqScans, rows?.text).not.toContain("dag_run");
  });

  test("no statement follows when a page shows the end by itself", async () => {
    const plans = await plansOf((db) => listDagRuns(db, { filter: { dagId: "stock" }, page: { limit: 1000, offset: 0, orderBy: ["id"] } }));
    expect(plans).toHaveLength(1);
  });

  test("no order can be asked for that is not a column of the list", async () => {
    await expect(listDagRuns(database.db, { filter: {}, page: { limit: 1, offset: 0, orderBy: ["id; drop table dag"] } })).rejects.toThrow(
      "No order by",
    );
    for (const name of Object.keys(DAG_RUN_ORDER_COLUMNS)) {
      await listDagRuns(database.db, { filter: {}, page: { limit: 1, offset: 0, orderBy: [`-${name}`, name] } });
    }
  });
});

describe("lists of task instances", () => {
  test("those of a run touch no other run's rows", async () => {
    const plans = await plansOf((db) =>
      listTaskInstanceRows(db, { filter: { dagId: "sales", runId: "r7" }, page: { limit: 2, offset: 0, orderBy: ["map_index"] } }),
    );
    // Ids of the page, their rows, and the total.
    expect(plans).toHaveLength(3);
    for (const { indexes, seqScans, text } of plans) {
      expect(indexes, text).toContainEqual(expect.stringMatching(/^task_instance_(dag_run_id_task_id_map_index_key|pkey)$/));
      expect(seqScans, text).not.toContain("task_instance");
    }
  });

  test("those of a task are found by its index", async () => {
    const [rows] = await plansOf((db) =>
      listTaskInstanceRows(db, { filter: { dagId: "stock", taskId: "t1" }, page: { limit: 5, offset: 0, orderBy: ["-id"] } }),
    );
    expect(rows?.indexes, rows?.text).toContain("task_instance_by_task");
    expect(rows?.seqScans, rows?.text).not.toContain("task_instance");
  });
});
