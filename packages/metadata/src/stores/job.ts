import { type Queryable, run, runCount, type Transaction } from "../database-handle.ts";

export async function insertJob(
  db: Queryable,
  params: { jobId: string; jobType: string; hostname: string; pid: number; now: Date | null },
): Promise<void> {
  await run(db, {
    text: `insert into job (id, job_type, state, hostname, pid, start_date, latest_heartbeat)
      values ($1, $2, 'running', $3, $4, coalesce($5::timestamptz, now()), coalesce($5::timestamptz, now())) on conflict (id) do nothing`,
    values: [params.jobId, params.jobType, params.hostname, params.pid, params.now],
  });
}

/** false: it is not running any more. */
export async function beatJob(db: Queryable, params: { jobId: string; now: Date | null }): Promise<boolean> {
  const count = await runCount(db, {
    name: "beat_job",
    text: "update job set latest_heartbeat = coalesce($2::timestamptz, now()) where id = $1 and state = 'running'",
    values: [params.jobId, params.now],
  });
  return count > 0;
}

export async function endJob(db: Queryable, params: { jobId: string; now: Date | null }): Promise<void> {
  await run(db, {
    text: "update job set state = 'success', end_date = coalesce($2::timestamptz, now()) where id = $1 and state = 'running'",
    values: [params.jobId, params.now],
  });
}

/**
 * Declares schedulers dead that have not beaten for too long, and gives all that hold leases without being alive: also those that stopped in order, or that died between two
 * adoptions.
 */
export async function declareDeadSchedulers(
  tx: Transaction,
  params: { thresholdSeconds: number; adopterId: string; now: Date | null },
): Promise<{ deadJobs: string[]; orphanedBy: string[] }> {
  const dead = await run<{ id: string }>(tx, {
    text: `update job set state = 'failed', end_date = coalesce($2::timestamptz, now())
      where id in (select id from job where job_type = 'SchedulerJob' and state = 'running' and id <> $3
        and latest_heartbeat < coalesce($2::timestamptz, now()) - $1::double precision * interval '1 second' order by id for update skip locked)
      returning id`,
    values: [params.thresholdSeconds, params.now, params.adopterId],
  });
  const orphans = await run<{ id: string }>(tx, {
    text: `select s.id from (select distinct scheduler_id as id from lease where scheduler_id <> $1) s
      where not exists (select 1 from job j where j.id = s.id and j.state = 'running')`,
    values: [params.adopterId],
  });
  return { deadJobs: dead.map((row) => row.id), orphanedBy: orphans.map((row) => row.id) };
}
