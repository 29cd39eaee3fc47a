import { type Queryable, run, runCount } from "../database-handle.ts";

export interface RunnerHostRecord {
  hostId: string;
  executor: string;
  hostname: string;
  pid: number;
  version: string;
  slots: number;
  queues: readonly string[] | null;
  /** What people call it. Hosts without a name are nobody's to look for: they leave the list with their farewell. */
  name?: string | undefined;
  /** When its process began; absent: now. */
  startedAt?: Date | undefined;
}

/** What a host says of itself. */
export type RunnerHostState = "running" | "draining" | "drained" | "stopped";
/** What people want of it. */
export type WantedHostState = "run" | "drain";

/**
 * Makes a host known, or known again: what people want of it stays. Hosts of its name and executor that have been silent for `silentMs` or said farewell are forgotten: it takes their place.
 */
export async function putRunnerHost(db: Queryable, params: RunnerHostRecord & { silentMs: number; now: Date | null }): Promise<WantedHostState> {
  const [row] = await run<{ wanted: WantedHostState }>(db, {
    text: `with gone as (
        delete from runner_host where name = $8 and executor = $2 and host_id <> $1
          and (state = 'stopped' or last_heartbeat_at < coalesce($9::timestamptz, now()) - $11::double precision * interval '1 millisecond')
      )
      insert into runner_host (host_id, executor, hostname, pid, version, slots, queues, name, registered_at, last_heartbeat_at, started_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9::timestamptz, now()), coalesce($9::timestamptz, now()), coalesce($10::timestamptz, $9::timestamptz, now()))
      on conflict (host_id) do update set executor = excluded.executor, hostname = excluded.hostname, pid = excluded.pid, version = excluded.version, slots = excluded.slots,
        queues = excluded.queues, name = excluded.name, last_heartbeat_at = excluded.last_heartbeat_at, started_at = coalesce(runner_host.started_at, excluded.started_at),
        state = case when runner_host.state = 'stopped' then 'running' else runner_host.state end
      returning wanted`,
    values: [
      params.hostId,
      params.executor,
      params.hostname,
      params.pid,
      params.version,
      params.slots,
      params.queues,
      params.name ?? null,
      params.now,
      params.startedAt ?? null,
      params.silentMs,
    ],
  });
  return row!.wanted;
}

export async function findRunnerHostExecutor(db: Queryable, params: { hostId: string }): Promise<string | null> {
  const [row] = await run<{ executor: string }>(db, {
    name: "find_runner_host",
    text: "select executor from runner_host where host_id = $1",
    values: [params.hostId],
  });
  return row?.executor ?? null;
}

/** Gives what people want of the host; null: nobody knows this host. `state` null: it said nothing about it. */
export async function beatRunnerHost(
  db: Queryable,
  params: { hostId: string; state: RunnerHostState | null; now: Date | null },
): Promise<WantedHostState | null> {
  if (params.state === "stopped") {
    await run(db, {
      name: "forget_unnamed_runner_host",
      text: "delete from runner_host where host_id = $1 and name is null",
      values: [params.hostId],
    });
  }
  const [row] = await run<{ wanted: WantedHostState }>(db, {
    name: "beat_runner_host",
    text: "update runner_host set last_heartbeat_at = coalesce($3::timestamptz, now()), state = coalesce($2, state) where host_id = $1 returning wanted",
    values: [params.hostId, params.state, params.now],
  });
  return row?.wanted ?? null;
}

/** Forgets hosts that have been silent for so long. One that lives after all makes itself known again. */
export async function forgetRunnerHosts(db: Queryable, params: { silentMs: number; now: Date | null }): Promise<number> {
  return runCount(db, {
    name: "forget_runner_hosts",
    text: "delete from runner_host where last_heartbeat_at < coalesce($2::timestamptz, now()) - $1::double precision * interval '1 millisecond'",
    values: [params.silentMs, params.now],
  });
}

/** Queued attempts that wait at a host which people drain: their time does not run. */
export async function extendQueuedLeases(
  db: Queryable,
  params: { attemptIds: readonly string[]; expiresInMs: number; now: Date | null },
): Promise<void> {
  if (params.attemptIds.length === 0) return;
  await run(db, {
    name: "extend_queued_leases",
    text: `with held as materialized (select attempt_id from lease where attempt_id = any($1::uuid[]) and state = 'queued' order by attempt_id for update)
      update lease l set expires_at = coalesce($3::timestamptz, now()) + $2::double precision * interval '1 millisecond' from held where l.attempt_id = held.attempt_id`,
    values: [params.attemptIds, params.expiresInMs, params.now],
  });
}
