import type { DagRunState, DagRunType, MaybeState } from "@tradewind/core";
import { type Queryable, run } from "../../database-handle.ts";
import { type TaskInstanceRecord, taskInstanceColumns, toTaskInstance } from "../task-instance.ts";

/** A DAG, as far as it says why it has no run, or why its runs do not begin. */
export interface WhyDagRow {
  dagId: string;
  dagVersionId: number;
  isPaused: boolean;
  isDraining: boolean;
  isStale: boolean;
  hasImportErrors: boolean;
  maxActiveRuns: number;
  nextRunAt: Date | null;
  isCreationBlocked: boolean;
  /** Who paused it last. */
  pausedBy: string | null;
  pausedAt: Date | null;
  pauseReason: string | null;
  /** It was draining, and paused itself. */
  hasDrained: boolean;
  errorFile: string | null;
  errorLine: number | null;
  errorMessage: string | null;
  runningCount: number;
  queuedCount: number;
  /** Those that began first. */
  runningRuns: { runId: string; startedAt: string | null }[];
  latestRunId: string | null;
  latestState: DagRunState | null;
  latestType: DagRunType | null;
  now: Date;
}

/** Looks at so many entries of the audit log at most for who paused a DAG. */
const ENTRIES_SEEN = 200;

/** Uses the indexes of active runs, of runs by date and of audit entries by DAG. */
export async function findWhyDag(db: Queryable, params: { dagId: string; named: number; now: Date | null }): Promise<WhyDagRow | undefined> {
  const [row] = await run<WhyDagRow>(db, {
    name: "find_why_dag",
    text: `select d.dag_id as "dagId", d.dag_version_id as "dagVersionId", d.is_paused as "isPaused", d.is_draining as "isDraining", d.is_stale as "isStale", d.has_import_errors as "hasImportErrors",
        d.max_active_runs as "maxActiveRuns", d.next_run_at as "nextRunAt", d.creation_blocked as "isCreationBlocked",
        p.owner as "pausedBy", p."when" as "pausedAt", p.extra ->> 'reason' as "pauseReason", coalesce(p.event = 'drained', false) as "hasDrained",
        f.relative_path as "errorFile", e.line as "errorLine", e.message as "errorMessage",
        a.running as "runningCount", a.queued as "queuedCount", coalesce(b.runs, '[]') as "runningRuns",
        r.run_id as "latestRunId", r.state as "latestState", r.run_type as "latestType", coalesce($4::timestamptz, now()) as now
      from dag d
        left join dag_file f on f.id = d.dag_file_id
        left join import_error e on e.dag_file_id = d.dag_file_id
        left join lateral (select l.* from (select * from event_log where dag_id = d.dag_id order by id desc limit $3) l
          where d.is_paused and l.event in ('paused', 'drained', 'patch_dag') and l.extra #>> '{after,is_paused}' = 'true' order by l.id desc limit 1) p on true
        cross join lateral (select count(*) filter (where state = 'running' and run_type <> 'backfill')::int as running, count(*) filter (where state = 'queued')::int as queued
          from dag_run where dag_id = d.dag_id and state in ('queued', 'running')) a
        left join lateral (select json_agg(json_build_object('runId', s.run_id, 'startedAt', s.start_date) order by s.start_date) as runs
          from (select run_id, start_date from dag_run where dag_id = d.dag_id and state = 'running' order by start_date limit $2) s) b on true
        left join lateral (select run_id, state, run_type from dag_run where dag_id = d.dag_id order by run_after desc limit 1) r on true
      where d.dag_id = $1`,
    values: [params.dagId, params.named, ENTRIES_SEEN, params.now],
  });
  return row;
}

export interface WhyRunRow {
  id: number;
  dagId: string;
  runId: string;
  runType: DagRunType;
  dagVersionId: number;
  state: DagRunState;
  stateReason: string | null;
  logicalDate: Date | null;
  runAfter: Date;
  queuedAt: Date | null;
  startDate: Date | null;
  endDate: Date | null;
  unfinishedCount: number;
  liveCount: number;
  machineState: string | null;
}

