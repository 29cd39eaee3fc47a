import type { Migration } from "../migrations.ts";

/** DAGs that pause themselves when their unfinished runs have ended. */
export const draining: Migration = {
  id: 9,
  name: "draining",
  sql: `
alter table dag
  -- Its schedule makes no more runs, and it pauses itself when its last unfinished run has ended.
  add column is_draining boolean not null default false,
  add constraint dag_draining_is_not_paused check (not (is_draining and is_paused));
create index dag_draining on dag (dag_id) where is_draining;
`,
};
