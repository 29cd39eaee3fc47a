/**
 * The first schema.
 *
 * Two kinds of tables. The big ones (`dag_run`, `task_instance`, `xcom`) keep everything that ever happened; every transition updates them in place, so they have room on each
 * page (fillfactor) and **no index on a column that a transition changes**: updates stay heap-only. The small ones (`task_queue`, `lease`, `task_timer`) hold what is alive
 * now, one row per waiting, leased or sleeping task instance, and carry all indexes that scheduling needs. A row in them goes when the thing ends, in the same
 * transaction as the state of its task instance.
 *
 * Lock order, for every transaction that takes more than one: dag → dag_run (by id) → task_instance (by id) → task_queue → lease → task_timer.
 */
export const initial = {
  id: 1,
  name: "initial",
  sql: /* sql */ `
-- What authors write ---------------------------------------------------------------------------------------------------

-- The code of a DAG file, bundled: content-addressed, never changed.
create table bundle (
  sha256 text primary key,
  code text not null,
  -- Presentation only, so not part of the hash: the newest one of any file that gave this code. Names in it are relative to the DAG folder.
  source_map text,
  created_at timestamptz not null default now()
);
alter table bundle alter column code set compression pglz, alter column source_map set compression pglz;

create table dag_file (
  id bigint generated always as identity primary key,
  -- The configured DAG folder (Airflow: bundle name) and the path below it.
  bundle_name text not null,
  relative_path text not null,
  -- What the loader compares before it reads anything: size, mtime, inode of the file and of what it imports.
  fingerprint json,
  bundle_sha256 text,
  last_parsed_at timestamptz,
  last_parse_duration_ms double precision,
  deleted_at timestamptz,
  unique (bundle_name, relative_path)
);

create table import_error (
  id bigint generated always as identity primary key,
  dag_file_id bigint not null unique references dag_file (id) on delete cascade,
  timestamp timestamptz not null,
  kind text not null,
  message text not null,
  line integer,
  col integer,
  frame text,
  stack_trace text not null
);

create table dag_version (
  id bigint generated always as identity primary key,
  dag_id text not null,
  version_number integer not null,
  spec text not null,
  spec_sha256 text not null,
  bundle_sha256 text not null references bundle (sha256),
  export_name text not null,
  bundle_name text not null,
  relative_path text not null,
  -- Text of the DAG file; renewed with the bundle's source map when an edit changed comments only.
  source text not null,
  -- Folders from which the bundle's packages resolve.
  resolve_from text[] not null,
  created_at timestamptz not null default now(),
  unique (dag_id, version_number)
);

create table dag (
  dag_id text primary key,
  dag_display_name text not null,
  dag_file_id bigint references dag_file (id) on delete set null,
  dag_version_id bigint not null references dag_version (id),
  is_paused boolean not null,
  -- Not found any more where it came from: hidden, no new runs.
  is_stale boolean not null default false,
  has_import_errors boolean not null default false,
  description text,
  owners text[] not null,
  timetable_summary text,
  timetable_description text,
  timetable_periodic boolean not null,
  max_active_runs integer not null,
  max_active_tasks integer not null,
  max_consecutive_failed_dag_runs integer not null,
  last_parsed_at timestamptz not null,
  last_parse_duration_ms double precision,
  -- The next run the timetable wants, and when to create it (next_run_at). null: none.
  next_logical_date timestamptz,
  next_data_interval_start timestamptz,
  next_data_interval_end timestamptz,
  next_run_at timestamptz,
  -- max_active_runs is reached: out of the due index until a run of it ends.
  creation_blocked boolean not null default false,
  created_at timestamptz not null default now()
) with (fillfactor = 80);
-- Due DAGs: the scheduler sleeps until the first entry.
create index dag_due on dag (next_run_at) where next_run_at is not null and not is_paused and not is_stale and not has_import_errors and not creation_blocked;
create index dag_by_file on dag (dag_file_id);

create table dag_tag (
  dag_id text not null references dag (dag_id) on delete cascade,
  name text not null,
  primary key (dag_id, name)
);
create index dag_tag_by_name on dag_tag (name, dag_id);

-- Runs -------------------------------------------------------------------------------------------------------------------

create table dag_run (
  id bigint generated always as identity primary key,
  dag_id text not null references dag (dag_id) on delete cascade,
  run_id text not null,
  dag_version_id bigint not null references dag_version (id),
  run_type text not null check (run_type in ('scheduled', 'manual', 'backfill', 'asset_triggered', 'asset_materialization', 'operator_triggered')),
  state text not null check (state in ('queued', 'running', 'success', 'failed')),
  state_reason text,
  logical_date timestamptz,
  data_interval_start timestamptz,
  data_interval_end timestamptz,
  run_after timestamptz not null,
  queued_at timestamptz,
  start_date timestamptz,
  end_date timestamptz,
  -- start_date + the DAG's dagrun timeout, while it runs.
  timeout_at timestamptz,
  conf text not null default '{}',
  note text,
  triggered_by text not null,
  triggering_user_name text,
  last_scheduling_decision timestamptz,
  clear_number integer not null default 0,
  -- Task instances that are not finished, and of these the ones that can still move by themselves (scheduled, queued, running, waiting for a retry, …).
  -- unfinished = 0: the outcome is due. live = 0 < unfinished: look for a deadlock.
  unfinished_count integer not null default 0,
  live_count integer not null default 0,
  unique (dag_id, run_id)
) with (fillfactor = 80);
create unique index dag_run_logical_date on dag_run (dag_id, logical_date) where logical_date is not null;
create index dag_run_active on dag_run (dag_id, state, run_after) where state in ('queued', 'running');
create index dag_run_to_start on dag_run (run_after) where state = 'queued';
create index dag_run_timeout on dag_run (timeout_at) where timeout_at is not null;
create index dag_run_by_run_after on dag_run (dag_id, run_after desc);
create index dag_run_recent on dag_run (run_after desc, id desc);

create table task_instance (
  id bigint generated always as identity primary key,
  dag_run_id bigint not null references dag_run (id) on delete cascade,
  dag_id text not null,
  task_id text not null,
  -- -1: not mapped, or mapped and not expanded yet.
  map_index integer not null,
  dag_version_id bigint not null,
  -- null: nothing decided yet.
  state text check (state in ('scheduled', 'queued', 'running', 'restarting', 'up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input',
    'success', 'failed', 'skipped', 'upstream_failed', 'removed')),
  -- In words: why it is in this state, where the state does not say it.
  state_reason text,
  try_number integer not null default 0,
  max_tries integer not null,
  -- The attempt of the current try; who writes with another one is stale.
  attempt_id uuid,
  -- Direct upstream task instances that this one counts: all, and those that ended, by state.
  up_total integer not null,
  up_success integer not null default 0,
  up_failed integer not null default 0,
  up_skipped integer not null default 0,
  up_upstream_failed integer not null default 0,
  up_removed integer not null default 0,
  -- An upstream branch decided not to come here; stays when this instance is cleared, goes when that branch is.
  branch_skipped boolean not null default false,
  operator text not null,
  pool text not null,
  pool_slots integer not null,
  queue text not null,
  executor text,
  priority_weight integer not null,
  scheduled_when timestamptz,
  queued_when timestamptz,
  start_date timestamptz,
  end_date timestamptz,
  duration double precision,
  hostname text,
  pid integer,
  failure json,
  progress json,
  note text,
  rendered_map_index text,
  updated_at timestamptz not null default now(),
  unique (dag_run_id, task_id, map_index)
) with (fillfactor = 65);
create index task_instance_by_task on task_instance (dag_id, task_id, id desc);

-- Ended tries that another try has replaced (the last one is in task_instance).
create table task_instance_history (
  task_instance_id bigint not null references task_instance (id) on delete cascade,
  try_number integer not null,
  attempt_id uuid,
  state text,
  state_reason text,
  max_tries integer not null,
  dag_version_id bigint not null,
  operator text not null,
  pool text not null,
  pool_slots integer not null,
  queue text not null,
  executor text,
  priority_weight integer not null,
  scheduled_when timestamptz,
  queued_when timestamptz,
  start_date timestamptz,
  end_date timestamptz,
  duration double precision,
  hostname text,
  pid integer,
  failure json,
  primary key (task_instance_id, try_number)
);

create table xcom (
  dag_run_id bigint not null references dag_run (id) on delete cascade,
  task_id text not null,
  key text not null,
  map_index integer not null,
  task_instance_id bigint not null,
  -- JSON text, kept as it came.
  value text not null,
  -- Members of a list or object: what a mapped downstream expands over.
  length integer,
  timestamp timestamptz not null default now(),
  primary key (dag_run_id, task_id, key, map_index)
);

-- What is alive ----------------------------------------------------------------------------------------------------------

-- One row per task instance in state scheduled: what dispatch reads. parked_key names the limit that holds it back ('run:1', 'task:dag/task', 'runtask:1/task',
-- 'dag:name' for a paused DAG): parked rows are out of dispatch's index, so waiting costs nothing, and come back when that key frees a slot.
create table task_queue (
  task_instance_id bigint primary key references task_instance (id) on delete cascade,
  dag_run_id bigint not null,
  dag_id text not null,
  task_id text not null,
  map_index integer not null,
  executor text not null,
  queue text not null,
  pool text not null,
  pool_slots integer not null,
  priority_weight integer not null,
  logical_date timestamptz not null,
  max_active_tasks integer not null,
  max_active_tis_per_dag integer,
  max_active_tis_per_dagrun integer,
  parked_key text,
  created_at timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
create index task_queue_dispatch on task_queue (executor, pool, priority_weight desc, logical_date, map_index, task_instance_id) where parked_key is null;
create index task_queue_parked on task_queue (parked_key, priority_weight desc, logical_date, map_index, task_instance_id) where parked_key is not null;
create index task_queue_by_run on task_queue (dag_run_id);
create index task_queue_by_dag on task_queue (dag_id);

-- One row per queued or running attempt: what limits are counted on, and who may write for the task instance.
create table lease (
  attempt_id uuid primary key,
  task_instance_id bigint not null unique references task_instance (id) on delete cascade,
  dag_run_id bigint not null,
  dag_id text not null,
  task_id text not null,
  map_index integer not null,
  try_number integer not null,
  state text not null check (state in ('queued', 'running')),
  pool text not null,
  pool_slots integer not null,
  executor text not null,
  queue text not null,
  priority_weight integer not null,
  bundle_sha256 text not null,
  -- The scheduler whose parallelism it counts against, and who hears of its end.
  scheduler_id uuid not null,
  -- The runner host it was granted to.
  host_id text,
  -- queued: when it counts as stuck. running: when the lease ends unless renewed.
  expires_at timestamptz not null,
  -- How often it was handed to the executor again after it got stuck in queued.
  requeue_count integer not null default 0,
  -- Set: whoever runs it is to stop; told with the next heartbeat.
  stop_reason text,
  queued_at timestamptz not null,
  started_at timestamptz
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
create index lease_expiry on lease (expires_at);
create index lease_by_host on lease (host_id);
create index lease_by_scheduler on lease (scheduler_id);
create index lease_by_run on lease (dag_run_id);

-- One row per task instance that waits for a moment: the next try, the next poke.
create table task_timer (
  task_instance_id bigint primary key references task_instance (id) on delete cascade,
  dag_run_id bigint not null,
  kind text not null check (kind in ('retry', 'reschedule')),
  due_at timestamptz not null
);
create index task_timer_due on task_timer (due_at);

-- What people set up -----------------------------------------------------------------------------------------------------

create table pool (
  name text primary key,
  -- -1: unlimited.
  slots integer not null check (slots >= -1),
  description text,
  include_deferred boolean not null default false
);

-- Values are Fernet tokens.
create table variable (
  key text primary key,
  value text not null,
  description text,
  updated_at timestamptz not null default now()
);

create table connection (
  connection_id text primary key,
  conn_type text not null,
  description text,
  host text,
  port integer,
  login text,
  schema text,
  -- Fernet tokens.
  password text,
  extra text
);

create table user_account (
  id bigint generated always as identity primary key,
  username text not null unique,
  password_hash text not null,
  first_name text not null default '',
  last_name text not null default '',
  email text not null default '',
  role text not null,
  is_active boolean not null default true,
  created_at timestamptz not null default now()
);

-- Who is at work ---------------------------------------------------------------------------------------------------------

-- Daemons (Airflow: jobs). A scheduler that stops beating is declared dead, and its leases are adopted.
create table job (
  id uuid primary key,
  job_type text not null,
  state text not null check (state in ('running', 'success', 'failed')),
  hostname text not null,
  pid integer not null,
  start_date timestamptz not null,
  latest_heartbeat timestamptz not null,
  end_date timestamptz
);
create index job_running on job (job_type, latest_heartbeat) where state = 'running';

create table runner_host (
  host_id text primary key,
  executor text not null,
  hostname text not null,
  pid integer not null,
  version text not null,
  slots integer not null,
  queues text[],
  registered_at timestamptz not null,
  last_heartbeat_at timestamptz not null
);

-- Every change a person or client made (Airflow: event log).
create table event_log (
  id bigint generated always as identity primary key,
  "when" timestamptz not null default now(),
  event text not null,
  dag_id text,
  run_id text,
  task_id text,
  map_index integer,
  try_number integer,
  owner text,
  extra json
);
create index event_log_by_dag on event_log (dag_id, id desc);
create index event_log_recent on event_log ("when" desc, id desc);

insert into pool (name, slots, description) values ('default_pool', 128, 'Default pool');
`,
} as const;