export async function findWhyRun(db: Queryable, params: { dagId: string; runId: string }): Promise<WhyRunRow | undefined> {
  const [row] = await run<WhyRunRow>(db, {
    name: "find_why_run",
    text: `select r.id, r.dag_id as "dagId", r.run_id as "runId", r.run_type as "runType", r.dag_version_id as "dagVersionId", r.state, r.state_reason as "stateReason",
        r.logical_date as "logicalDate", r.run_after as "runAfter", r.queued_at as "queuedAt", r.start_date as "startDate", r.end_date as "endDate",
        r.unfinished_count as "unfinishedCount", r.live_count as "liveCount", r.machine_state as "machineState"
      from dag_run r where r.dag_id = $1 and r.run_id = $2`,
    values: [params.dagId, params.runId],
  });
  return row;
}

export interface WhyInstanceRow extends TaskInstanceRecord {
  stateReason: string | null;
  hostname: string | null;
  scheduledAt: Date | null;
  startedAt: Date | null;
  endedAt: Date | null;
  timerKind: "retry" | "reschedule" | "group_retry" | null;
  timerDueAt: Date | null;
  waitsForExecutor: string | null;
  leaseAttemptId: string | null;
  leaseState: "queued" | "running" | null;
  leaseExecutor: string | null;
  leaseQueue: string | null;
  leaseWorker: string | null;
  leaseQueuedAt: Date | null;
  leaseExpiresAt: Date | null;
  leaseStopReason: string | null;
  leaseRequeueCount: number | null;
}

/** All instances of a run with what is under way for each: its timer, its place in the queue, its attempt. */
export async function listWhyInstances(db: Queryable, params: { dagRunId: number }): Promise<WhyInstanceRow[]> {
  type Row = Parameters<typeof toTaskInstance>[0] & Omit<WhyInstanceRow, keyof TaskInstanceRecord>;
  const rows = await run<Row>(db, {
    name: "list_why_instances",
    text: `select ${taskInstanceColumns}, ti.state_reason as "stateReason", ti.hostname, ti.scheduled_when as "scheduledAt", ti.start_date as "startedAt", ti.end_date as "endedAt",
        t.kind as "timerKind", t.due_at as "timerDueAt", q.executor as "waitsForExecutor",
        l.attempt_id as "leaseAttemptId", l.state as "leaseState", l.executor as "leaseExecutor", l.queue as "leaseQueue", coalesce(h.name, h.hostname, l.host_id) as "leaseWorker",
        l.queued_at as "leaseQueuedAt", l.expires_at as "leaseExpiresAt", l.stop_reason as "leaseStopReason", l.requeue_count as "leaseRequeueCount"
      from task_instance ti
        left join task_timer t on t.task_instance_id = ti.id
        left join task_queue q on q.task_instance_id = ti.id
        left join lease l on l.task_instance_id = ti.id
        left join runner_host h on h.host_id = l.host_id
      where ti.dag_run_id = $1`,
    values: [params.dagRunId],
  });
  return rows.map(toTaskInstance);
}

export interface WhySystemRow {
  /** Attempts of each living scheduler. */
  schedulers: number[];
  lastHeartbeatAt: Date | null;
  now: Date;
  /** Live attempts by executor. */
  live: Record<string, number>;
}

/** Schedulers and what they have under way, from the small tables of live work. */
export async function findWhySystem(db: Queryable, params: { silentMs: number; now: Date | null }): Promise<WhySystemRow> {
  const [row] = await run<WhySystemRow>(db, {
    name: "find_why_system",
    text: `select t.now,
        coalesce((select json_agg((select count(*)::int from lease l where l.scheduler_id = j.id)) from job j
          where j.job_type = 'SchedulerJob' and j.state = 'running' and j.latest_heartbeat > t.now - $1::double precision * interval '1 millisecond'), '[]') as schedulers,
        (select max(j.latest_heartbeat) from job j where j.job_type = 'SchedulerJob') as "lastHeartbeatAt",
        coalesce((select json_object_agg(s.executor, s.live) from (select executor, count(*)::int as live from lease group by executor) s), '{}') as live
      from (select coalesce($2::timestamptz, now()) as now) t`,
    values: [params.silentMs, params.now],
  });
  return row!;
}

export interface WhyWorkerRow {
  name: string;
  executor: string;
  queues: string[] | null;
  slots: number;
  running: number;
  state: "running" | "draining" | "drained" | "offline";
  lastHeartbeatAt: Date;
}

