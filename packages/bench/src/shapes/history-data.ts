import type { System, SystemKind } from "../systems/system.ts";

export interface HistorySize {
  readonly dags: number;
  readonly runsPerDag: number;
  readonly tasksPerRun: number;
}

const RUNS_PER_STATEMENT = 100;

/** Ended runs of DAGs with the prefix, numbers $2 to $3 of each: an hour apart, into the past. One in thirty failed. */
const RUNS: Record<SystemKind, string> = {
  tradewind: `insert into dag_run (dag_id, run_id, dag_version_id, run_type, state, run_after, queued_at, start_date, end_date, triggered_by)
    select dag_id, 'history_' || n, dag_version_id, 'manual', case when abs(hashtext(dag_id || n)) % 30 = 0 then 'failed' else 'success' end,
      at, at, at, at + interval '5 minutes', 'rest_api'
    from (select dag_id, dag_version_id, n, date_trunc('hour', now()) - n * interval '1 hour' as at from dag, generate_series($2::int, $3::int) n where starts_with(dag_id, $1) order by n, dag_id) made`,
  airflow: `insert into dag_run (dag_id, run_id, run_type, state, run_after, queued_at, start_date, end_date, triggered_by, clear_number, created_dag_version_id)
    select dag_id, 'history_' || n, 'manual', case when abs(hashtext(dag_id || n)) % 30 = 0 then 'failed' else 'success' end,
      at, at, at, at + interval '5 minutes', 'REST_API', 0, (select v.id from dag_version v where v.dag_id = made.dag_id order by version_number desc limit 1)
    from (select dag_id, n, date_trunc('hour', now()) - n * interval '1 hour' as at from dag, generate_series($2::int, $3::int) n where starts_with(dag_id, $1) order by n, dag_id) made`,
};

/** Task instances of the runs with ids above $2: $3 of each. */
const INSTANCES: Record<SystemKind, string> = {
  tradewind: `insert into task_instance (dag_run_id, dag_id, task_id, map_index, dag_version_id, state, try_number, max_tries, up_total, operator, pool, pool_slots, queue, executor,
      priority_weight, scheduled_when, queued_when, start_date, end_date, duration, updated_at)
    select r.id, r.dag_id, 't' || i, -1, r.dag_version_id, case when r.state = 'failed' and i = 0 then 'failed' else 'success' end, 1, 0, 0, 'task', 'default_pool', 1, 'default', 'local',
      1, r.start_date, r.start_date, r.start_date + i * interval '20 seconds', r.start_date + i * interval '30 seconds', i * 10, r.end_date
    from dag_run r, generate_series(0, $3::int - 1) i where r.id > $2 and starts_with(r.dag_id, $1) order by r.id, i`,
  airflow: `insert into task_instance (id, task_id, dag_id, run_id, map_index, state, try_number, max_tries, pool, pool_slots, queue, priority_weight, operator, scheduled_dttm, queued_dttm,
      start_date, end_date, duration, updated_at, hostname, unixname, dag_version_id, executor_config)
    select gen_random_uuid(), 't' || i, r.dag_id, r.run_id, -1, case when r.state = 'failed' and i = 0 then 'failed' else 'success' end, 1, 0, 'default_pool', 1, 'default', 1, 'PythonOperator',
      r.start_date, r.start_date, r.start_date + i * interval '20 seconds', r.start_date + i * interval '30 seconds', i * 10, r.end_date, 'host', 'user', r.created_dag_version_id, $4::bytea
    from dag_run r, generate_series(0, $3::int - 1) i where r.id > $2 and starts_with(r.dag_id, $1) order by r.id, i`,
};

/** An empty dict, as Airflow's column of pickled values has it. */
const PICKLED_EMPTY_DICT = Buffer.from("80047d942e", "hex");

interface StoredIndex {
  readonly name: string;
  readonly definition: string;
}

/**
 * Fills the tables as years of runs would leave them. Indexes that no constraint needs are built again afterwards, which takes a fraction of the time; the planner gets statistics, as
 * autovacuum would have made them.
 */
export async function fillHistory(system: System, prefix: string, size: HistorySize, say: (text: string) => void): Promise<void> {
  const indexes = await system.query<StoredIndex & Record<string, unknown>>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
      where indrelid in ('task_instance'::regclass, 'dag_run'::regclass) and not indisunique and not exists (select from pg_constraint where conindid = indexrelid)`,
  );
  for (const { name } of indexes) await system.query(`drop index ${name}`);
  for (let from = 1; from <= size.runsPerDag; from += RUNS_PER_STATEMENT) {
    const to = Math.min(size.runsPerDag, from + RUNS_PER_STATEMENT - 1);
    const [last] = await system.query<{ id: number }>("select coalesce(max(id), 0)::float8 as id from dag_run");
    await system.query(RUNS[system.kind], [prefix, from, to]);
    const config = system.kind === "airflow" ? [PICKLED_EMPTY_DICT] : [];
    await system.query(INSTANCES[system.kind], [prefix, last!.id, size.tasksPerRun, ...config]);
    say(`history: ${(to * size.dags * size.tasksPerRun).toLocaleString("en")} task instances`);
  }
  for (const { definition } of indexes) await system.query(definition);
  await system.query("vacuum analyze dag_run");
  await system.query("vacuum analyze task_instance");
  await system.query("checkpoint");
}
