import type { components } from "@tradewind/client";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "./client.ts";
import { whenNotLive } from "./live.ts";
import { readModel, type RunSummary } from "./read-models.ts";

export type { RunSummary } from "./read-models.ts";

type Schemas = components["schemas"];
export type DagRow = Schemas["DAGResponse"];
export type DagDetails = Schemas["DAGDetailsResponse"];
/** Without what is always null here. */
export type TaskInstance = Omit<Schemas["TaskInstanceResponse"], "trigger" | "triggerer_job">;

/** What changes by itself is looked at again so often. */
const LIVE_MS = 2000;

export interface DagFilter {
  search: string;
  tags: readonly string[];
  paused: boolean | undefined;
  lastRun: "failed" | "running" | "success" | undefined;
  page: number;
}

export const DAGS_PER_PAGE = 50;

export function dagsQuery({ search, tags, paused, lastRun, page }: DagFilter) {
  return queryOptions({
    queryKey: ["dags", { search, tags, paused, lastRun, page }],
    queryFn: async ({ signal }) => {
      const query = {
        limit: DAGS_PER_PAGE,
        offset: page * DAGS_PER_PAGE,
        ...(search === "" ? {} : { dag_id_pattern: `%${search}%` }),
        ...(tags.length === 0 ? {} : { tags: [...tags] }),
        ...(paused === undefined ? {} : { paused }),
        ...(lastRun === undefined ? {} : { last_dag_run_state: lastRun }),
      };
      return (await api.GET("/api/v2/dags", { params: { query }, signal })).data!;
    },
    placeholderData: keepPreviousData,
    refetchInterval: whenNotLive(LIVE_MS),
  });
}

/** The latest runs of several DAGs, newest first: what their bars show. */
export function latestRunsQuery(dagIds: readonly string[]) {
  return queryOptions({
    queryKey: ["latest-runs", dagIds],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams([...dagIds.map((dagId) => ["dag_id", dagId]), ["limit", "14"]]);
      const { dags } = await readModel<{ dags: { dag_id: string; runs: RunSummary[] }[] }>(`/ui/latest_runs?${query}`, signal);
      return new Map(dags.map(({ dag_id: dagId, runs }) => [dagId, runs]));
    },
    enabled: dagIds.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: whenNotLive(LIVE_MS),
  });
}

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
