import { type Queryable, run, runCount, type Transaction } from "../database-handle.ts";
import { type TaskInstanceRecord, taskInstanceColumns, toTaskInstance } from "./task-instance.ts";

/** An attempt that holds a lease, with its task instance. */
export interface LeasedAttempt {
  attemptId: string;
  leaseState: "queued" | "running";
  hostId: string | null;
  schedulerId: string;
  executor: string;
  /** What it takes up, which is not what its task instance says any more when that was moved to another version. */
  leasePool: string;
  leasePoolSlots: number;
  stopReason: string | null;
  requeueCount: number;
  isExpired: boolean;
  /** Of the lease; the task instance names another attempt when it was taken over. */
  instance: TaskInstanceRecord;
}

/**
 * Attempts that hold a lease, with their task instances locked by id. To be called with the runs locked (`lockDagRunsOfAttempts`), in a later statement: only then is what it
 * reads sure to stay.
 */
export async function lockAttempts(tx: Transaction, params: { attemptIds: readonly string[]; now: Date | null }): Promise<LeasedAttempt[]> {
  type Row = Parameters<typeof toTaskInstance>[0] & {
    leaseAttemptId: string;
    leaseState: "queued" | "running";
    hostId: string | null;
    schedulerId: string;
    leaseExecutor: string;
    leasePool: string;
    leasePoolSlots: number;
    stopReason: string | null;
    requeueCount: number;
    isExpired: boolean;
  };
  const rows = await run<Row>(tx, {
    name: "lock_attempts",
    text: `select ${taskInstanceColumns}, l.attempt_id as "leaseAttemptId", l.state as "leaseState", l.host_id as "hostId", l.scheduler_id as "schedulerId",
        l.executor as "leaseExecutor", l.pool as "leasePool", l.pool_slots as "leasePoolSlots", l.stop_reason as "stopReason", l.requeue_count as "requeueCount", l.expires_at <= coalesce($2::timestamptz, now()) as "isExpired"
      from lease l join task_instance ti on ti.id = l.task_instance_id
      where l.attempt_id = any($1::uuid[]) order by ti.id for no key update of ti`,
    values: [params.attemptIds, params.now],
  });
  return rows.map((row) => {
    const {
      leaseAttemptId,
      leaseState,
      hostId,
      schedulerId,
      leaseExecutor,
      leasePool,
      leasePoolSlots,
      stopReason,
      requeueCount,
      isExpired,
      ...instance
    } = row;
    return {
      attemptId: leaseAttemptId,
      leaseState,
      hostId,
      schedulerId,
      executor: leaseExecutor,
      leasePool,
      leasePoolSlots,
      stopReason,
      requeueCount,
      isExpired,
      instance: toTaskInstance(instance),
    };
  });
}

/** Ends leases. Rows are taken in order of the attempt id, as heartbeats do. */
export async function deleteLeases(tx: Transaction, params: { attemptIds: readonly string[] }): Promise<void> {
  if (params.attemptIds.length === 0) return;
  await run(tx, {
    name: "delete_leases",
    // Nested, as all joins of these connections: one after the other.
    text: "delete from lease l using unnest($1::uuid[]) as v (attempt_id) where l.attempt_id = v.attempt_id",
    values: [params.attemptIds.toSorted()],
  });
}

/** Tells whoever runs these task instances to stop; gives what holds a lease. */
export async function stopLeases(
  tx: Transaction,
  params: { taskInstanceIds: readonly number[]; reason: string },
): Promise<{ attemptId: string; taskInstanceId: number; state: "queued" | "running" }[]> {
  if (params.taskInstanceIds.length === 0) return [];
  return run(tx, {
    name: "stop_leases",
    text: `update lease set stop_reason = coalesce(stop_reason, $2)
      where attempt_id in (select attempt_id from lease where task_instance_id = any($1::bigint[]) order by attempt_id for update)
      returning attempt_id as "attemptId", task_instance_id as "taskInstanceId", state`,
    values: [params.taskInstanceIds, params.reason],
  });
}

export interface NewLease {
  attemptId: string;
  taskInstanceId: number;
  dagRunId: number;
  dagId: string;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
  pool: string;
  poolSlots: number;
  executor: string;
  queue: string;
  priorityWeight: number;
  bundleSha256: string;
  schedulerId: string;
  /** null: queued. Else it is granted to this host at once. */
  hostId: string | null;
  expiresInMs: number;
}

