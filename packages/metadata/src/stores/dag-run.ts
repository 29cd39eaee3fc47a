import type { DagRunState, DagRunType } from "@tradewind/core";
import { type Queryable, run, type Transaction } from "../database-handle.ts";

/**
 * A run whose row this transaction has locked. The lock is the mutex of everything inside the run but dispatch and start: whoever changes an upstream counter, ends or resets a
 * task instance, or decides about the run holds it.
 */
export interface LockedDagRun {
  id: number;
  dagId: string;
  runId: string;
  runType: DagRunType;
  dagVersionId: number;
  state: DagRunState;
  logicalDate: Date | null;
  runAfter: Date;
  startDate: Date | null;
  queuedAt: Date | null;
  unfinishedCount: number;
  liveCount: number;
  /** Tasks that an instance of a later run waits for; null: none. */
  awaitedTasks: string[] | null;
  /** JSON text of what decisions about the run remember beside the states of its instances; null: nothing. */
  machineState: string | null;
  /** Of the DAG, as it was when the lock was taken; not locked itself. */
  isPaused: boolean;
  /** The transaction's time, or the given one. */
  now: Date;
}

const lockedColumns = `r.id, r.dag_id as "dagId", r.run_id as "runId", r.run_type as "runType", r.dag_version_id as "dagVersionId", r.state,
  r.logical_date as "logicalDate", r.run_after as "runAfter", r.start_date as "startDate", r.queued_at as "queuedAt",
  r.unfinished_count as "unfinishedCount", r.live_count as "liveCount", r.awaited_tasks as "awaitedTasks", r.machine_state as "machineState",
  (select d.is_paused from dag d where d.dag_id = r.dag_id) as "isPaused"`;

/** Stored in the row itself, or not much larger. */
const CHEAP_CONF_BYTES = 4_096;

/** `conf`: null when it is large. */
export type RunOfAttempts = LockedDagRun & Omit<DagRunContext, "conf"> & { conf: string | null };

/** Locks runs, lowest id first. Ids without a run are left out of the answer. */
export async function lockDagRuns(tx: Transaction, params: { dagRunIds: readonly number[]; now: Date | null }): Promise<LockedDagRun[]> {
  return run<LockedDagRun>(tx, {
    name: "lock_dag_runs",
    text: `select ${lockedColumns}, coalesce($2::timestamptz, now()) as now
      from dag_run r where r.id = any($1::bigint[]) order by r.id for no key update of r`,
    values: [params.dagRunIds, params.now],
  });
}

/**
 * Locks the runs of attempts that hold a lease, lowest id first. Which attempts these are may change while it waits for a lock: read them again (`listAttempts`) in a
 * later statement. They come with what a grant tells of them, since what follows an end is most often an attempt of the same run; but not with a conf that is dear to read, which many ends
 * have no use for.
 */
export async function lockDagRunsOfAttempts(tx: Transaction, params: { attemptIds: readonly string[]; now: Date | null }): Promise<RunOfAttempts[]> {
  return run<RunOfAttempts>(tx, {
    name: "lock_dag_runs_of_attempts",
    text: `select ${lockedColumns}, r.data_interval_start as "dataIntervalStart", r.data_interval_end as "dataIntervalEnd",
        case when octet_length(r.conf) <= ${CHEAP_CONF_BYTES} then r.conf end as conf, coalesce($2::timestamptz, now()) as now
      from dag_run r where r.id = any(array(select l.dag_run_id from lease l where l.attempt_id = any($1::uuid[]))) order by r.id for no key update of r`,
    values: [params.attemptIds, params.now],
  });
}

export interface NewDagRun {
  id: number;
  dagId: string;
  runId: string;
  dagVersionId: number;
  runType: DagRunType;
  state: DagRunState;
  logicalDate: Date | null;
  dataIntervalStart: Date | null;
  dataIntervalEnd: Date | null;
  runAfter: Date;
  queuedAt: Date;
  startDate: Date | null;
  /** Of a run that ended as it was made: nothing in it had to be executed. */
  endDate: Date | null;
  stateReason: string | null;
  timeoutAt: Date | null;
  conf: string;
  note: string | null;
  triggeredBy: string;
  triggeringUserName: string | null;
  unfinishedCount: number;
  liveCount: number;
}

/**
 * Numbers for rows that are about to be inserted, so that a run and everything in it can be worked out in memory and written in one go. Unused numbers are lost, which harms
 * nobody.
 */
