-- What the migrations make, read from the catalog. Written by src/write-schema.ts; do not edit.

create table access_token (
  id uuid not null,
  user_account_id bigint not null,
  kind text not null,
  name text,
  token_sha256 text not null,
  created_at timestamp with time zone default now() not null,
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  constraint access_token_pkey PRIMARY KEY (id),
  constraint access_token_token_sha256_key UNIQUE (token_sha256),
  constraint access_token_user_account_id_fkey FOREIGN KEY (user_account_id) REFERENCES user_account(id) ON DELETE CASCADE,
  constraint access_token_kind CHECK ((kind = ANY (ARRAY['session'::text, 'api'::text])))
);
CREATE INDEX access_token_by_end ON access_token USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE INDEX access_token_by_user ON access_token USING btree (user_account_id, created_at);

create table bundle (
  sha256 text not null,
  code text not null compression pglz,
  source_map text compression pglz,
  created_at timestamp with time zone default now() not null,
  constraint bundle_pkey PRIMARY KEY (sha256)
);

create table callback_request (
  id bigint generated always as identity not null,
  dag_run_id bigint not null,
  dag_id text not null,
  dag_version_id bigint not null,
  scope text not null,
  callback text not null,
  task_instance_id bigint,
  attempt_id uuid,
  try_number integer,
  reason text,
  failure json,
  only_calls integer[],
  tries integer default 0 not null,
  due_at timestamp with time zone default now() not null,
  created_at timestamp with time zone default now() not null,
  constraint callback_request_pkey PRIMARY KEY (id),
  constraint callback_request_dag_run_id_fkey FOREIGN KEY (dag_run_id) REFERENCES dag_run(id) ON DELETE CASCADE,
  constraint callback_request_task_instance_id_fkey FOREIGN KEY (task_instance_id) REFERENCES task_instance(id) ON DELETE CASCADE,
  constraint callback_request_callback_check CHECK ((callback = ANY (ARRAY['execute'::text, 'success'::text, 'failure'::text, 'retry'::text, 'skipped'::text]))),
  constraint callback_request_scope_check CHECK ((scope = ANY (ARRAY['task'::text, 'dag'::text])))
);
CREATE INDEX callback_request_by_run ON callback_request USING btree (dag_run_id);
CREATE INDEX callback_request_due ON callback_request USING btree (due_at);

create table connection (
  connection_id text not null,
  conn_type text not null,
  description text,
  host text,
  port integer,
  login text,
  schema text,
  password text,
  extra text,
  constraint connection_pkey PRIMARY KEY (connection_id)
);

create table connection_test (
  token text not null,
  connection_id text not null,
  connection text,
  commit_on_success boolean not null,
  executor text not null,
  queue text not null,
  username text not null,
  state text default 'pending'::text not null,
  result_message text,
  host_id text,
  created_at timestamp with time zone default now() not null,
  expires_at timestamp with time zone not null,
  claim_expires_at timestamp with time zone,
  constraint connection_test_pkey PRIMARY KEY (token),
  constraint connection_test_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'running'::text, 'success'::text, 'failed'::text])))
);
CREATE UNIQUE INDEX connection_test_active ON connection_test USING btree (connection_id) WHERE (state = ANY (ARRAY['pending'::text, 'running'::text]));
CREATE INDEX connection_test_waiting ON connection_test USING btree (executor, queue) WHERE (state = 'pending'::text);

