import type { DagRunState, DagRunType, TaskInstanceState } from "@tradewind/core";
import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { select, selectOne } from "./list-query.ts";

/** A run as grids and sparklines show it. */
export interface RunSummaryRow {
  id: number;
  dagId: string;
  runId: string;
  runType: DagRunType;
  state: DagRunState;
  runAfter: Date;
  logicalDate: Date | null;
  startDate: Date | null;
  endDate: Date | null;
  versionId: number;
  versionNumber: number;
  hasNote: boolean;
}

const columns = sql`r.id, r.dag_id as "dagId", r.run_id as "runId", r.run_type as "runType", r.state, r.run_after as "runAfter", r.logical_date as "logicalDate",
  r.start_date as "startDate", r.end_date as "endDate", v.id as "versionId", v.version_number as "versionNumber", r.note is not null as "hasNote"`;

/** The latest runs of each of these DAGs, newest first: `perDag` steps of an index for each, however many runs there are. */
export async function listLatestRuns(db: Queryable, { dagIds, perDag }: { dagIds: readonly string[]; perDag: number }): Promise<RunSummaryRow[]> {
  return select(
    db,
    sql`select ${columns} from unnest(${dagIds}::text[]) as wanted (dag_id)
      cross join lateral (
        select * from dag_run where dag_run.dag_id = wanted.dag_id order by run_after desc, id desc limit ${perDag}
      ) as r
      join dag_version v on v.id = r.dag_version_id
      order by r.dag_id, r.run_after desc, r.id desc`,
  );
}

/** The runs of one page of a grid, newest first. */
export async function listGridRuns(
  db: Queryable,
  {
    dagId,
    limit,
    runAfterLte,
    runTypes,
    states,
  }: {
    dagId: string;
    limit: number;
    runAfterLte?: Date | undefined;
    runTypes?: readonly string[] | undefined;
    states?: readonly string[] | undefined;
  },
): Promise<RunSummaryRow[]> {
  return select(
    db,
    sql`select ${columns} from dag_run r join dag_version v on v.id = r.dag_version_id
      where r.dag_id = ${dagId}
        and (${runAfterLte ?? null}::timestamptz is null or r.run_after <= ${runAfterLte ?? null})
        and (${runTypes ?? null}::text[] is null or r.run_type = any(${runTypes ?? null}::text[]))
        and (${states ?? null}::text[] is null or r.state = any(${states ?? null}::text[]))
      order by r.run_after desc, r.id desc limit ${limit}`,
  );
}

/** The tasks of a run with instances in one state. */
export interface GridCellsRow {
  dagRunId: number;
  state: TaskInstanceState | null;
  /** Task ids, one on each line. */
  taskIds: string;
  /** How many instances each has, one on each line; null: one each, of tasks that are not mapped. */
  instances: string | null;
}

/**
 * The states of all task instances of these runs, counted. Gathered into a few long texts, which is quicker by far than tens of thousands of rows or objects; instances of mapped tasks are
 * counted where they are, so that ten thousand of them are one line.
 */
export async function listGridCells(db: Queryable, { dagRunIds }: { dagRunIds: readonly number[] }): Promise<GridCellsRow[]> {
  return select(
    db,
    sql`select dag_run_id as "dagRunId", state, string_agg(task_id, E'\\n') as "taskIds", null as instances
      from task_instance where dag_run_id = any(${dagRunIds}::bigint[]) and map_index < 0 group by dag_run_id, state
      union all
      select dag_run_id, state, string_agg(task_id, E'\\n'), string_agg(instances::text, E'\\n')
      from (
        select dag_run_id, task_id, state, count(*) as instances from task_instance
        where dag_run_id = any(${dagRunIds}::bigint[]) and map_index >= 0 group by dag_run_id, task_id, state
      ) as counted
      group by dag_run_id, state`,
  );
}

/** Which version of a DAG is the latest, or has a number. */
export async function findGraphVersion(
  db: Queryable,
  { dagId, versionNumber }: { dagId: string; versionNumber?: number | undefined },
): Promise<{ versionId: number; versionNumber: number } | undefined> {
  const version = versionNumber === undefined ? sql`v.id = d.dag_version_id` : sql`v.dag_id = d.dag_id and v.version_number = ${versionNumber}`;
  return selectOne(
    db,
    sql`select v.id as "versionId", v.version_number as "versionNumber" from dag d join dag_version v on ${version} where d.dag_id = ${dagId}`,
  );
}
