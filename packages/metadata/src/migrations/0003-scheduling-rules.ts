/**
 * What the rules of scheduling need beyond the first schema: reschedules, waiting for earlier runs, tries of groups, callbacks that nobody has run yet.
 *
 * The big tables get nullable columns only, which cost a row nothing while they are null, and no index. Lock order as in the first step, with `dag_run_timer`
 * and `callback_request` after `task_timer`.
 */
export const schedulingRules = {
  id: 3,
  name: "scheduling rules",
  sql: /* sql */ `
-- When the task first began since it was last cleared; null: only the current attempt is known. Kept when an attempt ends to be tried again or rescheduled.
alter table task_instance add column first_started_at timestamptz;
-- How often the current try was rescheduled; null: never.
alter table task_instance add column reschedule_count integer;

-- Rows that wait behind a limit, by what else they may be waiting for: a full pool or executor must not hold back those of others.
drop index task_queue_parked;
create index task_queue_parked on task_queue (parked_key, executor, pool, pool_slots, priority_weight desc, logical_date, map_index, task_instance_id)
  where parked_key is not null;

-- Attempts that ended with a reschedule: their logs belong to the try that goes on.
create table task_reschedule (
  task_instance_id bigint not null references task_instance (id) on delete cascade,
  try_number integer not null,
  attempt_id uuid not null,
  start_date timestamptz not null,
  end_date timestamptz not null,
  primary key (task_instance_id, try_number, attempt_id)
);

-- Tasks of this run that an instance of a later run waits for (depends_on_past); null: none. Whoever ends one of them leaves a timer of kind 'past_ended'.
alter table dag_run add column awaited_tasks text[];
-- What the decisions about a run remember beside the states of its instances, as JSON: the tries of its groups, what it was marked as. null: nothing.
alter table dag_run add column machine_state text;

-- group_retry: the next try of a group of tasks, held by one of its instances.
alter table task_timer drop constraint task_timer_kind_check;
alter table task_timer add constraint task_timer_kind_check check (kind in ('retry', 'reschedule', 'group_retry'));

-- Something is to be looked at again in a run, now or later, in a transaction of its own.
-- past_wait: instances of this run wait for an earlier one, which does not know yet. past_ended: an awaited task of this run ended; who waits is in a later run.
-- past: an earlier run changed.
create table dag_run_timer (
  dag_run_id bigint not null references dag_run (id) on delete cascade,
  kind text not null check (kind in ('past_wait', 'past_ended', 'past')),
  due_at timestamptz not null,
  primary key (dag_run_id, kind)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
create index dag_run_timer_due on dag_run_timer (due_at);

-- Callbacks that are due and that no attempt can run: its process is gone, or they belong to the DAG.
create table callback_request (
  id bigint generated always as identity primary key,
  dag_run_id bigint not null references dag_run (id) on delete cascade,
  dag_id text not null,
  dag_version_id bigint not null,
  scope text not null check (scope in ('task', 'dag')),
  callback text not null check (callback in ('execute', 'success', 'failure', 'retry', 'skipped')),
  -- Whose context the callback sees; null: the run has no instance that fits.
  task_instance_id bigint references task_instance (id) on delete cascade,
  attempt_id uuid,
  try_number integer,
  reason text,
  failure json,
  -- Places in the author's list that are yet to be called; null: all.
  only_calls integer[],
  -- How often somebody took it; while it is being run due_at lies ahead, so that it comes back when that process dies.
  tries integer not null default 0,
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
create index callback_request_due on callback_request (due_at);
create index callback_request_by_run on callback_request (dag_run_id);
`,
} as const;
