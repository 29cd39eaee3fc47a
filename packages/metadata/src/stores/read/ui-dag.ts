import type { DagRunState, DagRunType, TaskInstanceState } from "@tradewind/core";
import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { select, selectOne } from "./list-query.ts";

export interface RunCountRow {
  /** The beginning of the day or hour on the wall clock of the zone: `2026-11-21T00:00`. */
  startsAt: string;
  state: DagRunState;
  runs: number;
}

/** The runs of a DAG counted by day or hour, in a zone that PostgreSQL knows, and by state. A run belongs to the time after which it may run. */
export async function countDagRunsByTime(
  db: Queryable,
  { dagId, from, to, unit, zone }: { dagId: string; from: Date; to: Date; unit: "day" | "hour"; zone: string },
): Promise<RunCountRow[]> {
  return select(
    db,
    sql`select to_char(date_trunc(${unit}, run_after at time zone ${zone}), 'YYYY-MM-DD"T"HH24:MI') as "startsAt", state, count(*)::int as runs
      from dag_run where dag_id = ${dagId} and run_after >= ${from} and run_after < ${to}
      group by 1, 2 order by 1, 2`,
  );
}

export interface VersionUseRow {
  versionNumber: number;
  createdAt: Date;
  bundleSha256: string;
  relativePath: string;
  runs: number;
  firstRunAfter: Date | null;
  lastRunAfter: Date | null;
  lastRunId: string | null;
}

/** The versions of a DAG, newest first, and which runs are of each. */
export async function listVersionUse(db: Queryable, { dagId }: { dagId: string }): Promise<VersionUseRow[]> {
  return select(
    db,
    sql`select v.version_number as "versionNumber", v.created_at as "createdAt", v.bundle_sha256 as "bundleSha256", v.relative_path as "relativePath",
        coalesce(used.runs, 0) as runs, used.first as "firstRunAfter", used.last as "lastRunAfter", used.last_run_id as "lastRunId"
      from dag_version v
      left join (
        select dag_version_id, count(*)::int as runs, min(run_after) as first, max(run_after) as last, (array_agg(run_id order by run_after desc, id desc))[1] as last_run_id
        from dag_run where dag_id = ${dagId} group by dag_version_id
      ) as used on used.dag_version_id = v.id
      where v.dag_id = ${dagId} order by v.version_number desc`,
  );
}

/** What a version of a DAG is: the text of its file, and its spec as JSON. */
export async function findVersionContent(
  db: Queryable,
  { dagId, versionNumber }: { dagId: string; versionNumber: number },
): Promise<{ source: string; spec: string; relativePath: string } | undefined> {
  return selectOne(
    db,
    sql`select source, spec, relative_path as "relativePath" from dag_version where dag_id = ${dagId} and version_number = ${versionNumber}`,
  );
}

export interface RunTimesRow {
  runId: string;
  runType: DagRunType;
  state: DagRunState;
  runAfter: Date;
  dataIntervalEnd: Date | null;
  startDate: Date | null;
  endDate: Date | null;
}

/** The latest runs of a DAG, newest first: when each could begin, began and ended. */
export async function listRunTimes(db: Queryable, { dagId, runs }: { dagId: string; runs: number }): Promise<RunTimesRow[]> {
  return select(
    db,
    sql`select run_id as "runId", run_type as "runType", state, run_after as "runAfter", data_interval_end as "dataIntervalEnd", start_date as "startDate", end_date as "endDate"
      from dag_run where dag_id = ${dagId} order by run_after desc, id desc limit ${runs}`,
  );
}

export interface TaskDurationRow {
  taskId: string;
  /** Ended instances that were counted. */
  instances: number;
  failed: number;
  medianSeconds: number;
  p95Seconds: number;
  longestSeconds: number;
  totalSeconds: number;
  medianWaitSeconds: number;
}

/** How long the tasks of a DAG took in its latest runs. */
export async function listTaskDurations(db: Queryable, { dagId, runs }: { dagId: string; runs: number }): Promise<TaskDurationRow[]> {
  return select(
    db,
    sql`select t.task_id as "taskId", count(*)::int as instances, (count(*) filter (where t.state = 'failed'))::int as failed,
        percentile_cont(0.5) within group (order by t.duration) as "medianSeconds", percentile_cont(0.95) within group (order by t.duration) as "p95Seconds",
        max(t.duration) as "longestSeconds", sum(t.duration) as "totalSeconds",
        greatest(0, percentile_cont(0.5) within group (order by extract(epoch from t.start_date - t.scheduled_when)::float8)) as "medianWaitSeconds"
      from (select id from dag_run where dag_id = ${dagId} order by run_after desc, id desc limit ${runs}) as r
      join task_instance t on t.dag_run_id = r.id
      where t.duration is not null and t.state in ('success', 'failed')
      group by t.task_id order by sum(t.duration) desc, t.task_id`,
  );
}

export interface TaskRunRow {
  runId: string;
  runAfter: Date;
  runType: DagRunType;
  /** Of one of the instances that asks most for attention. */
  state: TaskInstanceState | null;
  instances: number;
  startDate: Date;
  endDate: Date | null;
  /** Of the longest instance. */
  longestSeconds: number;
}

/** A task in the latest runs of its DAG, newest first: those in which it has started. */
export async function listTaskRuns(db: Queryable, { dagId, taskId, runs }: { dagId: string; taskId: string; runs: number }): Promise<TaskRunRow[]> {
  return select(
    db,
    sql`select r.run_id as "runId", r.run_after as "runAfter", r.run_type as "runType", count(*)::int as instances, min(t.start_date) as "startDate",
        case when bool_and(t.end_date is not null) then max(t.end_date) end as "endDate", max(t.duration) as "longestSeconds",
        case when bool_or(t.state = 'failed') then 'failed' when bool_or(t.state = 'running') then 'running' else max(t.state) end as state
      from (select id, run_id, run_after, run_type from dag_run where dag_id = ${dagId} order by run_after desc, id desc limit ${runs}) as r
      join task_instance t on t.dag_run_id = r.id and t.task_id = ${taskId}
      where t.start_date is not null and t.duration is not null
      group by r.id, r.run_id, r.run_after, r.run_type order by r.run_after desc, r.id desc`,
  );
}

/** The version that a run was made with, and what its number in the database is. */
export async function findRunSpec(
  db: Queryable,
  { dagId, runId }: { dagId: string; runId: string },
): Promise<{ dagRunId: number; spec: string; versionNumber: number } | undefined> {
  return selectOne(
    db,
    sql`select r.id as "dagRunId", v.spec, v.version_number as "versionNumber" from dag_run r join dag_version v on v.id = r.dag_version_id
      where r.dag_id = ${dagId} and r.run_id = ${runId}`,
  );
}

/** The states of all instances of some tasks in a run, counted. */
export async function countTaskStates(
  db: Queryable,
  { dagRunId, taskIds }: { dagRunId: number; taskIds: readonly string[] },
): Promise<{ taskId: string; state: TaskInstanceState | null; instances: number }[]> {
  return select(
    db,
    sql`select task_id as "taskId", state, count(*)::int as instances from task_instance
      where dag_run_id = ${dagRunId} and task_id = any(${taskIds}::text[]) group by task_id, state order by task_id, state`,
  );
}
