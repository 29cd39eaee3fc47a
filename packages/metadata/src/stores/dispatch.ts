import { type Queryable, run, type Statement, type Transaction } from "../database-handle.ts";

/** Any number no other advisory lock of ours uses. */
const dispatchLock = 7_236_001;

/** The critical section of dispatch: limits are exact because one transaction at a time counts and takes. Held to the end of the transaction. */
export async function lockDispatch(tx: Transaction): Promise<void> {
  await run(tx, { name: "lock_dispatch", text: "select pg_advisory_xact_lock($1)", values: [dispatchLock] });
}

/** As `lockDispatch`, but does not wait: false when another transaction is dispatching. */
export async function tryLockDispatch(tx: Transaction): Promise<boolean> {
  const [row] = await run<{ locked: boolean }>(tx, {
    name: "try_lock_dispatch",
    text: "select pg_try_advisory_xact_lock($1) as locked",
    values: [dispatchLock],
  });
  return row!.locked;
}

export interface QueuedCandidate {
  id: number;
  dagRunId: number;
  dagId: string;
  runId: string;
  dagVersionId: number;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
  maxTries: number;
  executor: string;
  queue: string;
  pool: string;
  poolSlots: number;
  priorityWeight: number;
  logicalDate: Date | null;
  maxActiveTasks: number;
  maxActiveTisPerDag: number | null;
  maxActiveTisPerDagrun: number | null;
  isPaused: boolean;
  /** Live attempts of its run; of its task over all runs, and in its run, where these are limited. */
  usedByRun: number;
  usedByTask: number;
  usedByRunTask: number;
  poolSize: number;
  poolUsed: number;
  includeDeferred: boolean;
  scheduledMs: number;
  firstStartedAt: Date | null;
  rescheduleCount: number | null;
}

/**
 * The best waiting task instances of each pool with open slots, for the given executors. A full pool gives none and costs one look at its leases; parked rows are not in
 * the index. An instance whose last attempt still has its lease (it was told to stop) is passed over until that has ended. To be called in a statement after the lock was taken, so that it sees what the holder before it did. Uses `task_queue_dispatch`.
 */
export async function listDispatchCandidates(
  tx: Queryable,
  params: { executors: readonly string[]; queues: readonly string[] | null; limit: number; now: Date | null },
): Promise<QueuedCandidate[]> {
  return run<QueuedCandidate>(tx, {
    name: "list_dispatch_candidates",
    text: `with used as materialized (select l.pool, sum(l.pool_slots) as slots from lease l group by l.pool),
      open as materialized (
        select p.name, p.slots, p.include_deferred, coalesce(u.slots, 0) as used, case when p.slots < 0 then 2147483647 else p.slots - coalesce(u.slots, 0) end as room
        from pool p left join used u on u.pool = p.name
      )
      select q.task_instance_id as id, q.dag_run_id as "dagRunId", q.dag_id as "dagId", r.run_id as "runId", r.dag_version_id as "dagVersionId", q.task_id as "taskId",
        q.map_index as "mapIndex", ti.try_number as "tryNumber", ti.max_tries as "maxTries", q.executor, q.queue, q.pool, q.pool_slots as "poolSlots",
        q.priority_weight as "priorityWeight", q.logical_date as "logicalDate", q.max_active_tasks as "maxActiveTasks", q.max_active_tis_per_dag as "maxActiveTisPerDag",
        q.max_active_tis_per_dagrun as "maxActiveTisPerDagrun", d.is_paused as "isPaused",
        (select count(*) from lease l where l.dag_run_id = q.dag_run_id) as "usedByRun",
        case when q.max_active_tis_per_dag is null then 0 else (select count(*) from lease l where l.dag_id = q.dag_id and l.task_id = q.task_id) end as "usedByTask",
        case when q.max_active_tis_per_dagrun is null then 0
          else (select count(*) from lease l where l.dag_run_id = q.dag_run_id and l.task_id = q.task_id) end as "usedByRunTask",
        open.slots as "poolSize", open.used as "poolUsed", open.include_deferred as "includeDeferred",
        extract(epoch from coalesce($4::timestamptz, now()) - ti.scheduled_when)::double precision * 1000 as "scheduledMs",
        ti.first_started_at as "firstStartedAt", ti.reschedule_count as "rescheduleCount"
      from open, unnest($1::text[]) as e (name),
        lateral (select * from task_queue w where w.executor = e.name and w.pool = open.name and w.parked_key is null and w.pool_slots <= open.room
          and ($2::text[] is null or w.queue = any($2::text[]))
          and not exists (select from lease l where l.task_instance_id = w.task_instance_id)
          order by w.priority_weight desc, w.logical_date, w.map_index, w.task_instance_id limit $3) q
        join dag_run r on r.id = q.dag_run_id join dag d on d.dag_id = q.dag_id join task_instance ti on ti.id = q.task_instance_id
      where open.room > 0`,
    values: [params.executors, params.queues, params.limit, params.now],
  });
}

