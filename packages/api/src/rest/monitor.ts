import { JOB_ORDER_COLUMNS, type JobRow, listJobs, listLatestHeartbeats } from "@tradewind/metadata/rest";
import { z } from "zod";
import { flag, instantRange, paging, readPage, readRange, text } from "../http/query-values.ts";
import { Instant, toIso, toIsoOrNull, toNumber } from "../http/values.ts";
import type { RestContext, RestRoutes } from "./route.ts";

const VersionInfo = z.strictObject({ version: z.string(), git_version: z.string().nullable() }).meta({ id: "VersionInfo" });

const Status = z.enum(["healthy", "unhealthy"]).nullable();
const HealthInfoResponse = z
  .strictObject({
    metadatabase: z.strictObject({ status: Status }),
    scheduler: z.strictObject({ status: Status, latest_scheduler_heartbeat: z.string().nullable() }),
    triggerer: z.strictObject({ status: Status, latest_triggerer_heartbeat: z.string().nullable() }),
    dag_processor: z.strictObject({ status: Status, latest_dag_processor_heartbeat: z.string().nullable() }),
  })
  .meta({ id: "HealthInfoResponse" });
type Health = z.infer<typeof Status>;

const JobResponse = z
  .strictObject({
    id: z.number(),
    dag_id: z.string().nullable(),
    state: z.string().nullable(),
    job_type: z.string().nullable(),
    start_date: Instant.nullable(),
    end_date: Instant.nullable(),
    latest_heartbeat: Instant.nullable(),
    executor_class: z.string().nullable(),
    hostname: z.string().nullable(),
    unixname: z.string().nullable(),
    dag_display_name: z.string().nullable(),
  })
  .meta({ id: "JobResponse" });
const JobCollectionResponse = z.strictObject({ jobs: z.array(JobResponse), total_entries: z.number() }).meta({ id: "JobCollectionResponse" });

const JobsQuery = z.object({
  ...paging,
  is_alive: flag,
  ...instantRange("start_date"),
  ...instantRange("end_date"),
  job_state: text,
  job_type: text,
  hostname: text,
  executor_class: text,
});

/** Job types are words of people ("SchedulerJob", "scheduler"): what counts is what they name. */
const normalise = (jobType: string): string => jobType.toLowerCase().replaceAll(/[^a-z]|job$/g, "");

async function readHealth({ db, heartbeatThresholdSeconds }: RestContext): Promise<z.infer<typeof HealthInfoResponse>> {
  const beats = await listLatestHeartbeats(db).then(
    (found) => new Map([...found].map(([jobType, beat]) => [normalise(jobType), beat])),
    () => undefined,
  );
  const of = (kind: string, optional: boolean): { status: Health; at: string | null } => {
    const beat = beats?.get(kind);
    if (beat === undefined) return { status: optional && beats !== undefined ? null : "unhealthy", at: null };
    return { status: beat.ageSeconds <= heartbeatThresholdSeconds ? "healthy" : "unhealthy", at: toIso(beat.at) };
  };
  const [scheduler, triggerer, processor] = [of("scheduler", false), of("triggerer", true), of("dagprocessor", true)];
  return {
    metadatabase: { status: beats === undefined ? "unhealthy" : "healthy" },
    scheduler: { status: scheduler.status, latest_scheduler_heartbeat: scheduler.at },
    // Installations without one are healthy too.
    triggerer: { status: triggerer.status, latest_triggerer_heartbeat: triggerer.at },
    dag_processor: { status: processor.status, latest_dag_processor_heartbeat: processor.at },
  };
}

function toJobResponse(job: JobRow): z.infer<typeof JobResponse> {
  return {
    id: toNumber(job.id),
    dag_id: null,
    state: job.state,
    job_type: job.jobType,
    start_date: toIso(job.startDate),
    end_date: toIsoOrNull(job.endDate),
    latest_heartbeat: toIso(job.latestHeartbeat),
    executor_class: null,
    hostname: job.hostname,
    unixname: null,
    dag_display_name: null,
  };
}

export function monitorRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add({ method: "GET", path: "/version", access: "public", status: 200, answer: VersionInfo }, async () => ({
    version: context.version.version,
    git_version: context.version.gitVersion,
  }));

  routes.add({ method: "GET", path: "/monitor/health", access: "public", status: 200, answer: HealthInfoResponse }, async () => readHealth(context));

  routes.add(
    { method: "GET", path: "/jobs", access: "jobs:read", query: JobsQuery, status: 200, answer: JobCollectionResponse },
    async ({ query }) => {
      // Jobs here have no executor of their own.
      if (query.executor_class) return { jobs: [], total_entries: 0 };
      const { items, total } = await listJobs(context.db, {
        filter: {
          isAlive: query.is_alive,
          thresholdSeconds: context.heartbeatThresholdSeconds,
          state: query.job_state,
          jobType: query.job_type,
          hostname: query.hostname,
          startDate: readRange(query, "start_date"),
          endDate: readRange(query, "end_date"),
        },
        page: readPage(query, context.pageLimits, { columns: JOB_ORDER_COLUMNS, byDefault: ["id"] }),
      });
      return { jobs: items.map(toJobResponse), total_entries: total };
    },
  );
}
