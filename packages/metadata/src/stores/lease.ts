import { type Queryable, run, runCount, type Transaction } from "../database-handle.ts";

/**
 * The key of the advisory lock around everything that decides about limits: dispatch reads what is in use, parks what is blocked and takes what fits under it, and whoever ends a lease
 * brings parked work back under it. Without it a row could be parked for a slot that has just become free, and nobody would bring it back.
 */
const LIMITS_LOCK = 0x7472_6477;

/** Waits for the limits lock; held to the end of the transaction. Taken after the locks of runs and task instances, and nothing is waited for after it. */
export async function lockLimits(tx: Transaction): Promise<void> {
  await run(tx, { name: "lock_limits", text: `select pg_advisory_xact_lock(${LIMITS_LOCK})` });
}

export interface NewLease {
  attemptId: string;
  taskInstanceId: number;
  executor: string;
  schedulerId: string;
  bundleSha256: string;
}

/** What dispatch took, as the commands and grants need it. */
export interface DispatchedAttempt {
  attemptId: string;
  taskInstanceId: number;
  dagRunId: number;
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
  executor: string;
  queue: string;
  priorityWeight: number;
  bundleSha256: string;
}

/**
 * Makes scheduled task instances queued, each with a lease and out of the queue. Those whose row somebody holds, that are not scheduled any more or whose last attempt still has a lease are passed over:
 * this never waits. `hostId` given: straight to running, leased to that host for `leaseMs`.
 */
export async function queueAttempts(
  tx: Transaction,
  params: { attempts: readonly NewLease[]; queuedTimeoutMs: number; hostId: string | null; hostname: string | null; leaseMs: number; now: Date | null },
): Promise<DispatchedAttempt[]> {
  if (params.attempts.length === 0) return [];
  const column = <K extends keyof NewLease>(key: K): NewLease[K][] => params.attempts.map((item) => item[key]);
  return run<DispatchedAttempt>(tx, {
    name: "queue_attempts",
    text: `with t as (select coalesce($10::timestamptz, now()) as now),
      v as (select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[], $5::text[]) as v (attempt_id, task_instance_id, executor, scheduler_id, bundle_sha256)),
      mine as materialized (
        select ti.id, v.attempt_id, v.executor, v.scheduler_id, v.bundle_sha256 from v join task_instance ti on ti.id = v.task_instance_id
        where ti.state = 'scheduled' and not exists (select 1 from lease l where l.task_instance_id = ti.id)
        order by ti.id for no key update of ti skip locked
      ),
      gone as (delete from task_queue q using mine where q.task_instance_id = mine.id),
      queued as (
        update task_instance ti set state = case when $7::text is null then 'queued' else 'running' end, state_reason = null, attempt_id = mine.attempt_id, executor = mine.executor,
          queued_when = t.now, start_date = case when $7::text is not null then t.now end, hostname = case when $7::text is not null then $8::text end, updated_at = t.now
        from mine, t where ti.id = mine.id
        returning ti.*, mine.scheduler_id, mine.bundle_sha256
      ),
      leased as (
        insert into lease (attempt_id, task_instance_id, dag_run_id, dag_id, task_id, map_index, try_number, state, pool, pool_slots, executor, queue, priority_weight, bundle_sha256,
          scheduler_id, host_id, expires_at, queued_at, started_at)
        select q.attempt_id, q.id, q.dag_run_id, q.dag_id, q.task_id, q.map_index, q.try_number, q.state, q.pool, q.pool_slots, q.executor, q.queue, q.priority_weight,
          q.bundle_sha256, q.scheduler_id, $7::text,
          t.now + make_interval(secs => (case when $7::text is null then $6::float8 else $9::float8 end) / 1000), t.now, case when $7::text is not null then t.now end
        from queued q, t
      )
      select q.attempt_id as "attemptId", q.id as "taskInstanceId", q.dag_run_id as "dagRunId", q.dag_id as "dagId", r.run_id as "runId", q.task_id as "taskId", q.map_index as "mapIndex",
        q.try_number as "tryNumber", q.executor, q.queue, q.priority_weight as "priorityWeight", q.bundle_sha256 as "bundleSha256"
      from queued q join dag_run r on r.id = q.dag_run_id order by q.priority_weight desc, q.id`,
    values: [
      column("attemptId"),
      column("taskInstanceId"),
      column("executor"),
      column("schedulerId"),
      column("bundleSha256"),
      params.queuedTimeoutMs,
      params.hostId,
      params.hostname,
      params.leaseMs,
      params.now,
    ],
  });
}

/** An attempt that holds a lease, with its task instance. */
export interface LeasedAttempt {
  attemptId: string;
  taskInstanceId: number;
  dagRunId: number;
  dagId: string;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
  leaseState: "queued" | "running";
  executor: string;
  pool: string;
  poolSlots: number;
  schedulerId: string;
  hostId: string | null;
  expiresAt: Date;
  requeueCount: number;
  stopReason: string | null;
  queuedAt: Date;
  startedAt: Date | null;
}