create table dag (
  dag_id text not null,
  dag_display_name text not null,
  dag_file_id bigint,
  dag_version_id bigint not null,
  is_paused boolean not null,
  is_stale boolean default false not null,
  has_import_errors boolean default false not null,
  description text,
  owners text[] not null,
  timetable_summary text,
  timetable_description text,
  timetable_periodic boolean not null,
  max_active_runs integer not null,
  max_active_tasks integer not null,
  max_consecutive_failed_dag_runs integer not null,
  last_parsed_at timestamp with time zone not null,
  last_parse_duration_ms double precision,
  next_logical_date timestamp with time zone,
  next_data_interval_start timestamp with time zone,
  next_data_interval_end timestamp with time zone,
  next_run_at timestamp with time zone,
  creation_blocked boolean default false not null,
  created_at timestamp with time zone default now() not null,
  is_draining boolean default false not null,
  constraint dag_pkey PRIMARY KEY (dag_id),
  constraint dag_dag_file_id_fkey FOREIGN KEY (dag_file_id) REFERENCES dag_file(id) ON DELETE SET NULL,
  constraint dag_dag_version_id_fkey FOREIGN KEY (dag_version_id) REFERENCES dag_version(id),
  constraint dag_draining_is_not_paused CHECK ((NOT (is_draining AND is_paused)))
) with (fillfactor=80);
CREATE INDEX dag_by_display_name ON dag USING btree (dag_display_name);
CREATE INDEX dag_by_file ON dag USING btree (dag_file_id);
CREATE INDEX dag_draining ON dag USING btree (dag_id) WHERE is_draining;
CREATE INDEX dag_due ON dag USING btree (next_run_at) WHERE ((next_run_at IS NOT NULL) AND (NOT is_paused) AND (NOT is_stale) AND (NOT has_import_errors) AND (NOT creation_blocked));

create table dag_favorite (
  user_account_id bigint not null,
  dag_id text not null,
  constraint dag_favorite_pkey PRIMARY KEY (user_account_id, dag_id),
  constraint dag_favorite_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE,
  constraint dag_favorite_user_account_id_fkey FOREIGN KEY (user_account_id) REFERENCES user_account(id) ON DELETE CASCADE
);
CREATE INDEX dag_favorite_by_dag ON dag_favorite USING btree (dag_id);

create table dag_file (
  id bigint generated always as identity not null,
  bundle_name text not null,
  relative_path text not null,
  fingerprint json,
  bundle_sha256 text,
  last_parsed_at timestamp with time zone,
  last_parse_duration_ms double precision,
  deleted_at timestamp with time zone,
  constraint dag_file_pkey PRIMARY KEY (id),
  constraint dag_file_bundle_name_relative_path_key UNIQUE (bundle_name, relative_path)
);

create table dag_file_request (
  bundle_name text not null,
  relative_path text not null,
  requested_at timestamp with time zone default now() not null,
  constraint dag_file_request_pkey PRIMARY KEY (bundle_name, relative_path)
);

create table dag_grant (
  id bigint generated always as identity not null,
  user_account_id bigint,
  role text,
  dag_id_pattern text,
  dag_tag text,
  can_edit boolean not null,
  can_delete boolean not null,
  created_at timestamp with time zone default now() not null,
  constraint dag_grant_pkey PRIMARY KEY (id),
  constraint dag_grant_user_account_id_fkey FOREIGN KEY (user_account_id) REFERENCES user_account(id) ON DELETE CASCADE,
  constraint dag_grant_dags CHECK ((num_nonnulls(dag_id_pattern, dag_tag) = 1)),
  constraint dag_grant_holder CHECK ((num_nonnulls(user_account_id, role) = 1))
);
CREATE INDEX dag_grant_by_role ON dag_grant USING btree (role) WHERE (role IS NOT NULL);
CREATE UNIQUE INDEX dag_grant_once ON dag_grant USING btree (COALESCE(user_account_id, (0)::bigint), COALESCE(role, ''::text), COALESCE(dag_id_pattern, ''::text), COALESCE(dag_tag, ''::text));

