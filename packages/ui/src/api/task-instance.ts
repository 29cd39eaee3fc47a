import type { components } from "@tradewind/client";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "./client.ts";
import { whenNotLive } from "./live.ts";
import type { TaskInstance } from "./queries.ts";

type Schemas = components["schemas"];
export type TaskTry = Omit<Schemas["TaskInstanceHistoryResponse"], never>;
export type TaskDefinition = Schemas["TaskResponse"];

const LIVE_MS = 2000;
export const INSTANCES_PER_PAGE = 50;

export interface TaskPlace {
  dagId: string;
  runId: string;
  taskId: string;
  /** -1: the task is not mapped. */
  mapIndex: number;
}

const ENDED: ReadonlySet<string | null> = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);

/** Whether a state stays as it is until somebody changes it. */
export function hasEnded(state: string | null): boolean {
  return ENDED.has(state);
}

/** Of a mapped task a page of its instances, of any other one the only one; null: not in this run. */
export function instancesOfTaskQuery({ dagId, runId, taskId }: Omit<TaskPlace, "mapIndex">, page: number) {
  return queryOptions({
    queryKey: ["task-instances", dagId, runId, taskId, { page }],
    queryFn: async ({ signal }) => {
      const body = {
        dag_ids: [dagId],
        dag_run_ids: [runId],
        task_ids: [taskId],
        page_limit: INSTANCES_PER_PAGE,
        page_offset: page * INSTANCES_PER_PAGE,
        order_by: "map_index",
      };
      const path = { dag_id: "~", dag_run_id: "~" } as const;
      return (await api.POST("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list", { params: { path }, body, signal })).data!;
    },
    placeholderData: keepPreviousData,
    refetchInterval: whenNotLive(LIVE_MS),
  });
}

export function taskInstanceQuery({ dagId, runId, taskId, mapIndex }: TaskPlace) {
  return queryOptions({
    queryKey: ["task-instance", dagId, runId, taskId, mapIndex],
    queryFn: async ({ signal }): Promise<TaskInstance> => {
      const path = { dag_id: dagId, dag_run_id: runId, task_id: taskId };
      const one = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}" as const;
      if (mapIndex < 0) return (await api.GET(one, { params: { path }, signal })).data!;
      return (await api.GET(`${one}/{map_index}`, { params: { path: { ...path, map_index: mapIndex } }, signal })).data!;
    },
    refetchInterval: whenNotLive(LIVE_MS),
  });
}

export function taskTriesQuery({ dagId, runId, taskId, mapIndex }: TaskPlace, tryNumber: number) {
  return queryOptions({
    queryKey: ["task-tries", dagId, runId, taskId, mapIndex, tryNumber],
    queryFn: async ({ signal }): Promise<TaskTry[]> => {
      const path = { dag_id: dagId, dag_run_id: runId, task_id: taskId };
      const one = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}" as const;
      const { data } =
        mapIndex < 0
          ? await api.GET(`${one}/tries`, { params: { path }, signal })
          : await api.GET(`${one}/{map_index}/tries`, { params: { path: { ...path, map_index: mapIndex } }, signal });
      return data!.task_instances;
    },
    placeholderData: keepPreviousData,
    refetchInterval: whenNotLive(LIVE_MS),
  });
}

/** What the DAG's newest version says about a task. */
export function taskDefinitionQuery(dagId: string, taskId: string) {
  return queryOptions({
    queryKey: ["task", dagId, taskId],
    queryFn: async ({ signal }) =>
      (await api.GET("/api/v2/dags/{dag_id}/tasks/{task_id}", { params: { path: { dag_id: dagId, task_id: taskId } }, signal })).data!,
    staleTime: 30_000,
  });
}