export async function reserveIds(
  tx: Queryable,
  params: { dagRuns: number; taskInstances: number },
): Promise<{ dagRunIds: number[]; taskInstanceIds: number[] }> {
  const rows = await run<{ ofRun: boolean; id: number }>(tx, {
    name: "reserve_ids",
    // Asked for the sequences once: that costs more than a hundred numbers of them.
    text: `with s as materialized (select pg_get_serial_sequence('dag_run', 'id')::regclass as runs, pg_get_serial_sequence('task_instance', 'id')::regclass as instances)
      select true as "ofRun", nextval(s.runs) as id from s, generate_series(1, $1::int)
      union all select false, nextval(s.instances) from s, generate_series(1, $2::int)`,
    values: [params.dagRuns, params.taskInstances],
  });
  const idsOf = (ofRun: boolean): number[] => rows.filter((row) => row.ofRun === ofRun).map((row) => row.id);
  return { dagRunIds: idsOf(true), taskInstanceIds: idsOf(false) };
}

/** @throws a unique violation on `dag_run_dag_id_run_id_key` or `dag_run_logical_date` when there is such a run already. */
export async function insertDagRuns(tx: Transaction, runs: readonly NewDagRun[]): Promise<void> {
  const column = <K extends keyof NewDagRun>(key: K): NewDagRun[K][] => runs.map((item) => item[key]);
  await run(tx, {
    name: "insert_dag_runs",
    text: `insert into dag_run (id, dag_id, run_id, dag_version_id, run_type, state, logical_date, data_interval_start, data_interval_end, run_after, queued_at, start_date,
        end_date, state_reason, timeout_at, conf, note, triggered_by, triggering_user_name, unfinished_count, live_count)
      overriding system value
      select * from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[],
        $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::timestamptz[], $16::text[], $17::text[], $18::text[], $19::text[], $20::int[], $21::int[])`,
    values: [
      column("id"),
      column("dagId"),
      column("runId"),
      column("dagVersionId"),
      column("runType"),
      column("state"),
      column("logicalDate"),
      column("dataIntervalStart"),
      column("dataIntervalEnd"),
      column("runAfter"),
      column("queuedAt"),
      column("startDate"),
      column("endDate"),
      column("stateReason"),
      column("timeoutAt"),
      column("conf"),
      column("note"),
      column("triggeredBy"),
      column("triggeringUserName"),
      column("unfinishedCount"),
      column("liveCount"),
    ],
  });
}

export interface DagRunChange {
  id: number;
  unfinishedCount: number;
  liveCount: number;
  state: DagRunState;
  stateReason: string | null;
  queuedAt: Date | null;
  startDate: Date | null;
  endDate: Date | null;
  timeoutAt: Date | null;
}

/** Counters only: by far the most frequent change. The caller holds the runs' locks. */
export async function writeDagRunCounts(
  tx: Transaction,
  changes: readonly Pick<DagRunChange, "id" | "unfinishedCount" | "liveCount">[],
): Promise<void> {
  if (changes.length === 0) return;
  await run(tx, {
    name: "write_dag_run_counts",
    text: `update dag_run r set unfinished_count = v.unfinished_count, live_count = v.live_count
      from unnest($1::bigint[], $2::int[], $3::int[]) as v (id, unfinished_count, live_count) where r.id = v.id`,
    values: [changes.map((item) => item.id), changes.map((item) => item.unfinishedCount), changes.map((item) => item.liveCount)],
  });
}

/** The caller holds the runs' locks. */
export async function writeMachineStates(tx: Transaction, changes: readonly { id: number; machineState: string | null }[]): Promise<void> {
  if (changes.length === 0) return;
  await run(tx, {
    name: "write_machine_states",
    text: `update dag_run r set machine_state = v.machine_state from unnest($1::bigint[], $2::text[]) as v (id, machine_state) where r.id = v.id`,
    values: [changes.map((item) => item.id), changes.map((item) => item.machineState)],
  });
}