export interface DispatchFacts {
  /** Something waits in sight of dispatch, or behind one of the keys. */
  waits: boolean;
  pools: { name: string; slots: number; includeDeferred: boolean; used: number }[];
  runs: { id: number; live: number; isPaused: boolean }[];
}

/**
 * Whether dispatch could see anything for these executors, or could when what is parked under these keys comes back; and how much of pools and runs is used. To be called under the dispatch lock, and
 * in a statement after the runs were locked: then it stays so but for what others put into the queue, who wake for it, and for a pause, which waits for the runs.
 */
export async function listDispatchFacts(
  tx: Queryable,
  params: { executors: readonly string[]; parkedKeys: readonly string[]; pools: readonly string[]; dagRunIds: readonly number[] },
): Promise<DispatchFacts> {
  const [facts] = await run<{ waits: boolean; pools: string; runs: string }>(tx, {
    name: "list_dispatch_facts",
    // One statement, since each costs as much in overhead as any of these in work.
    text: `select exists (select from unnest($1::text[]) as e (name), lateral (select from task_queue q where q.executor = e.name and q.parked_key is null limit 1) w)
          or exists (select from unnest($2::text[]) as k (key), lateral (select from task_queue q where q.parked_key = k.key limit 1) p) as waits,
        (with used as materialized (select l.pool, sum(l.pool_slots) as slots from lease l group by l.pool)
          select coalesce(json_agg(json_build_object('name', p.name, 'slots', p.slots, 'includeDeferred', p.include_deferred, 'used', coalesce(u.slots, 0))), '[]')
          from pool p left join used u on u.pool = p.name where p.name = any($3::text[]))::text as pools,
        (select coalesce(json_agg(json_build_object('id', r.id, 'live', (select count(*) from lease l where l.dag_run_id = r.id), 'isPaused', d.is_paused)), '[]')
          from dag_run r join dag d on d.dag_id = r.dag_id where r.id = any($4::bigint[]))::text as runs`,
    values: [params.executors, params.parkedKeys, params.pools, params.dagRunIds],
  });
  const { waits, pools, runs } = facts!;
  return { waits, pools: JSON.parse(pools) as DispatchFacts["pools"], runs: JSON.parse(runs) as DispatchFacts["runs"] };
}

/** A limit of a run, of a task over all runs (`dagRunId` null), of a task in a run, or of a whole DAG (both null). */
export interface LimitScope {
  key: string;
  dagRunId: number | null;
  dagId: string;
  taskId: string | null;
}

/**
 * Live attempts under limits that seem to be reached, their leases locked. A transaction that is just ending one of them is waited for, and that one no longer counts; one that comes
 * later waits until what is parked here can be seen, and brings it back. Without this, rows would be parked for a slot that has become free already.
 */
