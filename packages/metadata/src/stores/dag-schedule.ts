import { type Queryable, run, runCount, type Transaction } from "../database-handle.ts";
import type { NextRunColumns } from "./dag.ts";

/** A DAG as the creation and the start of runs see it, locked. */
export interface ScheduledDag {
  dagId: string;
  dagVersionId: number;
  isPaused: boolean;
  /** Its schedule makes no runs, and it is paused when its last run has ended. Never true of a DAG that is paused. */
  isDraining: boolean;
  isStale: boolean;
  maxActiveRuns: number;
  maxConsecutiveFailedDagRuns: number;
  creationBlocked: boolean;
  next: NextRunColumns | null;
  now: Date;
}

type Row = Omit<ScheduledDag, "next"> & {
  logicalDate: Date | null;
  dataIntervalStart: Date | null;
  dataIntervalEnd: Date | null;
  runAfter: Date | null;
};

const columns = `d.dag_id as "dagId", d.dag_version_id as "dagVersionId", d.is_paused as "isPaused", d.is_draining as "isDraining", d.is_stale as "isStale", d.max_active_runs as "maxActiveRuns",
  d.max_consecutive_failed_dag_runs as "maxConsecutiveFailedDagRuns", d.creation_blocked as "creationBlocked", d.next_logical_date as "logicalDate",
  d.next_data_interval_start as "dataIntervalStart", d.next_data_interval_end as "dataIntervalEnd", d.next_run_at as "runAfter"`;

function toDag({ logicalDate, dataIntervalStart, dataIntervalEnd, runAfter, ...rest }: Row): ScheduledDag {
  const next = logicalDate && dataIntervalStart && dataIntervalEnd && runAfter ? { logicalDate, dataIntervalStart, dataIntervalEnd, runAfter } : null;
  return { ...rest, next };
}

/**
 * Takes DAGs of which a run is due, longest due first. Those that another scheduler is at are passed over. The lock is the mutex of creating and starting runs of a DAG. Uses
 * `dag_due`.
 */
export async function lockDueDags(tx: Transaction, params: { limit: number; except: readonly string[]; now: Date | null }): Promise<ScheduledDag[]> {
  const rows = await run<Row>(tx, {
    name: "lock_due_dags",
    text: `select ${columns}, coalesce($3::timestamptz, now()) as now from dag d
      where d.next_run_at is not null and not d.is_paused and not d.is_stale and not d.has_import_errors and not d.creation_blocked and not d.is_draining
        and d.next_run_at <= coalesce($3::timestamptz, now()) and d.dag_id <> all($2::text[])
      order by d.next_run_at limit $1 for no key update of d skip locked`,
    values: [params.limit, params.except, params.now],
  });
  return rows.map(toDag);
}

/** Locks DAGs for the creation or start of runs, in order of their ids. */
export async function lockScheduledDags(tx: Transaction, params: { dagIds: readonly string[]; now: Date | null }): Promise<ScheduledDag[]> {
  const rows = await run<Row>(tx, {
    name: "lock_scheduled_dags",
    text: `select ${columns}, coalesce($2::timestamptz, now()) as now from dag d where d.dag_id = any($1::text[]) order by d.dag_id for no key update of d`,
    values: [params.dagIds, params.now],
  });
  return rows.map(toDag);
}

export interface DagScheduleChange {
  dagId: string;
  next: NextRunColumns | null;
  creationBlocked: boolean;
}

/** What the schedule wants next. The caller holds the DAGs' locks. */
export async function writeDagSchedules(tx: Transaction, changes: readonly DagScheduleChange[]): Promise<void> {
  if (changes.length === 0) return;
  await run(tx, {
    name: "write_dag_schedules",
    text: `update dag d set next_logical_date = v.logical_date, next_data_interval_start = v.interval_start, next_data_interval_end = v.interval_end, next_run_at = v.run_after,
        creation_blocked = v.creation_blocked
      from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::boolean[])
        as v (dag_id, logical_date, interval_start, interval_end, run_after, creation_blocked)
      where d.dag_id = v.dag_id`,
    values: [
      changes.map((item) => item.dagId),
      changes.map((item) => item.next?.logicalDate ?? null),
      changes.map((item) => item.next?.dataIntervalStart ?? null),
      changes.map((item) => item.next?.dataIntervalEnd ?? null),
      changes.map((item) => item.next?.runAfter ?? null),
      changes.map((item) => item.creationBlocked),
    ],
  });
}

