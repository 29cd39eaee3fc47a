import { dagSpec, taskSpec } from "@tradewind/core/plain-spec";

/** How much there is to look through. One DAG is wide: its grid is measured. */
export interface ApiDataSize {
  dags: number;
  runsPerDag: number;
  tasksPerRun: number;
  grid: { tasks: number; runs: number };
}

/** 10,000 DAGs and a million task instances. */
export const FULL_SIZE: ApiDataSize = { dags: 10_000, runsPerDag: 10, tasksPerRun: 10, grid: { tasks: 900, runs: 25 } };

export const GRID_DAG = "wide";

/**
 * Statements that fill an empty database as months of work would leave it: nearly all tasks succeeded, one in a hundred failed, one run of a DAG in twenty is under way with its rows in the
 * small tables of what is alive. Pools, queues and durations are uneven, as they are in life. The same figures each time: hashes stand for chance.
 */
export function apiData({ dags, runsPerDag, tasksPerRun, grid }: ApiDataSize): string[] {
  const chance = (of: string): string => `(abs(hashtext(${of})) % 10000) / 10000.0`;
  return [
    `insert into bundle (sha256, code) values ('${"0".repeat(64)}', '// DAG')`,
    `insert into dag_version (dag_id, version_number, spec, spec_sha256, bundle_sha256, export_name, bundle_name, relative_path, source, resolve_from)
      select dag_id, 1, replace(${specText("@dag", tasksPerRun)}, '@dag', dag_id), md5(dag_id), '${"0".repeat(64)}', 'dag', 'dags', dag_id || '.ts', '// DAG', '{}'
      from (select 'team' || n % 40 || '_dag_' || to_char(n, 'FM00000') as dag_id from generate_series(1, ${dags}) n union all select '${GRID_DAG}') made`,
    `insert into dag (dag_id, dag_display_name, dag_version_id, is_paused, is_stale, has_import_errors, owners, timetable_summary, timetable_periodic, max_active_runs,
        max_active_tasks, max_consecutive_failed_dag_runs, last_parsed_at, next_logical_date)
      select dag_id, 'The ' || dag_id, id, ${chance("dag_id || 'p'")} < 0.3, ${chance("dag_id || 's'")} < 0.01, ${chance("dag_id || 'e'")} < 0.01,
        array['owner' || id % 25], '0 * * * *', true, 16, 16, 0, now(), now() + id % 3600 * interval '1 second' from dag_version`,
    `insert into dag_tag (dag_id, name) select dag_id, 'tag' || tag from dag d, lateral (select distinct abs(hashtext(d.dag_id || i)) % 60 as tag from generate_series(1, 3) i) t`,
    `insert into dag_run (dag_id, run_id, dag_version_id, run_type, state, logical_date, run_after, start_date, end_date, triggered_by)
      select dag_id, 'run_' || n, dag_version_id, 'manual', 'success', null, timestamptz '2025-12-01' + n * interval '1 hour', timestamptz '2025-12-01' + n * interval '1 hour', timestamptz '2025-12-01' + n * interval '2 hours', 'ui'
      from dag, generate_series(1, ${grid.runs}) n where dag_id = '${GRID_DAG}'`,
    instances(
      `select r.*, i, 'task_' || i as task_id, ${chance("r.run_id || i")} as luck from dag_run r, generate_series(1, ${grid.tasks}) i where r.dag_id = '${GRID_DAG}' order by r.id, i`,
    ),
    `insert into dag_run (dag_id, run_id, dag_version_id, run_type, state, logical_date, data_interval_start, data_interval_end, run_after, queued_at, start_date, end_date,
        triggered_by, unfinished_count, live_count)
      select dag_id, 'scheduled__' || run_after, dag_version_id, 'scheduled', state, run_after, run_after - interval '1 hour', run_after, run_after, run_after, run_after,
        case when state <> 'running' then run_after + interval '9 minutes' end, 'timetable', case when state = 'running' then ${tasksPerRun} else 0 end,
        case when state = 'running' then 3 else 0 end
      from (
        select dag_id, dag_version_id, n, timestamptz '2026-01-01' + n * interval '1 day' + dag_version_id * 8 % 86400 * interval '1 second' as run_after,
          case when n = ${runsPerDag} and dag_version_id % 20 = 0 then 'running' when ${chance("dag_id || n")} < 0.04 then 'failed' else 'success' end as state
        from generate_series(1, ${runsPerDag}) n, dag where dag_id <> '${GRID_DAG}' order by n, dag_id
      ) made`,
    instances(
      `select r.*, i, 'task_' || i as task_id, ${chance("r.run_id || r.dag_id || i")} as luck from dag_run r, generate_series(1, ${tasksPerRun}) i where r.dag_id <> '${GRID_DAG}' order by r.run_after, r.id, i`,
    ),
    `update dag_version set spec = ${specText(GRID_DAG, grid.tasks)} where dag_id = '${GRID_DAG}'`,
    `insert into task_queue (task_instance_id, dag_run_id, dag_id, task_id, map_index, executor, queue, pool, pool_slots, priority_weight, logical_date, max_active_tasks)
      select id, dag_run_id, dag_id, task_id, map_index, 'local', queue, pool, 1, 1, now(), 16 from task_instance where state = 'scheduled'`,
    `insert into lease (attempt_id, task_instance_id, dag_run_id, dag_id, task_id, map_index, try_number, state, pool, pool_slots, executor, queue, priority_weight, bundle_sha256,
        scheduler_id, expires_at, queued_at)
      select gen_random_uuid(), id, dag_run_id, dag_id, task_id, map_index, 1, state, pool, 1, 'local', queue, 1, 'x', gen_random_uuid(), now() + interval '1 day', now()
      from task_instance where state in ('queued', 'running')`,
    `insert into task_timer (task_instance_id, dag_run_id, kind, due_at) select id, dag_run_id, 'retry', now() + interval '1 day' from task_instance where state = 'up_for_retry'`,
    `insert into event_log ("when", event, dag_id, owner) select timestamptz '2026-01-01' + n * interval '1 minute', 'trigger_dag_run', 'team' || n % 40 || '_dag_00001', 'user' || n % 9
      from generate_series(1, 100000) n`,
    "vacuum analyze",
  ];
}

