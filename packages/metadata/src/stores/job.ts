import { type Queryable, run, runCount, type Transaction } from "../database-handle.ts";

export async function insertJob(db: Queryable, params: { jobId: string; jobType: string; hostname: string; pid: number; now: Date | null }): Promise<void> {
  await runCount(db, {
    text: `insert into job (id, job_type, state, hostname, pid, start_date, latest_heartbeat)
      values ($1, $2, 'running', $3, $4, coalesce($5::timestamptz, now()), coalesce($5::timestamptz, now())) on conflict (id) do nothing`,
    values: [params.jobId, params.jobType, params.hostname, params.pid, params.now],
  });
}

/** False: the job is not running any more. */
export async function beatJob(db: Queryable, params: { jobId: string; now: Date | null }): Promise<boolean> {
  const count = await runCount(db, {
    name: "beat_job",
    text: "update job set latest_heartbeat = coalesce($2::timestamptz, now()) where id = $1 and state = 'running'",
    values: [params.jobId, params.now],
  });
  return count > 0;
}

export async function finishJob(db: Queryable, params: { jobId: string; now: Date | null }): Promise<void> {
  await runCount(db, {
    text: "update job set state = 'success', end_date = coalesce($2::timestamptz, now()) where id = $1 and state = 'running'",
    values: [params.jobId, params.now],
  });
}

/** Declares jobs of a type dead that were silent for too long. Uses `job_running`. */
export async function failSilentJobs(tx: Transaction, params: { jobType: string; thresholdSeconds: number; now: Date | null }): Promise<string[]> {
  const rows = await run<{ id: string }>(tx, {
    name: "fail_silent_jobs",
    text: `update job set state = 'failed', end_date = coalesce($3::timestamptz, now())
      where job_type = $1 and state = 'running' and latest_heartbeat < coalesce($3::timestamptz, now()) - make_interval(secs => $2) returning id`,
    values: [params.jobType, params.thresholdSeconds, params.now],
  });
  return rows.map((row) => row.id);
}

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
  await runCount(db, {
    text: `insert into runner_host (host_id, executor, hostname, pid, version, slots, queues, registered_at, last_heartbeat_at)
      values ($1, $2, $3, $4, $5, $6, $7, coalesce($8::timestamptz, now()), coalesce($8::timestamptz, now()))
      on conflict (host_id) do update set executor = excluded.executor, hostname = excluded.hostname, pid = excluded.pid, version = excluded.version, slots = excluded.slots,
        queues = excluded.queues, last_heartbeat_at = excluded.last_heartbeat_at`,
    values: [params.hostId, params.executor, params.hostname, params.pid, params.version, params.slots, params.queues, params.now],
  });
}

/** Hosts that have been silent for long say nothing to anybody any more. */
export async function forgetSilentHosts(db: Queryable, params: { silentSeconds: number }): Promise<number> {
  return runCount(db, { text: "delete from runner_host where last_heartbeat_at < now() - make_interval(secs => $1)", values: [params.silentSeconds] });
}
