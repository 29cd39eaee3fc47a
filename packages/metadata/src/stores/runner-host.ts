import { type Queryable, run, runCount } from "../database-handle.ts";

export interface RunnerHostRecord {
  hostId: string;
  executor: string;
  hostname: string;
  pid: number;
  version: string;
  slots: number;
  queues: readonly string[] | null;
}

export async function putRunnerHost(db: Queryable, params: RunnerHostRecord & { now: Date | null }): Promise<void> {
  await run(db, {
    text: `insert into runner_host (host_id, executor, hostname, pid, version, slots, queues, registered_at, last_heartbeat_at)
      values ($1, $2, $3, $4, $5, $6, $7, coalesce($8::timestamptz, now()), coalesce($8::timestamptz, now()))
      on conflict (host_id) do update set executor = excluded.executor, hostname = excluded.hostname, pid = excluded.pid, version = excluded.version, slots = excluded.slots,
        queues = excluded.queues, last_heartbeat_at = excluded.last_heartbeat_at`,
    values: [params.hostId, params.executor, params.hostname, params.pid, params.version, params.slots, params.queues, params.now],
  });
}

export async function findRunnerHostExecutor(db: Queryable, params: { hostId: string }): Promise<string | null> {
  const [row] = await run<{ executor: string }>(db, {
    name: "find_runner_host",
    text: "select executor from runner_host where host_id = $1",
    values: [params.hostId],
  });
  return row?.executor ?? null;
}

/** false: nobody knows this host. */
export async function beatRunnerHost(db: Queryable, params: { hostId: string; now: Date | null }): Promise<boolean> {
  const count = await runCount(db, {
    name: "beat_runner_host",
    text: "update runner_host set last_heartbeat_at = coalesce($2::timestamptz, now()) where host_id = $1",
    values: [params.hostId, params.now],
  });
  return count > 0;
}