/** What a new lease is made of, as `unnest` takes it from the first sixteen parameters of a statement. */
const LEASE_ARRAYS = `$1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::int[], $7::int[], $8::text[], $9::int[], $10::text[], $11::text[], $12::int[], $13::text[],
            $14::uuid[], $15::text[], $16::double precision[]`;
const LEASE_COLUMNS = `attempt_id, task_instance_id, dag_run_id, dag_id, task_id, map_index, try_number, pool, pool_slots, executor, queue, priority_weight, bundle_sha256, scheduler_id,
            host_id, expires_in_ms`;

function leaseValues(leases: readonly NewLease[]): unknown[] {
  const column = <K extends keyof NewLease>(key: K): NewLease[K][] => leases.map((item) => item[key]);
  return [
    column("attemptId"),
    column("taskInstanceId"),
    column("dagRunId"),
    column("dagId"),
    column("taskId"),
    column("mapIndex"),
    column("tryNumber"),
    column("pool"),
    column("poolSlots"),
    column("executor"),
    column("queue"),
    column("priorityWeight"),
    column("bundleSha256"),
    column("schedulerId"),
    column("hostId"),
    column("expiresInMs"),
  ];
}

/**
 * Takes task instances out of the queue and gives them leases, in lock order. Only those are taken that are still scheduled for the try that was read; gives their attempt ids.
 * The caller holds the dispatch lock and has counted.
 */
export async function takeFromQueue(tx: Transaction, params: { leases: readonly NewLease[]; now: Date | null }): Promise<string[]> {
  if (params.leases.length === 0) return [];
  const taking = takeReady(tx, params);
  const taskInstanceIds = params.leases.map((lease) => lease.taskInstanceId);
  const [attemptIds] = await Promise.all([taking, deleteTakenRows(tx, { taskInstanceIds })]);
  return attemptIds;
}

/** Leases of task instances that this transaction has begun on a host (`begins` of a change): they were never in the queue. The caller holds the dispatch lock and has counted. */
export async function insertBegunLeases(
  tx: Transaction,
  params: { leases: readonly (NewLease & { hostId: string })[]; now: Date | null },
): Promise<void> {
  if (params.leases.length === 0) return;
  await run(tx, {
    name: "insert_begun_leases",
    text: `insert into lease (attempt_id, task_instance_id, dag_run_id, dag_id, task_id, map_index, try_number, state, pool, pool_slots, executor, queue, priority_weight,
        bundle_sha256, scheduler_id, host_id, expires_at, queued_at, started_at)
      select attempt_id, task_instance_id, dag_run_id, dag_id, task_id, map_index, try_number, 'running', pool, pool_slots, executor, queue, priority_weight, bundle_sha256,
        scheduler_id, host_id, t.now + expires_in_ms * interval '1 millisecond', t.now, t.now
      from (select coalesce($17::timestamptz, now()) as now) t, unnest(${LEASE_ARRAYS}) as v (${LEASE_COLUMNS})`,
    values: [...leaseValues(params.leases), params.now],
  });
}

async function takeReady(tx: Transaction, params: { leases: readonly NewLease[]; now: Date | null }): Promise<string[]> {
  // Rows are locked in the order in which they are given: the only way to join that these connections have goes from one to the next.
  const leases = params.leases.toSorted((one, other) => one.taskInstanceId - other.taskInstanceId);
  const rows = await run<{ attemptId: string }>(tx, {
    name: "take_from_queue",
    text: `with moved as (
        update task_instance ti set state = case when v.host_id is null then 'queued' else 'running' end, attempt_id = v.attempt_id, queued_when = t.now, updated_at = t.now,
          start_date = case when v.host_id is null then ti.start_date else coalesce(ti.start_date, t.now) end,
          hostname = case when v.host_id is null then ti.hostname else (select h.hostname from runner_host h where h.host_id = v.host_id) end
        from (select coalesce($17::timestamptz, now()) as now) t,
          unnest(${LEASE_ARRAYS}) as v (${LEASE_COLUMNS})
        where ti.id = v.task_instance_id and ti.state = 'scheduled' and ti.try_number = v.try_number
        returning v.*, t.now
      )
      insert into lease (attempt_id, task_instance_id, dag_run_id, dag_id, task_id, map_index, try_number, state, pool, pool_slots, executor, queue, priority_weight,
        bundle_sha256, scheduler_id, host_id, expires_at, queued_at, started_at)
      select attempt_id, task_instance_id, dag_run_id, dag_id, task_id, map_index, try_number, case when host_id is null then 'queued' else 'running' end, pool, pool_slots, executor,
        queue, priority_weight, bundle_sha256, scheduler_id, host_id, now + expires_in_ms * interval '1 millisecond', now, case when host_id is not null then now end
      from moved
      returning attempt_id as "attemptId"`,
    values: [...leaseValues(leases), params.now],
  });
  return rows.map((row) => row.attemptId);
}

