import { type listExecutorLoads, listLatestHeartbeats } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso } from "../http/values.ts";
import type { RestContext } from "../rest/route.ts";

/** A part of the installation. `idle`: it is not needed now, and not there. */
export const Component = z.strictObject({
  id: z.enum(["scheduler", "dag_processor", "api", "workers", "database"]),
  status: z.enum(["healthy", "unhealthy", "idle"]),
  /** In a few words. */
  detail: z.string(),
  last_heartbeat: Instant.nullable(),
});
type ComponentResponse = z.infer<typeof Component>;

type ExecutorLoad = Awaited<ReturnType<typeof listExecutorLoads>>[number];

/** How each part of the installation is; `executors` null: whoever asks is not told of workers. That this answers at all says that the API and the database do. */
export async function readComponents(
  { db, heartbeatThresholdSeconds, version }: RestContext,
  { executors, databaseMs, hasWork }: { executors: readonly ExecutorLoad[] | null; databaseMs: number; hasWork: boolean },
): Promise<ComponentResponse[]> {
  const beats = await listLatestHeartbeats(db);
  const ofJob = (id: "scheduler" | "dag_processor", jobType: string): ComponentResponse => {
    const beat = beats.get(jobType);
    if (beat === undefined) return { id, status: "unhealthy", detail: "none is running", last_heartbeat: null };
    const isWell = beat.ageSeconds <= heartbeatThresholdSeconds;
    return { id, status: isWell ? "healthy" : "unhealthy", detail: isWell ? "alive" : "silent", last_heartbeat: toIso(beat.at) };
  };
  return [
    ofJob("scheduler", "SchedulerJob"),
    ofJob("dag_processor", "DagProcessorJob"),
    { id: "api", status: "healthy", detail: `version ${version.version}`, last_heartbeat: null },
    ...(executors === null ? [] : [ofWorkers(executors, hasWork)]),
    { id: "database", status: "healthy", detail: `answers in ${Math.max(1, Math.round(databaseMs))} ms`, last_heartbeat: null },
  ];
}

function ofWorkers(executors: readonly ExecutorLoad[], hasWork: boolean): ComponentResponse {
  const sum = (of: (load: ExecutorLoad) => number): number => executors.reduce((total, load) => total + of(load), 0);
  const workers = sum((load) => load.workers);
  const rest = [
    [sum((load) => load.draining), "draining"],
    [sum((load) => load.offline), "offline"],
  ] as const;
  const others = rest.flatMap(([count, word]) => (count === 0 ? [] : [`, ${count} ${word}`])).join("");
  if (workers === 0) return { id: "workers", status: hasWork ? "unhealthy" : "idle", detail: `none is alive${others}`, last_heartbeat: null };
  const places = `${sum((load) => load.running)} of ${sum((load) => load.slots)} slots in use`;
  return { id: "workers", status: "healthy", detail: `${workers} alive${others}, ${places}`, last_heartbeat: null };
}
