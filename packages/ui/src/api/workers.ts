import type { components } from "@tradewind/client";
import { queryOptions } from "@tanstack/react-query";
import { api } from "./client.ts";
import { whenNotLive } from "./live.ts";

export type Worker = components["schemas"]["WorkerResponse"];
export type Queue = components["schemas"]["QueueResponse"];
export type Service = components["schemas"]["JobResponse"];

const MOST = 100;
const LIVE_MS = 2000;

/** Those that are there, and those that were lately. */
export const workersQuery = queryOptions({
  queryKey: ["workers", "all"],
  queryFn: async ({ signal }) => (await api.GET("/api/v2/workers", { params: { query: { limit: MOST, order_by: ["name"] } }, signal })).data!.workers,
  // Heartbeats are no changes that are told.
  refetchInterval: LIVE_MS,
});

export function workerQuery(hostId: string) {
  return queryOptions({
    queryKey: ["workers", "one", hostId],
    queryFn: async ({ signal }) => (await api.GET("/api/v2/workers/{worker}", { params: { path: { worker: hostId } }, signal })).data!,
    refetchInterval: LIVE_MS,
  });
}

export const queuesQuery = queryOptions({
  queryKey: ["queues"],
  queryFn: async ({ signal }) => (await api.GET("/api/v2/queues", { signal })).data!.queues,
  refetchInterval: LIVE_MS,
});

/** Schedulers, DAG processors and the like, those at work first. */
export const servicesQuery = queryOptions({
  queryKey: ["jobs"],
  queryFn: async ({ signal }) =>
    (await api.GET("/api/v2/jobs", { params: { query: { limit: MOST, order_by: ["-latest_heartbeat"] } }, signal })).data!.jobs,
  refetchInterval: whenNotLive(LIVE_MS),
});

/** Drain: it ends what it runs and takes nothing more. Resume: it takes tasks again. */
export async function directWorker({ hostId, wish }: { hostId: string; wish: "drain" | "resume" }): Promise<void> {
  const path = { params: { path: { worker: hostId } } };
  if (wish === "drain") await api.POST("/api/v2/workers/{worker}/drain", path);
  else await api.POST("/api/v2/workers/{worker}/resume", path);
}