/**
 * A statement of its own, which sees what the one before waited for: when a task instance was cleared meanwhile and is scheduled again, its row in the queue is not the one that dispatch
 * had read. In one statement that new row would stay behind.
 */
async function deleteTakenRows(tx: Transaction, params: { taskInstanceIds: readonly number[] }): Promise<void> {
  await run(tx, {
    name: "delete_taken_rows",
    text: `delete from task_queue q using task_instance ti
      where q.task_instance_id = any($1::bigint[]) and ti.id = q.task_instance_id and ti.state is distinct from 'scheduled'`,
    values: [params.taskInstanceIds],
  });
}

/** What a grant tells of the task instance. */
export interface GrantedAttempt {
  attemptId: string;
  taskInstanceId: number;
  dagRunId: number;
  dagVersionId: number;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
  maxTries: number;
  bundleSha256: string;
  queue: string;
  queuedMs: number;
  scheduledMs: number;
  /** Since it was last cleared; null: it begins now. */
  firstStartedAt: Date | null;
  /** How often this try was rescheduled; null: never. */
  rescheduleCount: number | null;
}

/**
 * Queued attempts begin on a host; those that this host has begun already, and whose lease lasts, are given again, so that a repeated call is answered as the first. Locks task
 * instances by id, then leases.
 */
export async function startAttempts(
  tx: Transaction,
  params: { starts: readonly { attemptId: string; hostId: string }[]; leaseMs: number; now: Date | null },
): Promise<GrantedAttempt[]> {
  if (params.starts.length === 0) return [];
  return run<GrantedAttempt>(tx, {
    name: "start_attempts",
    text: `with v as materialized (select * from unnest($1::uuid[], $2::text[]) as v (attempt_id, host_id)),
      t as (select coalesce($4::timestamptz, now()) as now),
      locked as materialized (
        select ti.id, ti.state, v.attempt_id, v.host_id from v join lease l on l.attempt_id = v.attempt_id join task_instance ti on ti.id = l.task_instance_id
        where ti.attempt_id = v.attempt_id and ti.state in ('queued', 'running') order by ti.id for no key update of ti
      ),
      granted as (
        update lease l set state = 'running', host_id = locked.host_id, expires_at = t.now + $3::double precision * interval '1 millisecond',
          started_at = coalesce(l.started_at, t.now)
        from locked, t
        where l.attempt_id = locked.attempt_id and l.stop_reason is null
          and (l.state = 'queued' and locked.state = 'queued'
            or l.state = 'running' and locked.state = 'running' and l.host_id = locked.host_id and l.expires_at > t.now)
        returning l.*
      ),
      begun as (
        update task_instance ti set state = 'running', start_date = coalesce(ti.start_date, t.now), updated_at = t.now,
          hostname = (select h.hostname from runner_host h where h.host_id = g.host_id)
        from granted g, t where ti.id = g.task_instance_id
        returning ti.id, ti.max_tries, ti.queued_when, ti.scheduled_when, ti.first_started_at, ti.reschedule_count
      )
      select g.attempt_id as "attemptId", g.task_instance_id as "taskInstanceId", g.dag_run_id as "dagRunId",
        (select r.dag_version_id from dag_run r where r.id = g.dag_run_id) as "dagVersionId", g.task_id as "taskId", g.map_index as "mapIndex",
        g.try_number as "tryNumber", b.max_tries as "maxTries", g.bundle_sha256 as "bundleSha256", g.queue,
        extract(epoch from t.now - b.queued_when)::double precision * 1000 as "queuedMs",
        extract(epoch from b.queued_when - b.scheduled_when)::double precision * 1000 as "scheduledMs", b.first_started_at as "firstStartedAt",
        b.reschedule_count as "rescheduleCount"
      from granted g join begun b on b.id = g.task_instance_id, t`,
    values: [params.starts.map((item) => item.attemptId), params.starts.map((item) => item.hostId), params.leaseMs, params.now],
  });
}

/**
 * Attempts that run on a host as far as the leases say, but for those given: it was told of none of them. What is to stop is left out, and what is about to be taken for lost: whoever sees to
 * that may have begun. Uses `lease_by_host`.
 */