const leaseColumns = `l.attempt_id as "attemptId", l.task_instance_id as "taskInstanceId", l.dag_run_id as "dagRunId", l.dag_id as "dagId", l.task_id as "taskId", l.map_index as "mapIndex",
  l.try_number as "tryNumber", l.state as "leaseState", l.executor, l.pool, l.pool_slots as "poolSlots", l.scheduler_id as "schedulerId", l.host_id as "hostId",
  l.expires_at as "expiresAt", l.requeue_count as "requeueCount", l.stop_reason as "stopReason", l.queued_at as "queuedAt", l.started_at as "startedAt"`;

/** The leases of attempts in runs whose locks the caller holds: nobody else ends them. */
export async function listLeases(tx: Queryable, params: { attemptIds: readonly string[] }): Promise<LeasedAttempt[]> {
  return run<LeasedAttempt>(tx, {
    name: "list_leases",
    text: `select ${leaseColumns} from lease l where l.attempt_id = any($1::uuid[])`,
    values: [params.attemptIds],
  });
}

/** Ends leases. The caller holds the locks of their runs and brings back, under the limits lock, what waits for the slots. */
export async function deleteLeases(tx: Transaction, params: { attemptIds: readonly string[] }): Promise<void> {
  if (params.attemptIds.length === 0) return;
  await run(tx, { name: "delete_leases", text: "delete from lease where attempt_id = any($1::uuid[])", values: [params.attemptIds] });
}

/** Tells whoever holds them to stop. */
export async function stopLeases(tx: Transaction, params: { taskInstanceIds: readonly number[]; reason: string }): Promise<number> {
  if (params.taskInstanceIds.length === 0) return 0;
  return runCount(tx, {
    text: "update lease set stop_reason = $2 where task_instance_id = any($1::bigint[]) and stop_reason is null",
    values: [params.taskInstanceIds, params.reason],
  });
}

/** What a start found: granted now or before to the same host (`granted`), or why not. */
export interface StartAnswer {
  attemptId: string;
  taskInstanceId: number | null;
  answer: "granted" | "not_queued" | "other_host" | "unknown";
}

/** Grants queued attempts to a host. Task instances are locked before leases, lowest id first. Repeating gives the same answer. */
export async function startAttempts(
  tx: Transaction,
  params: { starts: readonly { attemptId: string; hostId: string }[]; leaseMs: number; now: Date | null },
): Promise<StartAnswer[]> {
  if (params.starts.length === 0) return [];
  return run<StartAnswer>(tx, {
    name: "start_attempts",
    text: `with t as (select coalesce($4::timestamptz, now()) as now),
      v as (select * from unnest($1::uuid[], $2::text[]) as v (attempt_id, host_id)),
      locked as materialized (
        select l.attempt_id, l.task_instance_id, l.state as lease_state, l.host_id as holder, l.stop_reason, v.host_id, ti.state, ti.attempt_id as current
        from v join lease l on l.attempt_id = v.attempt_id join task_instance ti on ti.id = l.task_instance_id
        order by ti.id for no key update of ti
      ),
      judged as (
        select *, case
          when stop_reason is not null or current is distinct from attempt_id then 'not_queued'
          when lease_state = 'running' and holder is distinct from host_id then 'other_host'
          when state in ('queued', 'running') then 'granted' else 'not_queued' end as answer
        from locked
      ),
      leased as (
        update lease l set state = 'running', host_id = j.host_id, started_at = coalesce(l.started_at, t.now), expires_at = t.now + make_interval(secs => $3::float8 / 1000)
        from judged j, t where l.attempt_id = j.attempt_id and j.answer = 'granted'
      ),
      begun as (
        update task_instance ti set state = 'running', start_date = t.now, hostname = h.hostname, updated_at = t.now
        from judged j left join runner_host h on h.host_id = j.host_id, t
        where ti.id = j.task_instance_id and j.answer = 'granted' and ti.state = 'queued'
      )
      select v.attempt_id as "attemptId", j.task_instance_id as "taskInstanceId", coalesce(j.answer, 'unknown') as answer
      from v left join judged j on j.attempt_id = v.attempt_id`,
    values: [params.starts.map((start) => start.attemptId), params.starts.map((start) => start.hostId), params.leaseMs, params.now],
  });
}

/**
 * Renews what a host holds. Rows that another transaction is just ending are not waited for: they are reported by `held` if they are still there. `stopped`: leases of the host that
 * were told to stop and that it does not list any more, so their process is gone.
 */
