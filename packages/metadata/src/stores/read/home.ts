import type { DagRunState, DagRunType } from "@tradewind/core";
import { type Queryable, run } from "../../database-handle.ts";

/** What is looked at: null: everything; else what belongs to these DAGs. */
export type DagScope = readonly string[] | null;

/** How much there is of everything that is alive: from small tables and partial indexes. */
export interface LiveCounts {
  runningRuns: number;
  queuedRuns: number;
  runningTasks: number;
  queuedTasks: number;
  scheduledTasks: number;
  activeDags: number;
  pausedDags: number;
  now: Date;
}

export async function countLive(db: Queryable, params: { dagIds: DagScope }): Promise<LiveCounts> {
  const [row] = await run<LiveCounts>(db, {
    name: "count_live",
    text: `select r.*, l.*, (select count(*)::int from task_queue where $1::text[] is null or dag_id = any($1::text[])) as "scheduledTasks", d.*, now() as now
      from (select count(*) filter (where state = 'running')::int as "runningRuns", count(*) filter (where state = 'queued')::int as "queuedRuns"
          from dag_run where state in ('queued', 'running') and ($1::text[] is null or dag_id = any($1::text[]))) r,
        (select count(*) filter (where state = 'running')::int as "runningTasks", count(*) filter (where state = 'queued')::int as "queuedTasks"
          from lease where $1::text[] is null or dag_id = any($1::text[])) l,
        (select count(*) filter (where not is_paused)::int as "activeDags", count(*) filter (where is_paused)::int as "pausedDags"
          from dag where not is_stale and ($1::text[] is null or dag_id = any($1::text[]))) d`,
    values: [params.dagIds],
  });
  return row!;
}

/** A DAG whose latest run that has ended failed, and when. */
export interface FailingDag {
  dagId: string;
  runId: string;
  endDate: Date;
  /** Failed runs since `since`. */
  failures: number;
  taskId: string | null;
  mapIndex: number | null;
  reason: string | null;
  total: number;
}

/** DAGs the latest run of which failed since an instant; the one that failed last before the others. Uses the runs by their start. */
export async function listFailingDags(db: Queryable, params: { dagIds: DagScope; since: Date; limit: number }): Promise<FailingDag[]> {
  return run(db, {
    name: "list_failing_dags",
    text: `with ended as materialized (
        select r.id, r.dag_id, r.run_id, r.state, r.state_reason, r.end_date, r.run_after from dag_run r
        where r.start_date >= $1::timestamptz and r.state in ('success', 'failed') and r.end_date is not null and ($3::text[] is null or r.dag_id = any($3::text[]))
      ),
      latest as (select distinct on (dag_id) * from ended order by dag_id, run_after desc, id desc),
      failing as (
        select l.*, count(*) over () as total from latest l join dag d on d.dag_id = l.dag_id and not d.is_stale where l.state = 'failed' order by l.end_date desc limit $2
      )
      select f.dag_id as "dagId", f.run_id as "runId", f.end_date as "endDate", (select count(*)::int from ended e where e.dag_id = f.dag_id and e.state = 'failed') as failures,
        t.task_id as "taskId", t.map_index as "mapIndex", coalesce(t.state_reason, f.state_reason) as reason, f.total::int as total
      from failing f left join lateral (
        select ti.task_id, ti.map_index, ti.state_reason from task_instance ti where ti.dag_run_id = f.id and ti.state = 'failed' order by ti.end_date, ti.id limit 1
      ) t on true
      order by f.end_date desc`,
    values: [params.since, params.limit, params.dagIds],
  });
}

export interface LateDag {
  dagId: string;
  nextRunAt: Date;
  /** As many runs as it may have are under way. */
  isBlocked: boolean;
  total: number;
}

/** DAGs whose next run should have been made. */
export async function listLateDags(db: Queryable, params: { dagIds: DagScope; lateMs: number; limit: number }): Promise<LateDag[]> {
  return run(db, {
    name: "list_late_dags",
    text: `select dag_id as "dagId", next_run_at as "nextRunAt", creation_blocked as "isBlocked", (count(*) over ())::int as total from dag
      where next_run_at < now() - $1::double precision * interval '1 millisecond' and not is_paused and not is_draining and not is_stale and not has_import_errors and ($3::text[] is null or dag_id = any($3::text[]))
      order by next_run_at limit $2`,
    values: [params.lateMs, params.limit, params.dagIds],
  });
}

