import type { components } from "@tradewind/client";
import type { TablePage, TableRequest } from "../parts/data-table/columns.ts";
import { instantBounds } from "../parts/data-table/table-search.ts";
import { api } from "./client.ts";
import { contains, withoutAbsent } from "./dag-runs.ts";

export type EventLog = components["schemas"]["EventLogResponse"];

export async function fetchEventLogs(request: TableRequest, signal?: AbortSignal): Promise<TablePage<EventLog>> {
  const { event, by, dag, run, task } = request.filters as Record<string, string | undefined>;
  const { gte, lte } = instantBounds(request.filters["when"], Date.now());
  const query = withoutAbsent({
    limit: request.limit,
    offset: request.offset,
    order_by: [request.orderBy ?? "-when"],
    event_pattern: contains(event),
    owner_pattern: contains(by),
    dag_id_pattern: contains(dag),
    run_id_pattern: contains(run),
    task_id_pattern: contains(task),
    after: gte,
    before: lte,
  });
  const { data } = await api.GET("/api/v2/eventLogs", { params: { query }, ...(signal === undefined ? {} : { signal }) });
  return { rows: data!.event_logs, total: data!.total_entries };
}