export async function listLeasesUnknownToHost(
  db: Queryable,
  params: { hostId: string; known: readonly string[]; marginMs: number; now: Date | null },
): Promise<string[]> {
  const rows = await run<{ attemptId: string }>(db, {
    name: "list_leases_unknown_to_host",
    text: `select attempt_id as "attemptId" from lease
      where host_id = $1 and state = 'running' and stop_reason is null and attempt_id <> all($2::uuid[])
        and expires_at > coalesce($4::timestamptz, now()) + $3::double precision * interval '1 millisecond' order by attempt_id`,
    values: [params.hostId, params.known, params.marginMs, params.now],
  });
  return rows.map((row) => row.attemptId);
}

/** Why these attempts were not granted: what the lease says of those that have one. */
export async function listLeaseStates(
  db: Queryable,
  params: { attemptIds: readonly string[] },
): Promise<Map<string, { state: string; hostId: string | null; stopReason: string | null }>> {
  const rows = await run<{ attemptId: string; state: string; hostId: string | null; stopReason: string | null }>(db, {
    name: "list_lease_states",
    text: `select attempt_id as "attemptId", state, host_id as "hostId", stop_reason as "stopReason" from lease where attempt_id = any($1::uuid[])`,
    values: [params.attemptIds],
  });
  return new Map(rows.map(({ attemptId, ...lease }) => [attemptId, lease]));
}

/** Renews what a host runs. What is to stop is not renewed, so that it ends even when nobody reports its end. Leases are taken in order of the attempt id. */
export async function renewLeases(
  tx: Transaction,
  params: { hostId: string; attemptIds: readonly string[]; leaseMs: number; now: Date | null },
): Promise<{ attemptId: string; taskInstanceId: number; stopReason: string | null }[]> {
  return run(tx, {
    name: "renew_leases",
    text: `with held as materialized (
        select attempt_id from lease where attempt_id = any($2::uuid[]) and host_id = $1 and state = 'running' order by attempt_id for update
      )
      update lease l set expires_at = case when l.stop_reason is null then coalesce($4::timestamptz, now()) + $3::double precision * interval '1 millisecond' else l.expires_at end
      from held where l.attempt_id = held.attempt_id
      returning l.attempt_id as "attemptId", l.task_instance_id as "taskInstanceId", l.stop_reason as "stopReason"`,
    values: [params.hostId, params.attemptIds, params.leaseMs, params.now],
  });
}

/** Leases whose time is over, longest first. Uses `lease_expiry`. */
export async function listExpiredLeases(db: Queryable, params: { state: "queued" | "running"; limit: number; now: Date | null }): Promise<string[]> {
  const rows = await run<{ attemptId: string }>(db, {
    name: "list_expired_leases",
    text: `select attempt_id as "attemptId" from lease where expires_at <= coalesce($3::timestamptz, now()) and state = $1 order by expires_at limit $2`,
    values: [params.state, params.limit, params.now],
  });
  return rows.map((row) => row.attemptId);
}

/** An attempt as an executor gets it. */
export interface LeaseCommand {
  attemptId: string;
  taskInstanceId: number;
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
  executor: string;
  queue: string;
  priorityWeight: number;
  bundleSha256: string;
  state: "queued" | "running";
}

/** Of `lease l`. */
export const commandColumns = `l.attempt_id as "attemptId", l.task_instance_id as "taskInstanceId", l.dag_id as "dagId",
  (select r.run_id from dag_run r where r.id = l.dag_run_id) as "runId", l.task_id as "taskId", l.map_index as "mapIndex", l.try_number as "tryNumber", l.executor, l.queue,
  l.priority_weight as "priorityWeight", l.bundle_sha256 as "bundleSha256", l.state`;

/** Gives queued leases whose time is over another time, at most `maxRequeues` times; those are to be handed to their executors again. */
export async function requeueLeases(
  tx: Transaction,
  params: { attemptIds: readonly string[]; maxRequeues: number; expiresInMs: number; now: Date | null },
): Promise<LeaseCommand[]> {
  if (params.attemptIds.length === 0) return [];
  return run<LeaseCommand>(tx, {
    name: "requeue_leases",
    text: `with stuck as materialized (
        select attempt_id from lease where attempt_id = any($1::uuid[]) and state = 'queued' and requeue_count < $2 and expires_at <= coalesce($4::timestamptz, now())
        order by attempt_id for update
      )
      update lease l set requeue_count = l.requeue_count + 1, expires_at = coalesce($4::timestamptz, now()) + $3::double precision * interval '1 millisecond'
      from stuck where l.attempt_id = stuck.attempt_id returning ${commandColumns}`,
    values: [params.attemptIds, params.maxRequeues, params.expiresInMs, params.now],
  });
}

