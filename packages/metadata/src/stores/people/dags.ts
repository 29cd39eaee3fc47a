import { type Queryable, run, runCount, type Transaction } from "../../database-handle.ts";
import type { NextRunColumns } from "../dag.ts";

/** A DAG as people's changes need it. */
export interface DagRecord {
  dagId: string;
  isPaused: boolean;
  isStale: boolean;
  hasImportErrors: boolean;
  dagVersionId: number;
}

const columns = `dag_id as "dagId", is_paused as "isPaused", is_stale as "isStale", has_import_errors as "hasImportErrors", dag_version_id as "dagVersionId"`;

export async function findDagRecord(db: Queryable, params: { dagId: string }): Promise<DagRecord | null> {
  const [row] = await run<DagRecord>(db, { name: "find_dag_record", text: `select ${columns} from dag where dag_id = $1`, values: [params.dagId] });
  return row ?? null;
}

/** The DAG, locked against other changes of it, but not against new runs. */
export async function lockDagRecord(tx: Transaction, params: { dagId: string }): Promise<DagRecord | null> {
  const [row] = await run<DagRecord>(tx, { text: `select ${columns} from dag where dag_id = $1 for no key update`, values: [params.dagId] });
  return row ?? null;
}

/** `next`: what the timetable wants from now on; absent: as before. The caller holds the lock. */
export async function writeSchedulingState(
  tx: Transaction,
  params: { dagId: string; isPaused: boolean; isDraining: boolean; next?: NextRunColumns | null },
): Promise<void> {
  const { next } = params;
  await run(tx, {
    text: `update dag set is_paused = $2, is_draining = $8,
        next_logical_date = case when $3 then $4::timestamptz else next_logical_date end,
        next_data_interval_start = case when $3 then $5::timestamptz else next_data_interval_start end,
        next_data_interval_end = case when $3 then $6::timestamptz else next_data_interval_end end,
        next_run_at = case when $3 then $7::timestamptz else next_run_at end
      where dag_id = $1`,
    values: [
      params.dagId,
      params.isPaused,
      next !== undefined,
      next?.logicalDate ?? null,
      next?.dataIntervalStart ?? null,
      next?.dataIntervalEnd ?? null,
      next?.runAfter ?? null,
      params.isDraining,
    ],
  });
}

/**
 * Takes everything of a DAG that waits in the queue out of dispatch, whatever limit held it back so far. The caller holds the limits lock, so a row that somebody else holds is just
 * being taken out of the queue. Uses `task_queue_by_dag`.
 */
export async function parkTaskQueueOfDag(tx: Transaction, params: { dagId: string; parkedKey: string }): Promise<number> {
  return runCount(tx, {
    text: `update task_queue q set parked_key = $2
      from (select task_instance_id from task_queue where dag_id = $1 and parked_key is distinct from $2 for no key update skip locked) w
      where q.task_instance_id = w.task_instance_id`,
    values: [params.dagId, params.parkedKey],
  });
}

/** Leases of running attempts of a DAG: what stands in the way of deleting it. */
export async function countRunningLeases(db: Queryable, params: { dagId: string }): Promise<number> {
  const [row] = await run<{ count: number }>(db, {
    text: "select count(*) as count from lease where dag_id = $1 and state = 'running'",
    values: [params.dagId],
  });
  return row!.count;
}

/** Stops everything of the DAG that begins by itself, ahead of its deletion: no new runs, no dispatch, hidden from lists. The caller holds the lock. */
export async function retireDag(tx: Transaction, params: { dagId: string }): Promise<void> {
  await runCount(tx, { text: "update dag set is_paused = true, is_draining = false, is_stale = true where dag_id = $1", values: [params.dagId] });
}

/**
 * Deletes a DAG without runs: its row, tags and versions. Its file is forgotten to have been read, so that a DAG which is still there is found again. Bundles stay: other DAGs may
 * share them.
 * @returns false: it got a run meanwhile, and is still there.
 */
export async function deleteDagRow(tx: Transaction, params: { dagId: string }): Promise<boolean> {
  const values = [params.dagId];
  await run(tx, { text: "select 1 from dag where dag_id = $1 for update", values });
  const runs = await run(tx, { text: "select 1 from dag_run where dag_id = $1 limit 1", values });
  if (runs.length > 0) return false;
  await runCount(tx, { text: "update dag_file f set fingerprint = null from dag d where d.dag_id = $1 and f.id = d.dag_file_id", values });
  await runCount(tx, { text: "delete from dag where dag_id = $1", values });
  await runCount(tx, { text: "delete from dag_version where dag_id = $1", values });
  return true;
}