create table dag_run (
  id bigint generated always as identity not null,
  dag_id text not null,
  run_id text not null,
  dag_version_id bigint not null,
  run_type text not null,
  state text not null,
  state_reason text,
  logical_date timestamp with time zone,
  data_interval_start timestamp with time zone,
  data_interval_end timestamp with time zone,
  run_after timestamp with time zone not null,
  queued_at timestamp with time zone,
  start_date timestamp with time zone,
  end_date timestamp with time zone,
  timeout_at timestamp with time zone,
  conf text default '{}'::text not null,
  note text,
  triggered_by text not null,
  triggering_user_name text,
  last_scheduling_decision timestamp with time zone,
  clear_number integer default 0 not null,
  unfinished_count integer default 0 not null,
  live_count integer default 0 not null,
  awaited_tasks text[],
  machine_state text,
  ended_unfinished boolean generated always as (
CASE
    WHEN ((state = ANY (ARRAY['success'::text, 'failed'::text])) AND (unfinished_count > 0)) THEN true
    ELSE NULL::boolean
END) stored,
  constraint dag_run_pkey PRIMARY KEY (id),
  constraint dag_run_dag_id_run_id_key UNIQUE (dag_id, run_id),
  constraint dag_run_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE,
  constraint dag_run_dag_version_id_fkey FOREIGN KEY (dag_version_id) REFERENCES dag_version(id),
  constraint dag_run_run_type_check CHECK ((run_type = ANY (ARRAY['scheduled'::text, 'manual'::text, 'backfill'::text, 'asset_triggered'::text, 'asset_materialization'::text, 'operator_triggered'::text]))),
  constraint dag_run_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'success'::text, 'failed'::text])))
) with (fillfactor=80);
CREATE INDEX dag_run_active ON dag_run USING btree (dag_id, state, run_after) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));
CREATE INDEX dag_run_by_any_logical_date ON dag_run USING btree (logical_date DESC NULLS LAST, id DESC);
CREATE INDEX dag_run_by_run_after ON dag_run USING btree (dag_id, run_after DESC);
CREATE INDEX dag_run_by_start_date ON dag_run USING btree (start_date DESC NULLS LAST, id DESC);
CREATE INDEX dag_run_ended_unfinished ON dag_run USING btree (id) WHERE ended_unfinished;
CREATE UNIQUE INDEX dag_run_logical_date ON dag_run USING btree (dag_id, logical_date) WHERE (logical_date IS NOT NULL);
CREATE INDEX dag_run_recent ON dag_run USING btree (run_after DESC, id DESC);
CREATE INDEX dag_run_timeout ON dag_run USING btree (timeout_at) WHERE (timeout_at IS NOT NULL);
CREATE INDEX dag_run_to_start ON dag_run USING btree (run_after) WHERE (state = 'queued'::text);

create table dag_run_timer (
  dag_run_id bigint not null,
  kind text not null,
  due_at timestamp with time zone not null,
  constraint dag_run_timer_pkey PRIMARY KEY (dag_run_id, kind),
  constraint dag_run_timer_dag_run_id_fkey FOREIGN KEY (dag_run_id) REFERENCES dag_run(id) ON DELETE CASCADE,
  constraint dag_run_timer_kind_check CHECK ((kind = ANY (ARRAY['past_wait'::text, 'past_ended'::text, 'past'::text])))
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200);
CREATE INDEX dag_run_timer_due ON dag_run_timer USING btree (due_at);

create table dag_tag (
  dag_id text not null,
  name text not null,
  constraint dag_tag_pkey PRIMARY KEY (dag_id, name),
  constraint dag_tag_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
);
CREATE INDEX dag_tag_by_name ON dag_tag USING btree (name, dag_id);

create table dag_version (
  id bigint generated always as identity not null,
  dag_id text not null,
  version_number integer not null,
  spec text not null,
  spec_sha256 text not null,
  bundle_sha256 text not null,
  export_name text not null,
  bundle_name text not null,
  relative_path text not null,
  source text not null,
  resolve_from text[] not null,
  created_at timestamp with time zone default now() not null,
  constraint dag_version_pkey PRIMARY KEY (id),
  constraint dag_version_dag_id_version_number_key UNIQUE (dag_id, version_number),
  constraint dag_version_bundle_sha256_fkey FOREIGN KEY (bundle_sha256) REFERENCES bundle(sha256)
);

create table dag_warning (
  dag_id text not null,
  warning_type text not null,
  message text not null,
  timestamp timestamp with time zone not null,
  constraint dag_warning_pkey PRIMARY KEY (dag_id, warning_type),
  constraint dag_warning_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE,
  constraint dag_warning_type CHECK ((warning_type = ANY (ARRAY['asset conflict'::text, 'non-existent pool'::text, 'runtime varying value'::text])))
);

