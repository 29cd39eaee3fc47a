import type { components } from "@tradewind/client";
import { queryOptions } from "@tanstack/react-query";
import { api } from "./client.ts";
import { whenNotLive } from "./live.ts";

export type { RunSummary } from "./read-models.ts";

type Schemas = components["schemas"];
export type DagRow = Schemas["DAGResponse"];
export type DagDetails = Schemas["DAGDetailsResponse"];
/** Without what is always null here. */
export type TaskInstance = Omit<Schemas["TaskInstanceResponse"], "trigger" | "triggerer_job">;

/** What changes by itself is looked at again so often. */
const LIVE_MS = 2000;

export function dagQuery(dagId: string) {
  return queryOptions({
    queryKey: ["dag", dagId],
    queryFn: async ({ signal }) => (await api.GET("/api/v2/dags/{dag_id}/details", { params: { path: { dag_id: dagId } }, signal })).data!,
    refetchInterval: whenNotLive(LIVE_MS * 3),
  });
}

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: async ({ signal }) => (await api.GET("/api/v2/monitor/health", { signal })).data!,
  refetchInterval: LIVE_MS * 2,
});

export const importErrorsQuery = queryOptions({
  queryKey: ["import-errors"],
  queryFn: async ({ signal }) => (await api.GET("/api/v2/importErrors", { params: { query: { limit: 100 } }, signal })).data!,
  refetchInterval: whenNotLive(LIVE_MS),
});

export function dagRunQuery(dagId: string, runId: string) {
  return queryOptions({
    queryKey: ["dag-run", dagId, runId],
    queryFn: async ({ signal }) =>
      (await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { params: { path: { dag_id: dagId, dag_run_id: runId } }, signal })).data!,
    refetchInterval: whenNotLive(LIVE_MS),
  });
}
