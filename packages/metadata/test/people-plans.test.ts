import { beforeAll, expect, test } from "vitest";
import { findDagRunAt, findDagRunTarget, listDagRunTargets, lockActiveDagRuns, parkTaskQueueOfDag } from "../src/index.ts";
import { internals, type Queryable, run, type Statement } from "../src/database-handle.ts";
import { analyze, assertUsesIndex, explainPlan, seedDag, useTestDatabase } from "../src/testing/index.ts";

const database = useTestDatabase();
const date = new Date("2026-01-02T00:00:00Z");

beforeAll(async () => {
  const spec = {
    dagId: "busy",
    displayName: null,
    description: null,
    owner: "o",
    tags: [],
    maxActiveRuns: 16,
    maxActiveTasks: 16,
    maxConsecutiveFailedDagRuns: 0,
  };
  for (const dagId of ["busy", "quiet"]) await seedDag(database.db, { spec: { ...spec, dagId } as never });
  await run(database.db, {
    text: `insert into dag_run (dag_id, run_id, dag_version_id, run_type, state, logical_date, run_after, triggered_by)
      select d.dag_id, 'run' || n, d.dag_version_id, 'scheduled', case when n % 500 = 0 then 'running' else 'success' end, timestamptz '2026-01-01' + n * interval '1 hour', now(), 'test'
      from dag d, generate_series(1, 5000) n`,
  });
  await run(database.db, {
    text: `insert into task_instance (dag_run_id, dag_id, task_id, map_index, dag_version_id, state, max_tries, up_total, operator, pool, pool_slots, queue, priority_weight)
      select id, dag_id, 't', -1, dag_version_id, 'scheduled', 0, 0, 'task', 'p', 1, 'q', 1 from dag_run where dag_id = 'busy'`,
  });
  await run(database.db, {
    text: `insert into task_queue (task_instance_id, dag_run_id, dag_id, task_id, map_index, executor, queue, pool, pool_slots, priority_weight, logical_date, max_active_tasks)
      select id, dag_run_id, dag_id, task_id, map_index, 'local', queue, pool, pool_slots, priority_weight, now(), 16 from task_instance`,
  });
  await analyze(database.db);
});

/** The statement a store sends. */
async function statementOf(store: (db: never) => Promise<unknown>): Promise<Statement> {
  const sent: Statement[] = [];
  const recorder = { [internals]: { kysely: undefined, run: async (statement: Statement) => (sent.push(statement), { rows: [], rowCount: 0 }) } };
  await store(recorder as unknown as Queryable as never);
  expect(sent).toHaveLength(1);
  return sent[0]!;
}

test.each([
  ["a run by its id", (db: never) => findDagRunTarget(db, { dagId: "quiet", runId: "run7" }), "dag_run_dag_id_run_id_key"],
  ["the run at a date", (db: never) => findDagRunAt(db, { dagId: "quiet", logicalDate: date }), "dag_run_logical_date"],
  [
    "runs in a window",
    (db: never) => listDagRunTargets(db, { dagId: "quiet", from: date, to: new Date("2026-01-03T00:00:00Z") }),
    "dag_run_logical_date",
  ],
  ["active runs", (db: never) => lockActiveDagRuns(db, { dagId: "quiet" }), "dag_run_active"],
  ["what waits of a DAG", (db: never) => parkTaskQueueOfDag(db, { dagId: "quiet", parkedKey: "dag:quiet" }), "task_queue_by_dag"],
] as const)("%s: found by an index, whatever else there is", async (_what, store, index) => {
  assertUsesIndex(await explainPlan(database.db, await statementOf(store), [], { as: "planner" }), index);
});