create table event_log (
  id bigint generated always as identity not null,
  "when" timestamp with time zone default now() not null,
  event text not null,
  dag_id text,
  run_id text,
  task_id text,
  map_index integer,
  try_number integer,
  owner text,
  extra json,
  constraint event_log_pkey PRIMARY KEY (id)
);
CREATE INDEX event_log_by_dag ON event_log USING btree (dag_id, id DESC);
CREATE INDEX event_log_recent ON event_log USING btree ("when" DESC, id DESC);

create table import_error (
  id bigint generated always as identity not null,
  dag_file_id bigint not null,
  timestamp timestamp with time zone not null,
  kind text not null,
  message text not null,
  line integer,
  col integer,
  frame text,
  stack_trace text not null,
  constraint import_error_pkey PRIMARY KEY (id),
  constraint import_error_dag_file_id_key UNIQUE (dag_file_id),
  constraint import_error_dag_file_id_fkey FOREIGN KEY (dag_file_id) REFERENCES dag_file(id) ON DELETE CASCADE
);

create table job (
  id uuid not null,
  job_type text not null,
  state text not null,
  hostname text not null,
  pid integer not null,
  start_date timestamp with time zone not null,
  latest_heartbeat timestamp with time zone not null,
  end_date timestamp with time zone,
  constraint job_pkey PRIMARY KEY (id),
  constraint job_state_check CHECK ((state = ANY (ARRAY['running'::text, 'success'::text, 'failed'::text])))
);
CREATE INDEX job_running ON job USING btree (job_type, latest_heartbeat) WHERE (state = 'running'::text);

create table lease (
  attempt_id uuid not null,
  task_instance_id bigint not null,
  dag_run_id bigint not null,
  dag_id text not null,
  task_id text not null,
  map_index integer not null,
  try_number integer not null,
  state text not null,
  pool text not null,
  pool_slots integer not null,
  executor text not null,
  queue text not null,
  priority_weight integer not null,
  bundle_sha256 text not null,
  scheduler_id uuid not null,
  host_id text,
  expires_at timestamp with time zone not null,
  requeue_count integer default 0 not null,
  stop_reason text,
  queued_at timestamp with time zone not null,
  started_at timestamp with time zone,
  constraint lease_pkey PRIMARY KEY (attempt_id),
  constraint lease_task_instance_id_key UNIQUE (task_instance_id),
  constraint lease_task_instance_id_fkey FOREIGN KEY (task_instance_id) REFERENCES task_instance(id) ON DELETE CASCADE,
  constraint lease_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text])))
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200, fillfactor=60);
CREATE INDEX lease_by_host ON lease USING btree (host_id);
CREATE INDEX lease_by_run ON lease USING btree (dag_run_id);
CREATE INDEX lease_by_scheduler ON lease USING btree (scheduler_id);
CREATE INDEX lease_expiry ON lease USING btree (expires_at);

create table pool (
  name text not null,
  slots integer not null,
  description text,
  include_deferred boolean default false not null,
  constraint pool_pkey PRIMARY KEY (name),
  constraint pool_slots_check CHECK ((slots >= '-1'::integer))
);

create table rendered_task_instance_fields (
  dag_run_id bigint not null,
  task_instance_id bigint not null,
  try_number integer not null,
  fields text not null,
  constraint rendered_task_instance_fields_pkey PRIMARY KEY (dag_run_id, task_instance_id),
  constraint rendered_task_instance_fields_dag_run_id_fkey FOREIGN KEY (dag_run_id) REFERENCES dag_run(id) ON DELETE CASCADE
);

create table runner_host (
  host_id text not null,
  executor text not null,
  hostname text not null,
  pid integer not null,
  version text not null,
  slots integer not null,
  queues text[],
  registered_at timestamp with time zone not null,
  last_heartbeat_at timestamp with time zone not null,
  name text,
  state text default 'running'::text not null,
  wanted text default 'run'::text not null,
  started_at timestamp with time zone,
  constraint runner_host_pkey PRIMARY KEY (host_id),
  constraint runner_host_state CHECK ((state = ANY (ARRAY['running'::text, 'draining'::text, 'drained'::text, 'stopped'::text]))),
  constraint runner_host_wanted CHECK ((wanted = ANY (ARRAY['run'::text, 'drain'::text])))
);

