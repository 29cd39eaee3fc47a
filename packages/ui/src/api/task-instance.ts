import type { components } from "@tradewind/client";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { TaskSpec } from "@tradewind/core";
import { api } from "./client.ts";
import { whenNotLive } from "./live.ts";
import type { TaskInstance } from "./queries.ts";
import { readModel } from "./read-models.ts";

type Schemas = components["schemas"];
export type TaskTry = Schemas["TaskInstanceHistoryResponse"];

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

/** How many tries have begun: the one that is scheduled or queued has its number already, and no log yet. */
export function begunTries({ state, try_number: tryNumber }: Pick<TaskInstance, "state" | "try_number">): number {
  return state === "scheduled" || state === "queued" ? Math.max(0, tryNumber - 1) : tryNumber;
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

/** A task beside another one: how many of its instances are in which state. */
export interface Neighbour {
  task_id: string;
  display_name: string;
  states: [state: string | null, instances: number][];
}

export interface TaskContext {
  version_number: number;
  /** Of the task itself: how many instances are in which state. */
  states: [state: string | null, instances: number][];
  upstream: Neighbour[];
  downstream: Neighbour[];
  /** What the run's version of the DAG says about the task. */
  spec: TaskSpec | null;
}

/** What is around a task in a run. */
export function taskContextQuery({ dagId, runId, taskId }: Omit<TaskPlace, "mapIndex">) {
  return queryOptions({
    queryKey: ["task-instances", dagId, runId, taskId, "context"],
    queryFn: ({ signal }) => readModel<TaskContext>(`/ui/task/${[dagId, runId, taskId].map(encodeURIComponent).join("/")}`, signal),
    refetchInterval: whenNotLive(LIVE_MS),
  });
}
