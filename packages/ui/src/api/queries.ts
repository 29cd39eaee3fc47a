import type { components } from "@tradewind/client";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "./client.ts";
import { whenNotLive } from "./live.ts";
import { type Grid, readModel, type RunSummary } from "./read-models.ts";

export type { Grid, GridGroup, GridTask, RunSummary } from "./read-models.ts";

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

export interface GridFilter {
  limit: number;
  state: string | undefined;
  runType: string | undefined;
}

export function gridQuery(dagId: string, { limit, state, runType }: GridFilter) {
  return queryOptions({
    queryKey: ["grid", dagId, { limit, state, runType }],
    queryFn: ({ signal }) => {
      const query = new URLSearchParams({
        limit: String(limit),
        ...(state === undefined ? {} : { state }),
        ...(runType === undefined ? {} : { run_type: runType }),
      });
      return readModel<Grid>(`/ui/grid/${encodeURIComponent(dagId)}?${query}`, signal);
    },
    placeholderData: keepPreviousData,
    refetchInterval: whenNotLive(LIVE_MS),
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

export function taskInstancesQuery(dagId: string, runId: string, taskId: string) {
  return queryOptions({
    queryKey: ["task-instances", dagId, runId, taskId],
    queryFn: async ({ signal }) => {
      const body = { dag_ids: [dagId], dag_run_ids: [runId], task_ids: [taskId], page_limit: 100, order_by: "map_index" };
      const path = { dag_id: "~", dag_run_id: "~" } as const;
      return (await api.POST("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list", { params: { path }, body, signal })).data!;
    },
    refetchInterval: whenNotLive(LIVE_MS),
  });
}

/** One line of a log: what was said, when, how loud. */
export interface LogLine {
  timestamp?: string;
  event: string;
  level?: string;
}

export function taskLogQuery({ dag_id, dag_run_id, task_id, map_index }: TaskInstance, tryNumber: number, isLive: boolean) {
  return queryOptions({
    queryKey: ["log", dag_id, dag_run_id, task_id, map_index, tryNumber],
    queryFn: async ({ signal }) => {
      const path = { dag_id, dag_run_id, task_id, try_number: tryNumber };
      const { data } = await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}", {
        params: { path, query: { map_index: map_index ?? -1, full_content: true } },
        signal,
      });
      return data!.content;
    },
    enabled: tryNumber > 0,
    refetchInterval: isLive ? LIVE_MS / 2 : false,
  });
}