/** State and counters. The caller holds the runs' locks. */
export async function writeDagRuns(tx: Transaction, changes: readonly DagRunChange[]): Promise<void> {
  if (changes.length === 0) return;
  const column = <K extends keyof DagRunChange>(key: K): DagRunChange[K][] => changes.map((item) => item[key]);
  await run(tx, {
    name: "write_dag_runs",
    text: `update dag_run r set unfinished_count = v.unfinished_count, live_count = v.live_count, state = v.state, state_reason = v.state_reason, queued_at = v.queued_at,
        start_date = v.start_date, end_date = v.end_date, timeout_at = v.timeout_at
      from unnest($1::bigint[], $2::int[], $3::int[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[])
        as v (id, unfinished_count, live_count, state, state_reason, queued_at, start_date, end_date, timeout_at)
      where r.id = v.id`,
    values: [
      column("id"),
      column("unfinishedCount"),
      column("liveCount"),
      column("state"),
      column("stateReason"),
      column("queuedAt"),
      column("startDate"),
      column("endDate"),
      column("timeoutAt"),
    ],
  });
}

/** Runs per DAG that count against its limit: all but backfills. Uses `dag_run_active`. */
export async function countActiveDagRuns(
  tx: Queryable,
  params: { dagIds: readonly string[] },
): Promise<Map<string, { running: number; queued: number }>> {
  const rows = await run<{ dagId: string; running: number; queued: number }>(tx, {
    name: "count_active_dag_runs",
    // One look at both states: for those of one alone the planner may take the index of all queued runs, when by its statistics there are none.
    text: `select d.dag_id as "dagId", c.* from unnest($1::text[]) as d (dag_id), lateral (
        select count(*) filter (where r.state = 'running') as running, count(*) filter (where r.state = 'queued') as queued
        from dag_run r where r.dag_id = d.dag_id and r.state in ('queued', 'running') and r.run_type <> 'backfill') c`,
    values: [params.dagIds],
  });
  return new Map(rows.map(({ dagId, running, queued }) => [dagId, { running, queued }]));
}

/**
 * Queued runs of DAGs that may start, oldest first, at most `room` of each DAG. One that another transaction holds (being cleared or deleted) is left out: waiting for it here, with the DAG
 * locked, could deadlock. It keeps its place, since a later run may depend on it; whoever held it wakes for `runs` afterwards. Uses `dag_run_active`.
 */
export async function lockQueuedDagRuns(
  tx: Transaction,
  params: { dags: readonly { dagId: string; room: number }[]; now: Date | null },
): Promise<LockedDagRun[]> {
  const rows = await run<LockedDagRun>(tx, {
    name: "lock_queued_dag_runs",
    // Statistics may be of a time when no run was queued: with the state as a constant, the planner looks through the queued runs of all DAGs for each of them.
    text: `select c.* from unnest($1::text[], $2::int[], $4::text[]) as d (dag_id, room, state),
      lateral (select ${lockedColumns}, coalesce($3::timestamptz, now()) as now from dag_run r
        where r.id = any(array(select o.id from dag_run o where o.dag_id = d.dag_id and o.state = d.state and o.state in ('queued', 'running')
            and o.run_after <= coalesce($3::timestamptz, now()) order by o.run_after, o.id limit d.room))
        order by r.run_after, r.id for no key update of r skip locked) c`,
    values: [params.dags.map((dag) => dag.dagId), params.dags.map((dag) => dag.room), params.now, params.dags.map(() => "queued")],
  });
  // As the rows are under their locks: one that was started or cleared since it was chosen is none of them.
  return rows.filter((row) => row.state === "queued");
}

/** DAGs, not paused, that have a queued run whose time has come and fewer running ones than they may have; at most `limit`. Uses `dag_run_to_start`. */
export async function listDagsWithStartableRuns(db: Queryable, params: { limit: number; now: Date | null }): Promise<string[]> {
  const rows = await run<{ dagId: string }>(db, {
    name: "list_dags_with_startable_runs",
    text: `select d.dag_id as "dagId" from (
          select r.dag_id, min(r.run_after) as first from dag_run r
          where r.state = 'queued' and r.run_after <= coalesce($2::timestamptz, now()) group by r.dag_id
        ) q join dag d on d.dag_id = q.dag_id
      where not d.is_paused
        and (select count(*) from dag_run a where a.dag_id = d.dag_id and a.state = 'running' and a.run_type <> 'backfill') < d.max_active_runs
      order by q.first limit $1`,
    values: [params.limit, params.now],
  });
  return rows.map((row) => row.dagId);
}

