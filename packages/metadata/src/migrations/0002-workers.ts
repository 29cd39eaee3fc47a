import type { Migration } from "../migrations.ts";

/**
 * The registry of workers: runner hosts say what they are called and what they are about, and people say what they should be about. Code of the release before registers hosts without a
 * name and hears nothing of `wanted`; both columns have defaults for it.
 */
export const workers: Migration = {
  id: 2,
  name: "workers",
  sql: `
alter table runner_host
  add column name text,
  -- What the host says of itself with each heartbeat. 'draining': takes nothing new, tasks still run; 'drained': nothing runs any more; 'stopped': it said farewell.
  add column state text not null default 'running' constraint runner_host_state check (state in ('running', 'draining', 'drained', 'stopped')),
  -- What people want of it; it hears of this by the answer to its next heartbeat.
  add column wanted text not null default 'run' constraint runner_host_wanted check (wanted in ('run', 'drain')),
  add column started_at timestamptz;
`,
};