/** What `source` gives as task instances: those of runs under way in all states, the others ended. */
function instances(source: string): string {
  return `insert into task_instance (dag_run_id, dag_id, task_id, map_index, dag_version_id, state, try_number, max_tries, up_total, operator, pool, pool_slots, queue, executor,
      priority_weight, scheduled_when, queued_when, start_date, end_date, duration, updated_at)
    select id, dag_id, task_id, -1, dag_version_id, state, case when state in ('scheduled', 'upstream_failed') or state is null then 0 when luck > 0.97 then 2 else 1 end, 2, 0,
      case when i % 10 = 9 then 'SqlOperator' else 'task' end,
      case when luck < 0.9 then 'default_pool' when luck < 0.98 then 'warehouse' else 'gpu_pool' end, 1, case when luck >= 0.98 then 'gpu' else 'default' end, 'local', 1,
      starts, starts, starts, ends, extract(epoch from ends - starts), coalesce(ends, starts, run_after)
    from (
      select made.*, case when state is null or state = 'scheduled' then null else run_after + i * interval '20 seconds' + luck * interval '20 seconds' end as starts,
        case when state in ('success', 'failed', 'skipped', 'upstream_failed', 'up_for_retry') then
          run_after + i * interval '20 seconds' + luck * interval '20 seconds' + (0.3 * exp(7 * power(luck, 2))) * interval '1 second' end as ends
      from (
        select source.id, source.dag_id, source.dag_version_id, source.run_after, i, task_id, luck,
          case
            when source.state = 'running' then (array['success', 'success', 'running', 'queued', 'scheduled', 'up_for_retry'])[i]
            when source.state = 'failed' and i = 5 then 'failed'
            when source.state = 'failed' and i > 5 then 'upstream_failed'
            when luck between 0.5 and 0.51 then 'skipped'
            else 'success' end as state
        from (${source}) source
      ) made
    ) made`;
}

/** The text of a spec with so many tasks, each below the one ten before it, as a literal of SQL. */
function specText(dagId: string, count: number): string {
  const tasks = Array.from({ length: count }, (_, at) => taskSpec(`task_${at + 1}`, { upstream: at >= 10 ? [`task_${at - 9}`] : [] }));
  return `'${JSON.stringify(dagSpec({ dagId, tasks }))}'`;
}
