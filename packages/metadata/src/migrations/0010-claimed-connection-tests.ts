import type { Migration } from "../migrations.ts";

/** Tests of connections are claimed by a host for a while, so that one that dies does not keep them. */
export const claimedConnectionTests: Migration = {
  id: 10,
  name: "claimed-connection-tests",
  sql: `
-- Of one that runs: past it, another host may take it.
alter table connection_test add column claim_expires_at timestamptz;
`,
};
