import type { operations } from "@tradewind/client";
import type { TablePage, TableRequest } from "../parts/data-table/columns.ts";
import { instantBounds } from "../parts/data-table/table-search.ts";
import { api } from "./client.ts";
import { contains, named, withoutAbsent } from "./dag-runs.ts";
import type { DagRow } from "./queries.ts";
import { readModel, type RunSummary } from "./read-models.ts";

type DagsQuery = NonNullable<operations["get_dags"]["parameters"]["query"]>;

export interface DagWithRuns {
  dag: DagRow;
  /** The latest, newest first. */
  runs: readonly RunSummary[];
}

const RUNS_SHOWN = 14;

/** A page of DAGs, each with its latest runs. */
export async function fetchDags(request: TableRequest, signal: AbortSignal): Promise<TablePage<DagWithRuns>> {
  const query = {
    ...dagFilters(request.filters, Date.now()),
    limit: request.limit,
    offset: request.offset,
    order_by: [request.orderBy ?? "dag_id"],
  };
  const { data } = await api.GET("/api/v2/dags", { params: { query }, signal });
  const { dags, total_entries: total } = data!;
  const runs = await latestRuns(
    dags.map(({ dag_id: dagId }) => dagId),
    signal,
  );
  return { rows: dags.map((dag) => ({ dag, runs: runs.get(dag.dag_id) ?? [] })), total };
}

/** The latest runs of several DAGs, newest first. */
export async function latestRuns(dagIds: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, RunSummary[]>> {
  if (dagIds.length === 0) return new Map();
  const query = new URLSearchParams([...dagIds.map((dagId) => ["dag_id", dagId]), ["limit", String(RUNS_SHOWN)]]);
  const { dags } = await readModel<{ dags: { dag_id: string; runs: RunSummary[] }[] }>(`/ui/latest_runs?${query}`, signal);
  return new Map(dags.map(({ dag_id: dagId, runs }) => [dagId, runs]));
}

/** Filters of the table as the REST API names them. */
function dagFilters(filters: TableRequest["filters"], now: number) {
  return withoutAbsent({
    dag_display_name_pattern: contains(filters["dag"] as string | undefined),
    is_favorite: filters["starred"] as boolean | undefined,
    paused: filters["paused"] as boolean | undefined,
    dag_run_state: filters["state"] as DagsQuery["dag_run_state"],
    tags: filters["tags"] as string[] | undefined,
    owners: filters["owner"] as string[] | undefined,
    has_import_errors: filters["broken"] as boolean | undefined,
    ...named("dag_run_start_date", instantBounds(filters["started"], now)),
  });
}