create table task_instance (
  id bigint generated always as identity not null,
  dag_run_id bigint not null,
  dag_id text not null,
  task_id text not null,
  map_index integer not null,
  dag_version_id bigint not null,
  state text,
  state_reason text,
  try_number integer default 0 not null,
  max_tries integer not null,
  attempt_id uuid,
  up_total integer not null,
  up_success integer default 0 not null,
  up_failed integer default 0 not null,
  up_skipped integer default 0 not null,
  up_upstream_failed integer default 0 not null,
  up_removed integer default 0 not null,
  branch_skipped boolean default false not null,
  operator text not null,
  pool text not null,
  pool_slots integer not null,
  queue text not null,
  executor text,
  priority_weight integer not null,
  scheduled_when timestamp with time zone,
  queued_when timestamp with time zone,
  start_date timestamp with time zone,
  end_date timestamp with time zone,
  duration double precision,
  hostname text,
  pid integer,
  failure json,
  progress json,
  note text,
  rendered_map_index text,
  updated_at timestamp with time zone default now() not null,
  first_started_at timestamp with time zone,
  reschedule_count integer,
  listed_state text generated always as (
CASE
    WHEN (state = ANY (ARRAY['failed'::text, 'upstream_failed'::text, 'skipped'::text, 'removed'::text, 'deferred'::text, 'awaiting_input'::text])) THEN state
    ELSE NULL::text
END) stored,
  long_duration double precision generated always as (
CASE
    WHEN (duration >= (60)::double precision) THEN duration
    ELSE NULL::double precision
END) stored,
  constraint task_instance_pkey PRIMARY KEY (id),
  constraint task_instance_dag_run_id_task_id_map_index_key UNIQUE (dag_run_id, task_id, map_index),
  constraint task_instance_dag_run_id_fkey FOREIGN KEY (dag_run_id) REFERENCES dag_run(id) ON DELETE CASCADE,
  constraint task_instance_state_check CHECK ((state = ANY (ARRAY['scheduled'::text, 'queued'::text, 'running'::text, 'restarting'::text, 'up_for_retry'::text, 'up_for_reschedule'::text, 'deferred'::text, 'awaiting_input'::text, 'success'::text, 'failed'::text, 'skipped'::text, 'upstream_failed'::text, 'removed'::text])))
) with (fillfactor=50);
CREATE INDEX task_instance_by_listed_state ON task_instance USING btree (listed_state, id) WHERE (listed_state IS NOT NULL);
CREATE INDEX task_instance_by_long_duration ON task_instance USING btree (long_duration, id) WHERE (long_duration IS NOT NULL);
CREATE INDEX task_instance_by_map_index ON task_instance USING btree (map_index, id);
CREATE INDEX task_instance_by_operator ON task_instance USING btree (operator) WHERE (operator <> 'task'::text);
CREATE INDEX task_instance_by_pool ON task_instance USING btree (pool) WHERE (pool <> 'default_pool'::text);
CREATE INDEX task_instance_by_queue ON task_instance USING btree (queue) WHERE (queue <> 'default'::text);
CREATE INDEX task_instance_by_task ON task_instance USING btree (dag_id, task_id, id DESC);
CREATE INDEX task_instance_by_task_id ON task_instance USING btree (((task_id || ''::text)));
CREATE INDEX task_instance_by_time ON task_instance USING brin (start_date, end_date, updated_at) WITH (pages_per_range='16');

create table task_instance_history (
  task_instance_id bigint not null,
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
  scheduled_when timestamp with time zone,
  queued_when timestamp with time zone,
  start_date timestamp with time zone,
  end_date timestamp with time zone,
  duration double precision,
  hostname text,
  pid integer,
  failure json,
  constraint task_instance_history_pkey PRIMARY KEY (task_instance_id, try_number),
  constraint task_instance_history_task_instance_id_fkey FOREIGN KEY (task_instance_id) REFERENCES task_instance(id) ON DELETE CASCADE
);