export async function lockLiveAttempts(tx: Transaction, scopes: readonly LimitScope[]): Promise<Map<string, number>> {
  const ofRuns = scopes.filter((scope) => scope.dagRunId !== null);
  const ofTasks = scopes.filter((scope) => scope.dagRunId === null && scope.taskId !== null);
  const counts = new Map<string, number>();
  for (const { key } of [...(await lockLiveOfRuns(tx, ofRuns)), ...(await lockLiveOfTasks(tx, ofTasks))]) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

async function lockLiveOfRuns(tx: Transaction, scopes: readonly LimitScope[]): Promise<{ key: string }[]> {
  if (scopes.length === 0) return [];
  return run(tx, {
    name: "lock_live_attempts_of_runs",
    text: `select v.key from unnest($1::text[], $2::bigint[], $3::text[]) as v (key, dag_run_id, task_id)
      join lease l on l.dag_run_id = v.dag_run_id and (v.task_id is null or l.task_id = v.task_id) order by l.attempt_id for key share of l`,
    values: [scopes.map((scope) => scope.key), scopes.map((scope) => scope.dagRunId), scopes.map((scope) => scope.taskId)],
  });
}

async function lockLiveOfTasks(tx: Transaction, scopes: readonly LimitScope[]): Promise<{ key: string }[]> {
  if (scopes.length === 0) return [];
  return run(tx, {
    name: "lock_live_attempts_of_tasks",
    text: `select v.key from unnest($1::text[], $2::text[], $3::text[]) as v (key, dag_id, task_id)
      join lease l on l.dag_id = v.dag_id and l.task_id = v.task_id order by l.attempt_id for key share of l`,
    values: [scopes.map((scope) => scope.key), scopes.map((scope) => scope.dagId), scopes.map((scope) => scope.taskId)],
  });
}

/** Rows that were parked together, by what other limits they fall under. */
export interface ParkedRows {
  key: string;
  dagRunId: number;
  dagId: string;
  taskId: string;
  maxActiveTisPerDag: number | null;
  maxActiveTisPerDagrun: number | null;
  count: number;
}

/** Parks what waits in sight of dispatch behind limits that are reached. */
export async function parkBehindLimits(tx: Transaction, scopes: readonly LimitScope[]): Promise<ParkedRows[]> {
  const ofRuns = scopes.filter((scope) => scope.dagRunId !== null);
  const ofDags = scopes.filter((scope) => scope.dagRunId === null);
  const statements = [
    parkStatement("park_behind_run_limits", "q.dag_run_id = v.dag_run_id", ofRuns),
    parkStatement("park_behind_dag_limits", "q.dag_id = v.dag_id", ofDags),
  ];
  const parked: ParkedRows[] = [];
  for (const [index, group] of [ofRuns, ofDags].entries()) if (group.length > 0) parked.push(...(await run<ParkedRows>(tx, statements[index]!)));
  return parked;
}

function parkStatement(name: string, condition: string, scopes: readonly LimitScope[]): Statement {
  return {
    name,
    text: `with parked as (
        update task_queue q set parked_key = v.key from unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) as v (key, dag_run_id, dag_id, task_id)
        where ${condition} and q.parked_key is null and (v.task_id is null or q.task_id = v.task_id)
        returning q.parked_key, q.dag_run_id, q.dag_id, q.task_id, q.max_active_tis_per_dag, q.max_active_tis_per_dagrun
      )
      select parked_key as key, dag_run_id as "dagRunId", dag_id as "dagId", task_id as "taskId", max_active_tis_per_dag as "maxActiveTisPerDag",
        max_active_tis_per_dagrun as "maxActiveTisPerDagrun", count(*) as count
      from parked group by 1, 2, 3, 4, 5, 6`,
    values: [
      scopes.map((scope) => scope.key),
      scopes.map((scope) => scope.dagRunId),
      scopes.map((scope) => scope.dagId),
      scopes.map((scope) => scope.taskId),
    ],
  };
}

/**
 * Keys under which rows wait although fewer are live or in dispatch's sight than the limit allows: a wake-up was lost. One look at an index per key, none per waiting row. Uses
 * `task_queue_parked`.
 */
export async function listParkedKeysWithRoom(db: Queryable, params: { limit: number }): Promise<string[]> {
  const rows = await run<{ key: string }>(db, {
    name: "list_parked_keys_with_room",
    text: `with recursive k as (
        (select parked_key as key from task_queue where parked_key is not null order by parked_key limit 1)
        union all
        select (select q.parked_key from task_queue q where q.parked_key > k.key order by q.parked_key limit 1) from k where k.key is not null
      )
      select k.key from k, lateral (select * from task_queue q where q.parked_key = k.key limit 1) q
      where case split_part(k.key, ':', 1)
        when 'run' then q.max_active_tasks > (select count(*) from lease l where l.dag_run_id = q.dag_run_id)
          + (select count(*) from task_queue w where w.dag_run_id = q.dag_run_id and w.parked_key is null and (w.executor, w.pool, w.pool_slots) = (q.executor, q.pool, q.pool_slots))
        when 'task' then coalesce(q.max_active_tis_per_dag, 2147483647) > (select count(*) from lease l where l.dag_id = q.dag_id and l.task_id = q.task_id)
          + (select count(*) from task_queue w where w.dag_id = q.dag_id and w.task_id = q.task_id and w.parked_key is null)
        when 'runtask' then coalesce(q.max_active_tis_per_dagrun, 2147483647) > (select count(*) from lease l where l.dag_run_id = q.dag_run_id and l.task_id = q.task_id)
          + (select count(*) from task_queue w where w.dag_run_id = q.dag_run_id and w.task_id = q.task_id and w.parked_key is null)
        else not (select d.is_paused from dag d where d.dag_id = q.dag_id) end
      limit $1`,
    values: [params.limit],
  });
  return rows.map((row) => row.key);
}

/**
 * Tells waiting task instances that their pool can never take them: it does not exist, has no slots, or fewer than they need. Gives the pools of those that had not been told. The reason goes
 * when they are queued after all.
 */
export async function explainUnplaceable(db: Queryable, params: { limit: number }): Promise<{ pool: string; reason: string; count: number }[]> {
  return run(db, {
    text: `with told as (
        update task_instance ti set state_reason = u.reason, updated_at = now()
        from (
          select q.task_instance_id, q.pool, case
              when p.name is null then format('pool "%s" does not exist', q.pool)
              when p.slots = 0 then format('pool "%s" has no slots', q.pool)
              else format('it needs %s slots of pool "%s", which has only %s in all', q.pool_slots, q.pool, p.slots) end as reason
          from task_queue q left join pool p on p.name = q.pool
          where q.parked_key is null and (p.name is null or (p.slots >= 0 and p.slots < q.pool_slots)) limit $1
        ) u
        where ti.id = u.task_instance_id and ti.state = 'scheduled' and ti.state_reason is distinct from u.reason
        returning u.pool, u.reason
      ) select pool, reason, count(*)::int as count from told group by pool, reason`,
    values: [params.limit],
  });
}

/**
 * Waiting task instances whose executor is not one of `known`: the configuration has changed since they became ready. Those that chose none themselves go to the one of their queue, else to the
 * default one; those that chose one that is gone are told so. Uses `task_queue_dispatch`, one look per executor.
 */
export async function rerouteUnknownExecutors(
  db: Queryable,
  params: { known: readonly string[]; byQueue: Readonly<Record<string, string>>; fallback: string },
): Promise<{ rerouted: number; stranded: { executor: string; count: number }[] }> {
  const rows = await run<{ executor: string; isStranded: boolean; count: number }>(db, {
    name: "reroute_unknown_executors",
    text: `with recursive e as (
        (select executor from task_queue where parked_key is null order by executor limit 1)
        union all
        select (select q.executor from task_queue q where q.parked_key is null and q.executor > e.executor order by q.executor limit 1) from e where e.executor is not null
      ),
      lost as materialized (
        select q.task_instance_id, q.executor, q.queue, ti.executor as own, ti.state_reason from e
          join task_queue q on q.executor = e.executor and q.parked_key is null join task_instance ti on ti.id = q.task_instance_id
        where e.executor is not null and e.executor <> all($1::text[])
      ),
      moved as (
        update task_queue q set executor = coalesce($2::jsonb ->> l.queue, $3) from lost l
        where q.task_instance_id = l.task_instance_id and q.executor = l.executor and l.own is null returning l.executor
      ),
      told as (
        update task_instance ti set state_reason = r.reason, updated_at = now()
        from (select task_instance_id, executor, state_reason, format('no executor "%s" is configured; there are: %s', executor, array_to_string($1::text[], ', ')) as reason
          from lost where own is not null) r
        where ti.id = r.task_instance_id and ti.state = 'scheduled' and ti.state_reason is distinct from r.reason returning r.executor
      )
      select executor, false as "isStranded", count(*)::int as count from moved group by 1
      union all select executor, true, count(*)::int from told group by 1`,
    values: [params.known, JSON.stringify(params.byQueue), params.fallback],
  });
  const of = (isStranded: boolean) => rows.filter((row) => row.isStranded === isStranded);
  return {
    rerouted: of(false).reduce((sum, row) => sum + row.count, 0),
    stranded: of(true).map(({ executor, count }) => ({ executor, count })),
  };
}
