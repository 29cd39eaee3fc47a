import { beforeAll, expect, test } from "vitest";
import { listDueDagRunTimers, listNextRuns, listPastFacts, takeCallbackRequests } from "../src/index.ts";
import { internals, type Queryable, run, type Statement } from "../src/database-handle.ts";
import { analyze, explainPlan, seedDag, useTestDatabase } from "../src/testing/index.ts";

const database = useTestDatabase();

/** A DAG with a long history, most of it by hand, and a task that came late. */
beforeAll(async () => {
  const spec = {
    ...{ dagId: "busy", displayName: null, description: null, owner: "o", tags: [] },
    ...{ maxActiveRuns: 16, maxActiveTasks: 16, maxConsecutiveFailedDagRuns: 0 },
  };
  await seedDag(database.db, { spec: spec as never });
  await run(database.db, {
    text: `insert into dag_run (dag_id, run_id, dag_version_id, run_type, state, logical_date, run_after, triggered_by)
      select d.dag_id, 'run' || n, d.dag_version_id, case when n % 10 = 0 then 'scheduled' else 'manual' end, case when n > 4990 then 'running' else 'success' end,
        timestamptz '2026-01-01' + n * interval '1 hour', now(), 'test'
      from dag d, generate_series(1, 5000) n`,
  });
  await run(database.db, {
    text: `insert into task_instance (dag_run_id, dag_id, task_id, map_index, dag_version_id, state, max_tries, up_total, operator, pool, pool_slots, queue, priority_weight)
      select r.id, r.dag_id, t.id, -1, r.dag_version_id, 'success', 0, 0, 'task', 'p', 1, 'q', 1
      from dag_run r, unnest('{a,b,late}'::text[]) as t (id) where t.id <> 'late' or r.logical_date > timestamptz '2026-01-01' + interval '4999 hours'`,
  });
  await run(database.db, {
    text: "insert into dag_run_timer (dag_run_id, kind, due_at) select id, 'past', now() + id * interval '1 s' from dag_run",
  });
  await run(database.db, {
    text: `insert into callback_request (dag_run_id, dag_id, dag_version_id, scope, callback, due_at)
      select id, dag_id, dag_version_id, 'dag', 'success', now() + id * interval '1 s' from dag_run`,
  });
  await analyze(database.db);
});

async function statementOf(store: (db: never) => Promise<unknown>): Promise<Statement> {
  const sent: Statement[] = [];
  const recorder = { [internals]: { kysely: undefined, run: async (statement: Statement) => (sent.push(statement), { rows: [], rowCount: 0 }) } };
  await store(recorder as unknown as Queryable as never);
  expect(sent).toHaveLength(1);
  return sent[0]!;
}

const ask = (taskId: string, isCatchup: boolean) => (db: never) =>
  listPastFacts(db, {
    tasks: [{ dagRunId: 5000, dagId: "busy", logicalDate: new Date("2026-07-28T08:00:00Z"), taskId, isCatchup, downstream: ["b"] }],
  });

// As on the hot connections, which take no sequential scans.
test.each([
  ["the previous run of any kind", ask("a", false), ["dag_run_logical_date", "task_instance_dag_run_id_task_id_map_index_key"]],
  ["the previous run that is not manual", ask("a", true), ["dag_run_logical_date"]],
  ["whether a task ever ran before", ask("late", false), ["dag_run_logical_date"]],
  ["the runs after one", (db: never) => listNextRuns(db, { dagRunId: 4991 }), ["dag_run_logical_date"]],
  ["runs that are to look again", (db: never) => listDueDagRunTimers(db, { limit: 10, now: null }), ["dag_run_timer_due"]],
  ["callbacks that are due", (db: never) => takeCallbackRequests(db, { limit: 10, takenForMs: 1, now: null }), ["callback_request_due"]],
] as const)("%s: found by an index, without reading the history", async (_what, store, indexes) => {
  const plan = await explainPlan(database.db, await statementOf(store), [], { as: "index-only" });
  for (const index of indexes) expect(plan.indexes, plan.text).toContain(index);
  expect(plan.seqScans, plan.text).toEqual([]);
});
