import type { components } from "@tradewind/client";
import type { TablePage, TableRequest } from "../parts/data-table/columns.ts";
import { bulkDone } from "./bulk.ts";
import { api } from "./client.ts";
import { contains, withoutAbsent } from "./dag-runs.ts";

export type Variable = components["schemas"]["VariableResponse"];

export interface VariableText {
  key: string;
  value: string;
  description: string | null;
}

export async function fetchVariables(request: TableRequest, signal?: AbortSignal): Promise<TablePage<Variable>> {
  const query = withoutAbsent({
    limit: request.limit,
    offset: request.offset,
    order_by: [request.orderBy ?? "key"],
    variable_key_pattern: contains(request.filters["key"] as string | undefined),
  });
  const { data } = await api.GET("/api/v2/variables", { params: { query }, ...(signal === undefined ? {} : { signal }) });
  return { rows: data!.variables, total: data!.total_entries };
}

/** @param isNew refused when there is one of that key already */
export async function saveVariable({ isNew, ...body }: VariableText & { isNew: boolean }): Promise<void> {
  if (isNew) await api.POST("/api/v2/variables", { body });
  else await api.PATCH("/api/v2/variables/{variable_key}", { params: { path: { variable_key: body.key } }, body });
}

export async function deleteVariables(keys: readonly string[]): Promise<void> {
  const { data } = await api.PATCH("/api/v2/variables", {
    body: { actions: [{ action: "delete", entities: [...keys], action_on_non_existence: "skip" }] },
  });
  bulkDone(data, "delete");
}

/** Many at once, as a file of Airflow's has them: `{"key": value, …}`. What is there already is replaced or left. */
export async function importVariables({ entries, replaces }: { entries: readonly VariableText[]; replaces: boolean }): Promise<readonly string[]> {
  const { data } = await api.PATCH("/api/v2/variables", {
    body: { actions: [{ action: "create", entities: [...entries], action_on_existence: replaces ? "overwrite" : "skip" }] },
  });
  return bulkDone(data, "create");
}
