import type { Migration } from "../migrations.ts";

/** What is wrong with a DAG and does not keep it from running; at most one of each kind. */
export const dagWarnings: Migration = {
  id: 4,
  name: "dag-warnings",
  sql: `
create table dag_warning (
  dag_id text not null references dag (dag_id) on delete cascade,
  warning_type text not null constraint dag_warning_type check (warning_type in ('asset conflict', 'non-existent pool', 'runtime varying value')),
  message text not null,
  timestamp timestamptz not null,
  primary key (dag_id, warning_type)
);
`,
};
