import type { operations } from "@tradewind/client";
import type { TablePage, TableRequest } from "../parts/data-table/columns.ts";
import { instantBounds, numberBounds } from "../parts/data-table/table-search.ts";
import { api } from "./client.ts";
import { contains, named, withoutAbsent } from "./dag-runs.ts";
import type { TaskInstance } from "./queries.ts";

type InstancesQuery = NonNullable<operations["get_task_instances"]["parameters"]["query"]>;

const EVERY = { dag_id: "~", dag_run_id: "~" } as const;

/** A page of the task instances of all DAGs and runs, by the filters of their table. */
export async function fetchTaskInstances(request: TableRequest, signal: AbortSignal): Promise<TablePage<TaskInstance>> {
  const query = {
    ...instanceFilters(request.filters, Date.now()),
    limit: request.limit,
    offset: request.offset,
    order_by: [request.orderBy ?? "-start_date"],
  };
  const { data } = await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", { params: { path: EVERY, query }, signal });
  return { rows: data!.task_instances, total: data!.total_entries ?? data!.task_instances.length };
}

/** Filters of the table as the REST API names them. */
function instanceFilters(filters: TableRequest["filters"], now: number) {
  const text = (id: string) => contains(filters[id] as string | undefined);
  const list = (id: string) => filters[id] as string[] | undefined;
  const numbers = (id: string) => list(id)?.map(Number);
  return withoutAbsent({
    dag_id_pattern: text("dag"),
    run_id_pattern: text("run"),
    task_display_name_pattern: text("task"),
    rendered_map_index_pattern: text("label"),
    operator_name_pattern: text("operator"),
    state: list("state") as InstancesQuery["state"],
    pool: list("pool"),
    queue: list("queue"),
    executor: list("executor"),
    try_number: numbers("try"),
    map_index: numbers("index"),
    version_number: numbers("version"),
    ...named("start_date", instantBounds(filters["started"], now)),
    ...named("end_date", instantBounds(filters["ended"], now)),
    ...named("run_after", instantBounds(filters["after"], now)),
    ...named("logical_date", instantBounds(filters["logical"], now)),
    ...named("duration", numberBounds(filters["took"])),
  });
}