/**
 * Of DAGs that lost an active run, those for which that means anything: their schedule waited for the place, a queued run can have it, or they are paused by it. Takes no locks, so a
 * transaction that is just making one of these true is not seen: it has to look itself once it is committed. Uses `dag_run_active`.
 */
export async function listDagsToLetIn(db: Queryable, params: { dagIds: readonly string[] }): Promise<string[]> {
  const rows = await run<{ dagId: string }>(db, {
    name: "list_dags_to_let_in",
    text: `select d.dag_id as "dagId" from dag d
      where d.dag_id = any($1::text[]) and (d.is_draining or (not d.is_paused and d.max_consecutive_failed_dag_runs > 0)
        or (not d.is_paused and (select bool_or(r.state = 'queued') from dag_run r where r.dag_id = d.dag_id and r.state in ('queued', 'running')))
        or (d.creation_blocked
          and (select count(*) from dag_run r where r.dag_id = d.dag_id and r.state in ('queued', 'running') and r.run_type <> 'backfill') < d.max_active_runs))`,
    values: [params.dagIds],
  });
  return rows.map((row) => row.dagId);
}

/** DAGs that create no runs although fewer are active than may be: a wake-up was lost. */
export async function listWronglyBlockedDags(db: Queryable, params: { limit: number }): Promise<string[]> {
  const rows = await run<{ dagId: string }>(db, {
    text: `select d.dag_id as "dagId" from dag d where d.creation_blocked
        and (select count(*) from dag_run r where r.dag_id = d.dag_id and r.state in ('queued', 'running') and r.run_type <> 'backfill') < d.max_active_runs
      limit $1`,
    values: [params.limit],
  });
  return rows.map((row) => row.dagId);
}

/** The DAG failed too often in a row, or has drained. */
export async function pauseDag(tx: Transaction, params: { dagId: string }): Promise<boolean> {
  const text = "update dag set is_paused = true, is_draining = false where dag_id = $1 and not is_paused";
  return (await runCount(tx, { text, values: [params.dagId] })) > 0;
}

/** DAGs that are draining and have nothing to wait for: nobody paused them when their last run ended. Uses `dag_draining`. */
export async function listDrainedDags(db: Queryable, params: { limit: number }): Promise<string[]> {
  const rows = await run<{ dagId: string }>(db, {
    text: `select d.dag_id as "dagId" from dag d where d.is_draining
        and not exists (select 1 from dag_run r where r.dag_id = d.dag_id and r.state in ('queued', 'running'))
      limit $1`,
    values: [params.limit],
  });
  return rows.map((row) => row.dagId);
}

/**
 * The earliest moment for which anything is planned. Each part is one look at an index.
 *
 * Of queued runs only those count whose time came after somebody looked for such, or is to come: others wait for something else.
 */
export async function findNextDueAt(db: Queryable, { lookedAt }: { lookedAt: Date | null }): Promise<Date | null> {
  const [row] = await run<{ at: Date | null }>(db, {
    name: "find_next_due_at",
    text: `select least(
      (select next_run_at from dag where next_run_at is not null and not is_paused and not is_stale and not has_import_errors and not creation_blocked
        and not is_draining order by next_run_at limit 1),
      (select run_after from dag_run where state = 'queued' and run_after > least(now(), $1::timestamptz) order by run_after limit 1),
      (select timeout_at from dag_run where timeout_at is not null order by timeout_at limit 1),
      (select expires_at from lease order by expires_at limit 1),
      (select due_at from task_timer order by due_at limit 1),
      (select due_at from dag_run_timer order by due_at limit 1)) as at`,
    values: [lookedAt],
  });
  return row?.at ?? null;
}
