import { beforeAll, expect, test } from "vitest";
import {
  countActiveDagRuns,
  listDagsToLetIn,
  listDispatchCandidates,
  listDueTimers,
  listExpiredLeases,
  lockDueDags,
  lockQueuedDagRuns,
  unparkTaskQueue,
} from "@tradewind/metadata";
import { analyze, explainPlan, useTestDatabase, internals, run, type Statement } from "@tradewind/metadata/testing";
import type { Queryable, Transaction } from "@tradewind/metadata";

const database = useTestDatabase();

/** The statement that a store function sends. */
async function statementOf(call: (handle: Transaction) => Promise<unknown>): Promise<Statement> {
  let seen: Statement | undefined;
  const handle: Queryable = {
    [internals]: {
      kysely: undefined as never,
      run: async (statement) => {
        seen = statement;
        return { rows: [], rowCount: 0, command: "" };
      },
    },
  };
  await call(handle as Transaction);
  return seen!;
}

async function fill(): Promise<void> {
  const db = database.db;
  await run(db, { text: "insert into bundle (sha256, code) values ('x', '')" });
  await run(db, {
    text: `insert into dag_version (dag_id, version_number, spec, spec_sha256, bundle_sha256, export_name, bundle_name, relative_path, source, resolve_from)
      values ('d', 1, '{}', 'x', 'x', 'dag', 'b', 'f', '', '{}')`,
  });
  await run(db, {
    text: `insert into dag (dag_id, dag_display_name, dag_version_id, is_paused, owners, timetable_periodic, max_active_runs, max_active_tasks,
        max_consecutive_failed_dag_runs, last_parsed_at, next_run_at)
      select 'd' || i, 'd', (select id from dag_version), false, '{}', true, 1, 1, 0, now(), now() + i * interval '1 minute' from generate_series(0, 4999) i`,
  });
  await run(db, {
    text: `insert into dag_run (dag_id, run_id, dag_version_id, run_type, state, run_after, triggered_by)
      select 'd' || i, 'r', (select id from dag_version), 'manual', 'running', now(), 'test' from generate_series(0, 4999) i`,
  });
  await run(db, {
    text: `insert into task_instance (dag_run_id, dag_id, task_id, map_index, dag_version_id, state, max_tries, up_total, operator, pool, pool_slots, queue, priority_weight)
      select r.id, r.dag_id, 't', i, r.dag_version_id, 'scheduled', 0, 0, 'task', 'default_pool', 1, 'default', 1 from dag_run r, generate_series(0, 3) i`,
  });
  await run(db, {
    text: `insert into task_queue (task_instance_id, dag_run_id, dag_id, task_id, map_index, executor, queue, pool, pool_slots, priority_weight, logical_date, max_active_tasks, parked_key)
      select id, dag_run_id, dag_id, task_id, map_index, 'local', queue, pool, pool_slots, priority_weight, now(), 16, case when map_index > 0 then 'run:' || dag_run_id end
      from task_instance`,
  });
  await run(db, {
    text: "insert into task_timer (task_instance_id, dag_run_id, kind, due_at) select id, dag_run_id, 'retry', now() + id * interval '1 s' from task_instance",
  });
  await run(db, {
    text: `insert into lease (attempt_id, task_instance_id, dag_run_id, dag_id, task_id, map_index, try_number, state, pool, pool_slots, executor, queue, priority_weight, bundle_sha256,
        scheduler_id, expires_at, queued_at)
      select gen_random_uuid(), id, dag_run_id, dag_id, task_id, map_index, 1, 'running', pool, 1, 'local', queue, 1, 'x', gen_random_uuid(), now() + id * interval '1 s', now()
      from task_instance where map_index = 0`,
  });
}

beforeAll(fill);

test("of each DAG only its own queued runs are looked at, also by statistics of a time when there were none", async () => {
  await analyze(database.db);
  await run(database.db, {
    text: `insert into dag_run (dag_id, run_id, dag_version_id, run_type, state, run_after, triggered_by)
      select dag_id, 'next', dag_version_id, 'manual', 'queued', now(), 'test' from dag_run`,
  });
  const statements = [
    await statementOf((tx) => lockQueuedDagRuns(tx, { dags: [{ dagId: "d1", room: 1 }], now: null })),
    await statementOf((tx) => countActiveDagRuns(tx, { dagIds: ["d1"] })),
    await statementOf((tx) => listDagsToLetIn(tx, { dagIds: ["d1"] })),
  ];
  const look = async () => {
    for (const statement of statements) {
      const plan = await explainPlan(database.db, statement, [], { as: "planner" });
      expect(plan.indexes, plan.text).not.toContain("dag_run_to_start");
      expect(plan.seqScans, plan.text).not.toContain("dag_run");
    }
  };
  await look();
  await analyze(database.db);
  await look();
});

test("what runs all the time is found by its index, with the statistics of a large installation", async () => {
  await analyze(database.db);
  const cases: [string, (handle: Transaction) => Promise<unknown>, string[]][] = [
    ["due DAGs", (tx) => lockDueDags(tx, { limit: 10, except: [], now: null }), ["dag_due"]],
    [
      "claim",
      (tx) => listDispatchCandidates(tx, { executors: ["local"], queues: null, limit: 16, now: null }),
      ["task_queue_dispatch", "lease_by_run"],
    ],
    ["unpark", (tx) => unparkTaskQueue(tx, [{ key: "run:1", count: 1 }]), ["task_queue_parked"]],
    ["due timers", (tx) => listDueTimers(tx, { limit: 10, now: null }), ["task_timer_due"]],
    ["expired leases", (tx) => listExpiredLeases(tx, { state: "running", limit: 10, now: null }), ["lease_expiry"]],
  ];
  for (const [what, call, indexes] of cases) {
    const plan = await explainPlan(database.db, await statementOf(call), [], { as: "index-only" });
    for (const index of indexes) expect(plan.indexes, `${what}:\n${plan.text}`).toContain(index);
    expect(
      plan.seqScans.filter((table) => table === "task_queue" || table === "dag" || table === "task_instance" || table === "task_timer"),
      `${what}:\n${plan.text}`,
    ).toEqual([]);
  }
});