/** An attempt could not begin: the same try gets another one, to be handed out again after `delayMs`. `counts`: against the bound on how often a try is handed out. */
export async function replaceAttempt(
  tx: Transaction,
  params: { attemptId: string; newAttemptId: string; delayMs: number; counts: boolean; now: Date | null },
): Promise<void> {
  await run(tx, {
    name: "replace_attempt",
    text: `with old as (
        update task_instance ti set attempt_id = $2, updated_at = now() from lease l
        where l.attempt_id = $1 and ti.id = l.task_instance_id and ti.attempt_id = $1 and ti.state = 'queued' returning ti.id
      )
      update lease l set attempt_id = $2, expires_at = coalesce($4::timestamptz, now()) + $3::double precision * interval '1 millisecond',
        -- Handing it out again adds one.
        requeue_count = l.requeue_count - case when $5::boolean then 0 else 1 end
      from old where l.task_instance_id = old.id and l.attempt_id = $1`,
    values: [params.attemptId, params.newAttemptId, params.delayMs, params.now, params.counts],
  });
}

export async function listStops(db: Queryable, params: { schedulerId: string }): Promise<{ attemptId: string; executor: string; reason: string }[]> {
  return run(db, {
    name: "list_stops",
    text: `select attempt_id as "attemptId", executor, stop_reason as reason from lease where scheduler_id = $1 and stop_reason is not null`,
    values: [params.schedulerId],
  });
}

/** Gives leases of dead schedulers to another one. Uses `lease_by_scheduler`. */
export async function adoptLeases(tx: Transaction, params: { fromIds: readonly string[]; adopterId: string }): Promise<LeaseCommand[]> {
  return run<LeaseCommand>(tx, {
    name: "adopt_leases",
    text: `with orphan as materialized (select attempt_id from lease where scheduler_id = any($1::uuid[]) order by attempt_id for update)
      update lease l set scheduler_id = $2 from orphan where l.attempt_id = orphan.attempt_id returning ${commandColumns}`,
    values: [params.fromIds, params.adopterId],
  });
}

/** Live attempts of a scheduler: what its parallelism is counted on. Those that only wait for one of `exceptQueuedOf` are left out. */
export async function countLeases(db: Queryable, params: { schedulerId: string; exceptQueuedOf: readonly string[] }): Promise<number> {
  const [row] = await run<{ count: number }>(db, {
    name: "count_leases",
    text: "select count(*) as count from lease where scheduler_id = $1 and (state <> 'queued' or executor <> all($2::text[]))",
    values: [params.schedulerId, params.exceptQueuedOf],
  });
  return row!.count;
}

/** Progress as attempts last told it. */
export async function writeProgress(tx: Transaction, items: readonly { taskInstanceId: number; progress: string }[]): Promise<void> {
  if (items.length === 0) return;
  await runCount(tx, {
    name: "write_progress",
    text: `with held as materialized (select id from task_instance where id = any($1::bigint[]) and state = 'running' order by id for no key update)
      update task_instance ti set progress = v.progress::json from held, unnest($1::bigint[], $2::text[]) as v (id, progress) where ti.id = held.id and v.id = held.id`,
    values: [items.map((item) => item.taskInstanceId), items.map((item) => item.progress)],
  });
}

/** Where running attempts belong; `hostId` null: on whatever host. */
export async function findLeasePlace(
  db: Queryable,
  params: { attemptIds: readonly string[]; hostId: string | null },
): Promise<{ attemptId: string; taskInstanceId: number; dagRunId: number; dagVersionId: number; taskId: string; mapIndex: number }[]> {
  return run(db, {
    name: "find_lease_place",
    text: `select l.attempt_id as "attemptId", l.task_instance_id as "taskInstanceId", l.dag_run_id as "dagRunId", r.dag_version_id as "dagVersionId", l.task_id as "taskId",
        l.map_index as "mapIndex"
      from lease l join dag_run r on r.id = l.dag_run_id
      where l.attempt_id = any($1::uuid[]) and l.state = 'running' and ($2::text is null or l.host_id = $2)`,
    values: [params.attemptIds, params.hostId],
  });
}
