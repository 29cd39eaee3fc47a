import type { Migration } from "../migrations.ts";

/** What people ask other processes to do, and what tasks made of their templates. */
export const requestsOfPeople: Migration = {
  id: 8,
  name: "requests-of-people",
  sql: `
-- DAG files that are to be read again, whether they changed or not. Taken by the DAG processor that has their folder.
create table dag_file_request (
  bundle_name text not null,
  relative_path text not null,
  requested_at timestamptz not null default now(),
  primary key (bundle_name, relative_path)
);

-- Connections to be tried by a worker, and what came out.
create table connection_test (
  token text primary key,
  connection_id text not null,
  -- The whole connection, encrypted as JSON; null once it was tried, so that secrets stay no longer than they are needed.
  connection text,
  commit_on_success boolean not null,
  executor text not null,
  queue text not null,
  username text not null,
  state text not null default 'pending' check (state in ('pending', 'running', 'success', 'failed')),
  result_message text,
  -- The worker that tries it.
  host_id text,
  created_at timestamptz not null default now(),
  -- Past it, one that waits or runs is given up.
  expires_at timestamptz not null
);
create unique index connection_test_active on connection_test (connection_id) where state in ('pending', 'running');
create index connection_test_waiting on connection_test (executor, queue) where state = 'pending';

-- Options of tasks as their templates came out, of the last try. Only tasks that have templates write here; it is read by people alone.
create table rendered_task_instance_fields (
  dag_run_id bigint not null references dag_run (id) on delete cascade,
  task_instance_id bigint not null,
  try_number integer not null,
  fields text not null,
  primary key (dag_run_id, task_instance_id)
);
`,
};