create table task_queue (
  task_instance_id bigint not null,
  dag_run_id bigint not null,
  dag_id text not null,
  task_id text not null,
  map_index integer not null,
  executor text not null,
  queue text not null,
  pool text not null,
  pool_slots integer not null,
  priority_weight integer not null,
  logical_date timestamp with time zone not null,
  max_active_tasks integer not null,
  max_active_tis_per_dag integer,
  max_active_tis_per_dagrun integer,
  parked_key text,
  created_at timestamp with time zone default now() not null,
  constraint task_queue_pkey PRIMARY KEY (task_instance_id),
  constraint task_queue_task_instance_id_fkey FOREIGN KEY (task_instance_id) REFERENCES task_instance(id) ON DELETE CASCADE
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200);
CREATE INDEX task_queue_by_dag ON task_queue USING btree (dag_id);
CREATE INDEX task_queue_by_run ON task_queue USING btree (dag_run_id);
CREATE INDEX task_queue_dispatch ON task_queue USING btree (executor, pool, priority_weight DESC, logical_date, map_index, task_instance_id) WHERE (parked_key IS NULL);
CREATE INDEX task_queue_parked ON task_queue USING btree (parked_key, executor, pool, pool_slots, priority_weight DESC, logical_date, map_index, task_instance_id) WHERE (parked_key IS NOT NULL);

create table task_reschedule (
  task_instance_id bigint not null,
  try_number integer not null,
  attempt_id uuid not null,
  start_date timestamp with time zone not null,
  end_date timestamp with time zone not null,
  constraint task_reschedule_pkey PRIMARY KEY (task_instance_id, try_number, attempt_id),
  constraint task_reschedule_task_instance_id_fkey FOREIGN KEY (task_instance_id) REFERENCES task_instance(id) ON DELETE CASCADE
);

create table task_timer (
  task_instance_id bigint not null,
  dag_run_id bigint not null,
  kind text not null,
  due_at timestamp with time zone not null,
  constraint task_timer_pkey PRIMARY KEY (task_instance_id),
  constraint task_timer_task_instance_id_fkey FOREIGN KEY (task_instance_id) REFERENCES task_instance(id) ON DELETE CASCADE,
  constraint task_timer_kind_check CHECK ((kind = ANY (ARRAY['retry'::text, 'reschedule'::text, 'group_retry'::text])))
);
CREATE INDEX task_timer_due ON task_timer USING btree (due_at);

create table tradewind_migration (
  id integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone default now() not null,
  constraint tradewind_migration_pkey PRIMARY KEY (id)
);

create table user_account (
  id bigint generated always as identity not null,
  username text not null,
  password_hash text not null,
  first_name text default ''::text not null,
  last_name text default ''::text not null,
  email text default ''::text not null,
  role text not null,
  is_active boolean default true not null,
  created_at timestamp with time zone default now() not null,
  last_login_at timestamp with time zone,
  tokens_valid_from timestamp with time zone default '1970-01-01 00:00:00+00'::timestamp with time zone not null,
  constraint user_account_pkey PRIMARY KEY (id),
  constraint user_account_username_key UNIQUE (username)
);

create table variable (
  key text not null,
  value text not null,
  description text,
  updated_at timestamp with time zone default now() not null,
  constraint variable_pkey PRIMARY KEY (key)
);

create table xcom (
  dag_run_id bigint not null,
  task_id text not null,
  key text not null,
  map_index integer not null,
  task_instance_id bigint not null,
  value text not null,
  length integer,
  timestamp timestamp with time zone default now() not null,
  constraint xcom_pkey PRIMARY KEY (dag_run_id, task_id, key, map_index),
  constraint xcom_dag_run_id_fkey FOREIGN KEY (dag_run_id) REFERENCES dag_run(id) ON DELETE CASCADE
);
