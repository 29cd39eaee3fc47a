import { beforeAll, expect, test } from "vitest";
import { internals, type Queryable, run, type Statement } from "../src/database-handle.ts";
import { findWhyDag, findWhyRun, listUnsuccessful, listWhyInstances } from "../src/index.ts";
import { countRunsBySpan, listFailingDags, listRecentRuns, listRunningRuns } from "../src/stores/rest.ts";
import { analyze, explainPlan, seedDag, useTestDatabase } from "../src/testing/index.ts";

const database = useTestDatabase();
const spec = { displayName: null, description: null, owner: "o", tags: [], maxActiveRuns: 16, maxActiveTasks: 16, maxConsecutiveFailedDagRuns: 0 };

beforeAll(async () => {
  for (const dagId of ["busy", "quiet"]) await seedDag(database.db, { spec: { ...spec, dagId } as never });
  await run(database.db, {
    text: `insert into dag_run (dag_id, run_id, dag_version_id, run_type, state, logical_date, run_after, start_date, end_date, triggered_by)
      select d.dag_id, 'run' || n, d.dag_version_id, 'scheduled', case when n = 6000 then 'running' else 'success' end, now() - n * interval '1 hour', now() - n * interval '1 hour',
        now() - n * interval '1 hour', now() - n * interval '1 hour', 'test'
      from dag d, generate_series(1, 6000) n`,
  });
  await run(database.db, {
    text: `insert into task_instance (dag_run_id, dag_id, task_id, map_index, dag_version_id, state, max_tries, up_total, operator, pool, pool_slots, queue, priority_weight)
      select id, dag_id, 't', -1, dag_version_id, 'success', 0, 0, 'task', 'p', 1, 'q', 1 from dag_run`,
  });
  await run(database.db, {
    text: "insert into event_log (event, dag_id) select 'patch_dag', case when n % 500 = 0 then 'busy' else 'dag' || n % 500 end from generate_series(1, 20000) n",
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

const since = new Date(Date.now() - 86_400_000);

test.each([
  ["who paused a DAG", (db: never) => findWhyDag(db, { dagId: "busy", named: 5, now: null }), "event_log_by_dag"],
  ["its active runs", (db: never) => findWhyDag(db, { dagId: "busy", named: 5, now: null }), "dag_run_active"],
  ["a run by its id", (db: never) => findWhyRun(db, { dagId: "quiet", runId: "run7" }), "dag_run_dag_id_run_id_key"],
  ["all instances of a run", (db: never) => listWhyInstances(db, { dagRunId: 7 }), "task_instance_dag_run_id_task_id_map_index_key"],
  [
    "instances of the previous run",
    (db: never) => listUnsuccessful(db, { tasks: [{ dagRunId: 7, taskId: "t" }], limit: 5 }),
    "task_instance_dag_run_id_task_id_map_index_key",
  ],
  ["runs that began last", (db: never) => listRecentRuns(db, { dagIds: null, limit: 10 }), "dag_run_by_start_date"],
  ["runs of a day", (db: never) => countRunsBySpan(db, { dagIds: null, since, spanMs: 300_000 }), "dag_run_by_start_date"],
  ["DAGs that fail", (db: never) => listFailingDags(db, { dagIds: null, since, limit: 5 }), "dag_run_by_start_date"],
  ["runs at work", (db: never) => listRunningRuns(db, { dagIds: null, limit: 5 }), "dag_run_active"],
] as const)("%s: found by an index, whatever else there is", async (_what, store, index) => {
  const { indexes, seqScans } = await explainPlan(database.db, await statementOf(store), [], { as: "planner" });
  expect(indexes).toContain(index);
  // The other tables are small here.
  for (const large of ["dag_run", "task_instance", "event_log"]) expect(seqScans).not.toContain(large);
});