/** Task instances that wait for the same thing, and the one that has waited longest. */
export interface StuckTasks {
  /** `queued`: given to an executor, and not begun. `scheduled`: not given to one. */
  state: "queued" | "scheduled";
  /** The executor; of `scheduled` ones the pool. */
  place: string;
  queue: string | null;
  count: number;
  since: Date;
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

/** What has waited for longer than usual. What belongs to paused DAGs waits because somebody wants it to, and what a limit of its own run or task holds back goes on by itself. */
export async function listStuckTasks(
  db: Queryable,
  params: { dagIds: DagScope; queuedMs: number; scheduledMs: number; limit: number },
): Promise<StuckTasks[]> {
  return run(db, {
    name: "list_stuck_tasks",
    text: `with queued as (
        select executor, queue, count(*)::int as count, min(queued_at) as since, (array_agg(task_instance_id order by queued_at))[1] as oldest from lease
        where state = 'queued' and queued_at < now() - $1::double precision * interval '1 millisecond' and ($4::text[] is null or dag_id = any($4::text[])) group by 1, 2
      ),
      scheduled as (
        select pool, count(*)::int as count, min(created_at) as since, (array_agg(task_instance_id order by created_at))[1] as oldest from task_queue
        where parked_key is null and created_at < now() - $2::double precision * interval '1 millisecond' and ($4::text[] is null or dag_id = any($4::text[])) group by 1
      ),
      stuck as (
        select 'queued' as state, executor as place, queue, count, since, oldest from queued union all select 'scheduled', pool, null, count, since, oldest from scheduled
      )
      select s.state, s.place, s.queue, s.count, s.since, ti.dag_id as "dagId", r.run_id as "runId", ti.task_id as "taskId", ti.map_index as "mapIndex"
      from stuck s join task_instance ti on ti.id = s.oldest join dag_run r on r.id = ti.dag_run_id order by s.since limit $3`,
    values: [params.queuedMs, params.scheduledMs, params.limit, params.dagIds],
  });
}

export interface SwitchedOffDag {
  dagId: string;
  at: Date;
  reason: string | null;
}

/** How many entries of the audit log are looked at for who paused a DAG. */
const ENTRIES_SEEN = 50;

/** DAGs that the scheduler paused because they failed too often in a row. */
export async function listDagsPausedByFailures(db: Queryable, params: { dagIds: DagScope; limit: number }): Promise<SwitchedOffDag[]> {
  return run(db, {
    name: "list_dags_paused_by_failures",
    text: `select d.dag_id as "dagId", p."when" as at, p.extra ->> 'reason' as reason
      from (select dag_id from dag where is_paused and not is_stale and max_consecutive_failed_dag_runs > 0 and ($3::text[] is null or dag_id = any($3::text[])) limit 500) d,
        lateral (select e.event, e."when", e.extra from (select * from event_log where dag_id = d.dag_id order by id desc limit $2) e
          where e.event in ('paused', 'drained', 'patch_dag') and e.extra #>> '{after,is_paused}' is not null order by e.id desc limit 1) p
      where p.event = 'paused' order by p."when" desc limit $1`,
    values: [params.limit, ENTRIES_SEEN, params.dagIds],
  });
}

export interface HomeRun {
  dagId: string;
  runId: string;
  runType: DagRunType;
  state: DagRunState;
  startDate: Date;
  endDate: Date | null;
}

export interface RunningRun extends HomeRun {
  total: number;
  unfinished: number;
  failed: number;
}

/** Runs that are running, the latest first, and how far they are. */
export async function listRunningRuns(db: Queryable, params: { dagIds: DagScope; limit: number }): Promise<RunningRun[]> {
  return run(db, {
    name: "list_running_runs",
    text: `select r.dag_id as "dagId", r.run_id as "runId", r.run_type as "runType", r.state, r.start_date as "startDate", r.end_date as "endDate", t.*
      from (select * from dag_run where state = 'running' and ($2::text[] is null or dag_id = any($2::text[])) order by start_date desc limit $1) r,
        lateral (select count(*)::int as total, count(*) filter (where state is null or state not in ('success', 'failed', 'skipped', 'upstream_failed', 'removed'))::int as unfinished,
          count(*) filter (where state in ('failed', 'upstream_failed'))::int as failed from task_instance where dag_run_id = r.id) t
      order by r.start_date desc`,
    values: [params.limit, params.dagIds],
  });
}

/** Runs that began last and have ended. Uses the runs by their start. */
export async function listRecentRuns(db: Queryable, params: { dagIds: DagScope; limit: number }): Promise<HomeRun[]> {
  return run(db, {
    name: "list_recent_runs",
    text: `select dag_id as "dagId", run_id as "runId", run_type as "runType", state, start_date as "startDate", end_date as "endDate" from dag_run
      where start_date is not null and state in ('success', 'failed') and ($2::text[] is null or dag_id = any($2::text[])) order by start_date desc nulls last, id desc limit $1`,
    values: [params.limit, params.dagIds],
  });
}

export interface RunBar {
  /** From 0. */
  place: number;
  success: number;
  failed: number;
  running: number;
}

/** Runs that began since an instant, counted by spans of time. */
export async function countRunsBySpan(db: Queryable, params: { dagIds: DagScope; since: Date; spanMs: number }): Promise<RunBar[]> {
  return run(db, {
    name: "count_runs_by_span",
    text: `select floor(extract(epoch from start_date - $1::timestamptz) * 1000 / $2::double precision)::int as place, count(*) filter (where state = 'success')::int as success,
        count(*) filter (where state = 'failed')::int as failed, count(*) filter (where state in ('queued', 'running'))::int as running
      from dag_run where start_date >= $1::timestamptz and ($3::text[] is null or dag_id = any($3::text[])) group by 1 order by 1`,
    values: [params.since, params.spanMs, params.dagIds],
  });
}

/** Workers of an executor, and their places. */
export interface ExecutorLoad {
  executor: string;
  workers: number;
  draining: number;
  offline: number;
  slots: number;
  running: number;
}

export async function listExecutorLoads(db: Queryable, params: { offlineSeconds: number }): Promise<ExecutorLoad[]> {
  return run(db, {
    name: "list_executor_loads",
    text: `select h.executor, count(*) filter (where h.alive and h.state = 'running')::int as workers, count(*) filter (where h.alive and h.state in ('draining', 'drained'))::int as draining,
        count(*) filter (where not h.alive)::int as offline, coalesce(sum(h.slots) filter (where h.alive and h.state = 'running'), 0)::int as slots,
        (select count(*)::int from lease l where l.executor = h.executor and l.state = 'running') as running
      from (select executor, slots, state, last_heartbeat_at >= now() - make_interval(secs => $1) as alive from runner_host where state <> 'stopped') h
      group by h.executor order by h.executor`,
    values: [params.offlineSeconds],
  });
}

export interface TightPool {
  name: string;
  slots: number;
  used: number;
  /** Slots that what is ready asks for. */
  waiting: number;
}

/** Pools with few slots left, or with more asked of them than they have. */
export async function listTightPools(db: Queryable, params: { usedShare: number; limit: number }): Promise<TightPool[]> {
  return run(db, {
    name: "list_tight_pools",
    text: `select p.name, p.slots, coalesce(l.used, 0)::int as used, coalesce(q.waiting, 0)::int as waiting
      from pool p
        left join (select pool, sum(pool_slots) as used from lease group by pool) l on l.pool = p.name
        left join (select pool, sum(pool_slots) as waiting from task_queue where parked_key is null group by pool) q on q.pool = p.name
      where p.slots >= 0 and (coalesce(l.used, 0) >= p.slots * $1::double precision and (l.used > 0 or q.waiting > 0))
      order by coalesce(q.waiting, 0) desc, coalesce(l.used, 0)::double precision / greatest(p.slots, 1) desc, p.name limit $2`,
    values: [params.usedShare, params.limit],
  });
}

export interface ImportErrorNote {
  id: number;
  relativePath: string;
  line: number | null;
  message: string;
  timestamp: Date;
  total: number;
}

export async function listNewestImportErrors(db: Queryable, params: { limit: number }): Promise<ImportErrorNote[]> {
  return run(db, {
    name: "list_newest_import_errors",
    text: `select e.id, f.relative_path as "relativePath", e.line, e.message, e.timestamp, (count(*) over ())::int as total
      from import_error e join dag_file f on f.id = e.dag_file_id order by e.timestamp desc, e.id limit $1`,
    values: [params.limit],
  });
}
