import type { DagRunState, DagRunType } from "@tradewind/core";
import { type Queryable, run, runCount, type Transaction } from "../../database-handle.ts";

/** A run as the selection of targets sees it; not locked. */
export interface DagRunTarget {
  id: number;
  dagId: string;
  runId: string;
  runType: DagRunType;
  dagVersionId: number;
  state: DagRunState;
  logicalDate: Date | null;
  note: string | null;
}

const columns = `id, dag_id as "dagId", run_id as "runId", run_type as "runType", dag_version_id as "dagVersionId", state, logical_date as "logicalDate", note`;

export async function findDagRunTarget(db: Queryable, params: { dagId: string; runId: string }): Promise<DagRunTarget | null> {
  const [row] = await run<DagRunTarget>(db, {
    name: "find_dag_run_target",
    text: `select ${columns} from dag_run where dag_id = $1 and run_id = $2`,
    values: [params.dagId, params.runId],
  });
  return row ?? null;
}

/** The run at a logical date; there is one at most. */
export async function findDagRunAt(db: Queryable, params: { dagId: string; logicalDate: Date }): Promise<DagRunTarget | null> {
  const [row] = await run<DagRunTarget>(db, {
    name: "find_dag_run_at",
    text: `select ${columns} from dag_run where dag_id = $1 and logical_date = $2`,
    values: [params.dagId, params.logicalDate],
  });
  return row ?? null;
}

/** Runs that have a logical date within the window (both ends in), in its order; null: open on that side. Uses `dag_run_logical_date`. */
export async function listDagRunTargets(db: Queryable, params: { dagId: string; from: Date | null; to: Date | null }): Promise<DagRunTarget[]> {
  return run<DagRunTarget>(db, {
    text: `select ${columns} from dag_run
      where dag_id = $1 and logical_date is not null and logical_date >= coalesce($2::timestamptz, '-infinity') and logical_date <= coalesce($3::timestamptz, 'infinity')
      order by logical_date`,
    values: [params.dagId, params.from, params.to],
  });
}

/** Every run of the DAG, also those without a logical date. */
export async function listAllDagRunTargets(db: Queryable, params: { dagId: string }): Promise<DagRunTarget[]> {
  return run<DagRunTarget>(db, { text: `select ${columns} from dag_run where dag_id = $1 order by id`, values: [params.dagId] });
}

/** The runs were cleared once more. The caller holds the locks. */
export async function markDagRunsCleared(tx: Transaction, params: { dagRunIds: readonly number[]; now: Date }): Promise<void> {
  await runCount(tx, {
    text: `update dag_run set clear_number = clear_number + 1, queued_at = $2, last_scheduling_decision = null where id = any($1::bigint[])`,
    values: [params.dagRunIds, params.now],
  });
}

/** The run goes on with another version of its DAG. The caller holds the lock. */
export async function writeDagRunVersion(tx: Transaction, params: { dagRunId: number; dagVersionId: number }): Promise<void> {
  await runCount(tx, { text: "update dag_run set dag_version_id = $2 where id = $1", values: [params.dagRunId, params.dagVersionId] });
}

/** Deletes a run with everything in it, unless it is running. @returns what it was, or null when there is none or it runs. */
export async function deleteDagRunRow(tx: Transaction, params: { dagRunId: number }): Promise<boolean> {
  return (await runCount(tx, { text: "delete from dag_run where id = $1 and state <> 'running'", values: [params.dagRunId] })) > 0;
}

/** Deletes some runs of a DAG with everything in them, whatever their state; gives how many. To be repeated: a DAG with a long history would hold its locks too long in one go. */
export async function deleteSomeDagRuns(tx: Transaction, params: { dagId: string; limit: number }): Promise<number> {
  return runCount(tx, {
    text: "delete from dag_run where id in (select id from dag_run where dag_id = $1 order by id limit $2 for update)",
    values: [params.dagId, params.limit],
  });
}

/** @returns the note before; undefined: there is no such run. */
export async function writeDagRunNote(
  tx: Transaction,
  params: { dagId: string; runId: string; note: string | null },
): Promise<string | null | undefined> {
  const [row] = await run<{ note: string | null }>(tx, {
    text: `update dag_run r set note = $3 from (select id, note from dag_run where dag_id = $1 and run_id = $2 for no key update) old where r.id = old.id returning old.note`,
    values: [params.dagId, params.runId, params.note],
  });
  return row?.note;
}

/** Locks the queued and running runs of a DAG, lowest id first. Uses `dag_run_active`. */
export async function lockActiveDagRuns(tx: Transaction, params: { dagId: string }): Promise<number[]> {
  const rows = await run<{ id: number }>(tx, {
    text: "select id from dag_run where dag_id = $1 and state in ('queued', 'running') order by id for no key update",
    values: [params.dagId],
  });
  return rows.map((row) => row.id);
}
