import type { components } from "@tradewind/client";
import { queryOptions } from "@tanstack/react-query";
import type { Json } from "@tradewind/core";
import { api } from "./client.ts";
import { whenNotLive } from "./live.ts";
import type { TaskPlace } from "./task-instance.ts";

export type XComEntry = components["schemas"]["XComResponse"];

const LIVE_MS = 4000;
const MOST_ENTRIES = 100;
const ENTRIES = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries" as const;

function pathOf({ dagId, runId, taskId }: TaskPlace) {
  return { dag_id: dagId, dag_run_id: runId, task_id: taskId };
}

/** What a task instance gave to others; values are asked for one by one. */
export function xcomsQuery(place: TaskPlace) {
  return queryOptions({
    queryKey: ["xcoms", place.dagId, place.runId, place.taskId, place.mapIndex],
    queryFn: async ({ signal }) => {
      const query = { map_index: place.mapIndex, limit: MOST_ENTRIES };
      return (await api.GET(ENTRIES, { params: { path: pathOf(place), query }, signal })).data!;
    },
    refetchInterval: whenNotLive(LIVE_MS),
  });
}

/** @param writtenAt the entry's: a value that was written anew is asked for anew */
export function xcomValueQuery(place: TaskPlace, key: string, writtenAt: string) {
  return queryOptions({
    queryKey: ["xcom", place.dagId, place.runId, place.taskId, place.mapIndex, key, writtenAt],
    queryFn: async ({ signal }): Promise<Json> => {
      const params = { path: { ...pathOf(place), xcom_key: key }, query: { map_index: place.mapIndex } };
      return (await api.GET(`${ENTRIES}/{xcom_key}`, { params, signal })).data!.value as Json;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export async function addXCom(place: TaskPlace, key: string, value: Json): Promise<void> {
  await api.POST(ENTRIES, { params: { path: pathOf(place) }, body: { key, value, map_index: place.mapIndex } });
}

export async function changeXCom(place: TaskPlace, key: string, value: Json): Promise<void> {
  await api.PATCH(`${ENTRIES}/{xcom_key}`, { params: { path: { ...pathOf(place), xcom_key: key } }, body: { value, map_index: place.mapIndex } });
}

export async function deleteXCom(place: TaskPlace, key: string): Promise<void> {
  await api.DELETE(`${ENTRIES}/{xcom_key}`, { params: { path: { ...pathOf(place), xcom_key: key }, query: { map_index: place.mapIndex } } });
}