export async function renewLeases(
  db: Queryable,
  params: { hostId: string; attemptIds: readonly string[]; leaseMs: number; now: Date | null },
): Promise<{ attemptId: string; stopReason: string | null; isListed: boolean }[]> {
  return run(db, {
    name: "renew_leases",
    text: `with t as (select coalesce($4::timestamptz, now()) as now),
      seen as (update runner_host h set last_heartbeat_at = t.now from t where h.host_id = $1),
      mine as materialized (
        select l.attempt_id from lease l where l.host_id = $1 and l.state = 'running' and l.stop_reason is null and l.attempt_id = any($2::uuid[])
        order by l.attempt_id for no key update skip locked
      ),
      renewed as (update lease l set expires_at = t.now + make_interval(secs => $3::float8 / 1000) from mine, t where l.attempt_id = mine.attempt_id)
      select l.attempt_id as "attemptId", l.stop_reason as "stopReason", l.attempt_id = any($2::uuid[]) as "isListed"
      from lease l where l.host_id = $1 and l.state = 'running'`,
    values: [params.hostId, params.attemptIds, params.leaseMs, params.now],
  });
}

/** Progress that heartbeats brought. */
export async function writeProgress(db: Queryable, params: { progress: readonly { attemptId: string; progress: string }[] }): Promise<void> {
  if (params.progress.length === 0) return;
  await run(db, {
    name: "write_progress",
    text: `update task_instance ti set progress = v.progress::json, updated_at = now()
      from unnest($1::uuid[], $2::text[]) as v (attempt_id, progress), lease l
      where l.attempt_id = v.attempt_id and ti.id = l.task_instance_id and ti.attempt_id = v.attempt_id`,
    values: [params.progress.map((item) => item.attemptId), params.progress.map((item) => item.progress)],
  });
}

/** Leases past their time, in one state. Uses `lease_expiry`. */
export async function listExpiredLeases(db: Queryable, params: { state: "queued" | "running"; limit: number; now: Date | null }): Promise<LeasedAttempt[]> {
  return run<LeasedAttempt>(db, {
    name: "list_expired_leases",
    text: `select ${leaseColumns} from lease l where l.expires_at < coalesce($3::timestamptz, now()) and l.state = $1 order by l.expires_at limit $2`,
    values: [params.state, params.limit, params.now],
  });
}

/** Gives stuck queued attempts another queued timeout; those that were started or ended meanwhile are left out of the answer. */
export async function requeueLeases(
  db: Queryable,
  params: { attemptIds: readonly string[]; queuedTimeoutMs: number; now: Date | null },
): Promise<string[]> {
  const rows = await run<{ attemptId: string }>(db, {
    text: `update lease set requeue_count = requeue_count + 1, expires_at = coalesce($3::timestamptz, now()) + make_interval(secs => $2::float8 / 1000)
      where attempt_id = any($1::uuid[]) and state = 'queued' and expires_at < coalesce($3::timestamptz, now()) returning attempt_id as "attemptId"`,
    values: [params.attemptIds, params.queuedTimeoutMs, params.now],
  });
  return rows.map((row) => row.attemptId);
}

/** Attempts of a scheduler that were told to stop. Uses `lease_by_scheduler`. */
export async function listStops(db: Queryable, params: { schedulerId: string }): Promise<{ attemptId: string; executor: string; reason: string }[]> {
  return run(db, {
    name: "list_stops",
    text: `select attempt_id as "attemptId", executor, stop_reason as reason from lease where scheduler_id = $1 and stop_reason is not null`,
    values: [params.schedulerId],
  });
}

/** Commands of attempts, for submitting them again. */
export async function listCommands(db: Queryable, params: { attemptIds: readonly string[] }): Promise<(DispatchedAttempt & { leaseState: "queued" | "running" })[]> {
  return run(db, {
    text: `select l.attempt_id as "attemptId", l.task_instance_id as "taskInstanceId", l.dag_run_id as "dagRunId", l.dag_id as "dagId", r.run_id as "runId", l.task_id as "taskId",
        l.map_index as "mapIndex", l.try_number as "tryNumber", l.executor, l.queue, l.priority_weight as "priorityWeight", l.bundle_sha256 as "bundleSha256", l.state as "leaseState"
      from lease l join dag_run r on r.id = l.dag_run_id where l.attempt_id = any($1::uuid[]) order by l.priority_weight desc, l.task_instance_id`,
    values: [params.attemptIds],
  });
}

/** Gives the leases of dead schedulers to another one. */
export async function moveLeases(tx: Transaction, params: { toSchedulerId: string }): Promise<string[]> {
  const rows = await run<{ attemptId: string }>(tx, {
    text: `update lease l set scheduler_id = $1 where l.scheduler_id <> $1
        and not exists (select 1 from job j where j.id = l.scheduler_id and j.state = 'running')
      returning l.attempt_id as "attemptId"`,
    values: [params.toSchedulerId],
  });
  return rows.map((row) => row.attemptId);
}