/** Running runs that are out of time. Uses `dag_run_timeout`. */
export async function listTimedOutDagRuns(db: Queryable, params: { limit: number; now: Date | null }): Promise<number[]> {
  const rows = await run<{ id: number }>(db, {
    name: "list_timed_out_dag_runs",
    text: "select id from dag_run where timeout_at is not null and timeout_at < coalesce($2::timestamptz, now()) order by timeout_at limit $1",
    values: [params.limit, params.now],
  });
  return rows.map((row) => row.id);
}

/** Running runs in which nothing can move by itself although something is unfinished or the outcome is due: what a fault may have left behind. Uses `dag_run_active`. */
export async function listStalledDagRuns(db: Queryable, params: { limit: number }): Promise<number[]> {
  const rows = await run<{ id: number }>(db, {
    text: `select r.id from dag d join dag_run r on r.dag_id = d.dag_id and r.state = 'running' where r.live_count <= 0 order by r.id limit $1`,
    values: [params.limit],
  });
  return rows.map((row) => row.id);
}

/** States of the latest runs of a DAG by logical date, newest first. */
export async function listLatestDagRunStates(db: Queryable, params: { dagId: string; limit: number }): Promise<DagRunState[]> {
  const rows = await run<{ state: DagRunState }>(db, {
    text: "select state from dag_run where dag_id = $1 and logical_date is not null order by logical_date desc limit $2",
    values: [params.dagId, params.limit],
  });
  return rows.map((row) => row.state);
}

/** What a grant tells of the run. */
export interface DagRunContext {
  id: number;
  dagId: string;
  runId: string;
  runType: DagRunType;
  dagVersionId: number;
  logicalDate: Date | null;
  dataIntervalStart: Date | null;
  dataIntervalEnd: Date | null;
  runAfter: Date;
  startDate: Date | null;
  conf: string;
}

export async function listDagRunContexts(db: Queryable, params: { dagRunIds: readonly number[] }): Promise<DagRunContext[]> {
  return run<DagRunContext>(db, {
    name: "list_dag_run_contexts",
    text: `select id, dag_id as "dagId", run_id as "runId", run_type as "runType", dag_version_id as "dagVersionId", logical_date as "logicalDate",
        data_interval_start as "dataIntervalStart", data_interval_end as "dataIntervalEnd", run_after as "runAfter", start_date as "startDate", conf
      from dag_run where id = any($1::bigint[])`,
    values: [params.dagRunIds],
  });
}

/** The last run that the timetable of each DAG asked for. */
export async function listLastScheduledRuns(
  db: Queryable,
  params: { dagIds: readonly string[] },
): Promise<Map<string, { logicalDate: Date; dataIntervalStart: Date; dataIntervalEnd: Date; runAfter: Date }>> {
  const rows = await run<{ dagId: string; logicalDate: Date; dataIntervalStart: Date; dataIntervalEnd: Date; runAfter: Date }>(db, {
    name: "list_last_scheduled_runs",
    text: `select d.dag_id as "dagId", r.* from unnest($1::text[]) as d (dag_id), lateral (
        select logical_date as "logicalDate", data_interval_start as "dataIntervalStart", data_interval_end as "dataIntervalEnd", run_after as "runAfter"
        from dag_run where dag_id = d.dag_id and logical_date is not null and run_type in ('scheduled', 'backfill') and data_interval_start is not null
        order by logical_date desc limit 1) r`,
    values: [params.dagIds],
  });
  return new Map(rows.map(({ dagId, ...last }) => [dagId, last]));
}

/** Which of these logical dates have a run already. Under the DAGs' locks the answer stays true. */
export async function listTakenLogicalDates(tx: Queryable, params: { dates: readonly { dagId: string; logicalDate: Date }[] }): Promise<Set<string>> {
  if (params.dates.length === 0) return new Set();
  const rows = await run<{ dagId: string; logicalDate: Date }>(tx, {
    name: "list_taken_logical_dates",
    text: `select r.dag_id as "dagId", r.logical_date as "logicalDate" from unnest($1::text[], $2::timestamptz[]) as v (dag_id, logical_date)
      join dag_run r on r.dag_id = v.dag_id and r.logical_date = v.logical_date where r.logical_date is not null`,
    values: [params.dates.map((item) => item.dagId), params.dates.map((item) => item.logicalDate)],
  });
  return new Set(rows.map(({ dagId, logicalDate }) => `${dagId} ${logicalDate.getTime()}`));
}
