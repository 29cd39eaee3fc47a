import type { components } from "@tradewind/client";
import type { TablePage, TableRequest } from "../parts/data-table/columns.ts";
import { bulkDone } from "./bulk.ts";
import { api } from "./client.ts";
import { contains, withoutAbsent } from "./dag-runs.ts";

export type Connection = components["schemas"]["ConnectionResponse"];
export type ConnectionBody = Omit<components["schemas"]["ConnectionBody"], "team_name">;

export async function fetchConnections(request: TableRequest, signal?: AbortSignal): Promise<TablePage<Connection>> {
  const query = withoutAbsent({
    limit: request.limit,
    offset: request.offset,
    order_by: [request.orderBy ?? "connection_id"],
    connection_id_pattern: contains(request.filters["id"] as string | undefined),
  });
  const { data } = await api.GET("/api/v2/connections", { params: { query }, ...(signal === undefined ? {} : { signal }) });
  return { rows: data!.connections, total: data!.total_entries };
}

/** @param isNew refused when there is one of that id already */
export async function saveConnection({ isNew, body }: { isNew: boolean; body: ConnectionBody }): Promise<void> {
  if (isNew) await api.POST("/api/v2/connections", { body });
  else await api.PATCH("/api/v2/connections/{connection_id}", { params: { path: { connection_id: body.connection_id } }, body });
}

export async function deleteConnections(ids: readonly string[]): Promise<void> {
  const { data } = await api.PATCH("/api/v2/connections", {
    body: { actions: [{ action: "delete", entities: [...ids], action_on_non_existence: "skip" }] },
  });
  bulkDone(data, "delete");
}

/** Tries it as it stands in the form; that it does not work is an answer, not an error. */
export async function testConnection(body: ConnectionBody): Promise<{ status: boolean; message: string }> {
  return (await api.POST("/api/v2/connections/test", { body })).data!;
}
