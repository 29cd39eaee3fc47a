import { type Queryable, run, runCount, type Transaction } from "../database-handle.ts";

export type ConnectionTestState = "pending" | "running" | "success" | "failed";

export interface NewConnectionTest {
  /** The hash of what who asked polls with: what is stored lets nobody read a result. */
  token: string;
  connectionId: string;
  /** A Fernet token of the whole connection as JSON. */
  connection: string;
  commitOnSuccess: boolean;
  executor: string;
  queue: string;
  username: string;
}

/** @returns null when one of this connection waits or runs already */
export async function insertConnectionTest(
  tx: Transaction,
  test: NewConnectionTest,
  params: { expiresInMs: number; now: Date | null },
): Promise<{ createdAt: Date } | null> {
  const [row] = await run<{ createdAt: Date }>(tx, {
    text: `insert into connection_test (token, connection_id, connection, commit_on_success, executor, queue, username, created_at, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7, coalesce($9::timestamptz, now()), coalesce($9::timestamptz, now()) + $8::double precision * interval '1 millisecond')
      on conflict (connection_id) where state in ('pending', 'running') do nothing returning created_at as "createdAt"`,
    values: [
      test.token,
      test.connectionId,
      test.connection,
      test.commitOnSuccess,
      test.executor,
      test.queue,
      test.username,
      params.expiresInMs,
      params.now,
    ],
  });
  return row ?? null;
}

/** How many of a user's wait or run. */
export async function countActiveConnectionTests(db: Queryable, params: { username: string }): Promise<number> {
  const [row] = await run<{ count: number }>(db, {
    text: "select count(*)::int as count from connection_test where username = $1 and state in ('pending', 'running')",
    values: [params.username],
  });
  return row!.count;
}

export interface ConnectionTestRow {
  connectionId: string;
  state: ConnectionTestState;
  resultMessage: string | null;
  createdAt: Date;
}

export async function findConnectionTest(db: Queryable, params: { token: string }): Promise<ConnectionTestRow | null> {
  const [row] = await run<ConnectionTestRow>(db, {
    text: `select connection_id as "connectionId", state, result_message as "resultMessage", created_at as "createdAt" from connection_test where token = $1`,
    values: [params.token],
  });
  return row ?? null;
}

const claimable = (now: string): string =>
  `(t.state = 'pending' or (t.state = 'running' and t.claim_expires_at <= ${now})) and t.expires_at > ${now}`;

/** Whether any host could claim one. Looks at those that wait or run, by a partial index. */
export async function hasClaimableConnectionTests(db: Queryable, params: { now: Date | null }): Promise<boolean> {
  const [row] = await run<{ found: boolean }>(db, {
    name: "has_claimable_connection_tests",
    text: `select exists (select from connection_test t where t.state in ('pending', 'running') and ${claimable("coalesce($1::timestamptz, now())")}) as found`,
    values: [params.now],
  });
  return row!.found;
}

export interface ClaimedConnectionTest {
  token: string;
  connectionId: string;
  /** A Fernet token of the connection as JSON. */
  connection: string;
}

/** Gives a host up to `limit` tests that are for its executor and queues, oldest first, for `claimMs`. A host that people drain gets none. */
export async function claimConnectionTests(
  db: Queryable,
  params: { hostId: string; limit: number; claimMs: number; now: Date | null },
): Promise<ClaimedConnectionTest[]> {
  return run<ClaimedConnectionTest>(db, {
    text: `with host as (select executor, queues from runner_host where host_id = $1 and wanted = 'run' and state = 'running'),
      free as materialized (
        select t.token from connection_test t
        where t.state in ('pending', 'running') and ${claimable("coalesce($4::timestamptz, now())")}
          and exists (select from host where host.executor = t.executor and (host.queues is null or t.queue = any(host.queues)))
        order by t.created_at, t.token limit $2 for update of t skip locked
      )
      update connection_test c set state = 'running', host_id = $1, claim_expires_at = coalesce($4::timestamptz, now()) + $3::double precision * interval '1 millisecond'
      from free where c.token = free.token returning c.token, c.connection_id as "connectionId", c.connection`,
    values: [params.hostId, params.limit, params.claimMs, params.now],
  });
}

/** What a host that ends has claimed waits for another one. */
export async function releaseConnectionTests(db: Queryable, params: { hostId: string }): Promise<number> {
  return runCount(db, {
    text: "update connection_test set state = 'pending', host_id = null, claim_expires_at = null where host_id = $1 and state = 'running'",
    values: [params.hostId],
  });
}

export interface LockedConnectionTest {
  connectionId: string;
  connection: string | null;
  commitOnSuccess: boolean;
  username: string;
  state: ConnectionTestState;
  hostId: string | null;
}

/** Until the end of the transaction nobody else ends it or takes it. Before the connection itself, where both are locked. */
export async function lockConnectionTest(tx: Transaction, params: { token: string }): Promise<LockedConnectionTest | null> {
  const [row] = await run<LockedConnectionTest>(tx, {
    text: `select connection_id as "connectionId", connection, commit_on_success as "commitOnSuccess", username, state, host_id as "hostId"
      from connection_test where token = $1 for update`,
    values: [params.token],
  });
  return row ?? null;
}

/** Its secrets go with its end. */
export async function endConnectionTest(tx: Queryable, params: { token: string; state: "success" | "failed"; message: string }): Promise<void> {
  await run(tx, {
    text: "update connection_test set state = $2, result_message = $3, connection = null, claim_expires_at = null where token = $1",
    values: [params.token, params.state, params.message],
  });
}

/** Ends those whose time is over. */
export async function giveUpConnectionTests(db: Queryable, params: { now: Date | null }): Promise<number> {
  return runCount(db, {
    name: "give_up_connection_tests",
    text: `update connection_test set state = 'failed', connection = null, claim_expires_at = null, result_message = case
        when state = 'running' then 'The worker that tried it was lost, and no other one ended the test in time.'
        else 'No worker of the executor "' || executor || '" that serves the queue "' || queue || '" took the test in time.' end
      where state in ('pending', 'running') and expires_at <= coalesce($1::timestamptz, now())`,
    values: [params.now],
  });
}

/** Forgets tests that were asked for so long ago. They are few: each user may have a few at a time. */
export async function deleteOldConnectionTests(db: Queryable, params: { olderThanMs: number; now: Date | null }): Promise<number> {
  return runCount(db, {
    name: "delete_old_connection_tests",
    text: `delete from connection_test where state in ('success', 'failed') and created_at < coalesce($2::timestamptz, now()) - $1::double precision * interval '1 millisecond'`,
    values: [params.olderThanMs, params.now],
  });
}
