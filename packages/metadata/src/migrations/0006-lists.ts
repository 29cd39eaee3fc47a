import type { Migration } from "../migrations.ts";

/**
 * Indexes for lists over everything that ever happened, none of which a transition has to keep up; and the DAGs that people marked as favorites.
 *
 * An update stays within its page (HOT) as long as no indexed column changes its value; that is what makes transitions cheap (docs/decisions/0002). So:
 * - Columns that are worked out, null for what goes as usual, and indexed only where they are not null. A task that succeeds within a minute never touches them: null stays null.
 * - Indexes on what is fixed when the row is made: task, map index, run; and pool, queue and operator where they are not the usual ones.
 * - BRIN over the dates: since PostgreSQL 16 such an index does not keep an update from being HOT, and it has nothing to do for pages that no vacuum has seen yet, where the work in hand
 *   is. Before 16 it would, so it is left out, and the lists by date take longer.
 *
 * Adding the columns writes the table anew, in the order in which its rows lie: about ten seconds for a million task instances.
 */
export const lists: Migration = {
  id: 6,
  name: "lists",
  sql: `
set local synchronize_seqscans = off;

alter table task_instance
  -- The state, if it is an end that needs a look.
  add column listed_state text generated always as (
    case when state in ('failed', 'upstream_failed', 'skipped', 'removed', 'deferred', 'awaiting_input') then state end
  ) stored,
  -- The duration, from a minute on.
  add column long_duration double precision generated always as (case when duration >= 60 then duration end) stored;
create index task_instance_by_listed_state on task_instance (listed_state, id) where listed_state is not null;
create index task_instance_by_long_duration on task_instance (long_duration, id) where long_duration is not null;
create index task_instance_by_map_index on task_instance (map_index, id);
-- On an expression, so that only the lists that write it use this index: on the column itself the planner takes it for instances of one run too, and tasks of all DAGs are called alike.
create index task_instance_by_task_id on task_instance ((task_id || ''));
create index task_instance_by_pool on task_instance (pool) where pool <> 'default_pool';
create index task_instance_by_queue on task_instance (queue) where queue <> 'default';
create index task_instance_by_operator on task_instance (operator) where operator <> 'task';
do $$ begin
  if current_setting('server_version_num')::int >= 160000 then
    create index task_instance_by_time on task_instance using brin (start_date, end_date, updated_at) with (pages_per_range = 16);
  end if;
end $$;

-- The state of a run changes with an index anyway (dag_run_active); its counters, which change all the time, are in none.
alter table dag_run
  -- It has ended, and something in it was cleared without letting it begin again.
  add column ended_unfinished boolean generated always as (case when state in ('success', 'failed') and unfinished_count > 0 then true end) stored;
create index dag_run_ended_unfinished on dag_run (id) where ended_unfinished;
create index dag_run_by_start_date on dag_run (start_date desc nulls last, id desc);
create index dag_run_by_any_logical_date on dag_run (logical_date desc nulls last, id desc);

create index dag_by_display_name on dag (dag_display_name);

-- DAGs that people marked for themselves.
create table dag_favorite (
  user_account_id bigint not null references user_account (id) on delete cascade,
  dag_id text not null references dag (dag_id) on delete cascade,
  primary key (user_account_id, dag_id)
);
create index dag_favorite_by_dag on dag_favorite (dag_id);
`,
};