/** Workers of these executors, the one heard of last first. */
export async function listWhyWorkers(
  db: Queryable,
  params: { executors: readonly string[]; offlineMs: number; limit: number; now: Date | null },
): Promise<WhyWorkerRow[]> {
  if (params.executors.length === 0) return [];
  return run(db, {
    name: "list_why_workers",
    text: `select coalesce(h.name, h.host_id) as name, h.executor, h.queues, h.slots, (select count(*)::int from lease l where l.host_id = h.host_id and l.state = 'running') as running,
        case when h.state = 'stopped' or h.last_heartbeat_at < coalesce($4::timestamptz, now()) - $2::double precision * interval '1 millisecond' then 'offline' else h.state end as state, h.last_heartbeat_at as "lastHeartbeatAt"
      from runner_host h where h.executor = any($1::text[]) order by h.last_heartbeat_at desc limit $3`,
    values: [params.executors, params.offlineMs, params.limit, params.now],
  });
}

export interface WhyPoolRow {
  name: string;
  slots: number;
  includeDeferred: boolean;
  occupiedSlots: number;
  holderCount: number;
  /** Who has held slots longest. */
  holders: { dagId: string; runId: string; taskId: string; mapIndex: number; state: MaybeState }[];
}

/** Pools of these names, those that exist, and who holds their slots. */
export async function listWhyPools(db: Queryable, params: { names: readonly string[]; named: number }): Promise<WhyPoolRow[]> {
  if (params.names.length === 0) return [];
  return run(db, {
    name: "list_why_pools",
    text: `select p.name, p.slots, p.include_deferred as "includeDeferred", coalesce(u.slots, 0)::int as "occupiedSlots", coalesce(u.holders, 0)::int as "holderCount",
        coalesce(h.holders, '[]') as holders
      from pool p
        left join lateral (select sum(l.pool_slots) as slots, count(*) as holders from lease l where l.pool = p.name) u on true
        left join lateral (select json_agg(json_build_object('dagId', s.dag_id, 'runId', s.run_id, 'taskId', s.task_id, 'mapIndex', s.map_index, 'state', s.state)) as holders
          from (select l.dag_id, r.run_id, l.task_id, l.map_index, l.state from lease l join dag_run r on r.id = l.dag_run_id
            where l.pool = p.name order by l.queued_at limit $2) s) h on true
      where p.name = any($1::text[])`,
    values: [params.names, params.named],
  });
}

/** Live attempts of tasks over all runs of a DAG. */
export async function countLiveOfTasks(db: Queryable, params: { dagId: string; taskIds: readonly string[] }): Promise<Map<string, number>> {
  if (params.taskIds.length === 0) return new Map();
  const rows = await run<{ taskId: string; live: number }>(db, {
    name: "count_live_of_tasks",
    text: `select task_id as "taskId", count(*)::int as live from lease where dag_id = $1 and task_id = any($2::text[]) group by task_id`,
    values: [params.dagId, params.taskIds],
  });
  return new Map(rows.map((row) => [row.taskId, row.live]));
}

export interface UnsuccessfulInstance {
  runId: string;
  dagRunId: number;
  taskId: string;
  /** Null: the task has none in that run that did not succeed. */
  mapIndex: number | null;
  state: MaybeState;
}

/** Instances of these tasks in those runs that did not succeed and were not skipped; of a run without any, one row that names the run alone. */
export async function listUnsuccessful(
  db: Queryable,
  params: { tasks: readonly { dagRunId: number; taskId: string }[]; limit: number },
): Promise<UnsuccessfulInstance[]> {
  if (params.tasks.length === 0) return [];
  return run(db, {
    name: "list_unsuccessful",
    text: `select r.run_id as "runId", r.id as "dagRunId", v.task_id as "taskId", ti.map_index as "mapIndex", ti.state
      from unnest($1::bigint[], $2::text[]) as v (dag_run_id, task_id) join dag_run r on r.id = v.dag_run_id
        left join lateral (select i.map_index, i.state from task_instance i where i.dag_run_id = v.dag_run_id and i.task_id = v.task_id
          and (i.state is null or i.state not in ('success', 'skipped')) order by i.map_index limit $3) ti on true`,
    values: [params.tasks.map((task) => task.dagRunId), params.tasks.map((task) => task.taskId), params.limit],
  });
}
