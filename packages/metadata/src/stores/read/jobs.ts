import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import {
  isEqual,
  isWithin,
  limitTo,
  type Listed,
  listWithTotal,
  orderBy,
  type OrderColumns,
  type Page,
  type Range,
  select,
  where,
} from "./list-query.ts";

export interface JobRow {
  id: string;
  jobType: string;
  state: "running" | "success" | "failed";
  hostname: string;
  pid: number;
  startDate: Date;
  latestHeartbeat: Date;
  endDate: Date | null;
}

const columns = `j.id, j.job_type as "jobType", j.state, j.hostname, j.pid, j.start_date as "startDate", j.latest_heartbeat as "latestHeartbeat", j.end_date as "endDate"`;

export const JOB_ORDER_COLUMNS = {
  // Ids carry the time at which they were made.
  id: { by: "j.id" },
  state: { by: "j.state" },
  job_type: { by: "j.job_type" },
  start_date: { by: "j.start_date" },
  end_date: { by: "j.end_date", nullable: true },
  latest_heartbeat: { by: "j.latest_heartbeat" },
  hostname: { by: "j.hostname" },
} as const satisfies OrderColumns;

export interface JobFilter {
  /** Running, with a heartbeat of the last `thresholdSeconds`. */
  isAlive?: boolean | undefined;
  thresholdSeconds: number;
  state?: string | undefined;
  jobType?: string | undefined;
  hostname?: string | undefined;
  startDate?: Range<Date> | undefined;
  endDate?: Range<Date> | undefined;
}

export async function listJobs(db: Queryable, params: { filter: JobFilter; page: Page }): Promise<Listed<JobRow>> {
  const { filter, page } = params;
  const alive = sql`(j.state = 'running' and j.latest_heartbeat > now() - make_interval(secs => ${filter.thresholdSeconds}))`;
  const conditions = where([
    filter.isAlive === undefined ? undefined : filter.isAlive ? alive : sql`not ${alive}`,
    isEqual("j.state", filter.state),
    isEqual("j.job_type", filter.jobType),
    isEqual("j.hostname", filter.hostname),
    isWithin("j.start_date", filter.startDate),
    isWithin("j.end_date", filter.endDate),
  ]);
  return listWithTotal(db, page, {
    rows: sql`select ${sql.raw(columns)} from job j ${conditions} ${orderBy(JOB_ORDER_COLUMNS, page.orderBy, "j.id")} ${limitTo(page)}`,
    count: sql`select count(*) as total from job j ${conditions}`,
  });
}

/** The latest heartbeat of running jobs by type, and how old it is by the database's clock. Uses `job_running`. */
export async function listLatestHeartbeats(db: Queryable): Promise<Map<string, { at: Date; ageSeconds: number }>> {
  const rows = await select<{ jobType: string; at: Date; ageSeconds: number }>(
    db,
    sql`select job_type as "jobType", max(latest_heartbeat) as at, extract(epoch from now() - max(latest_heartbeat))::float8 as "ageSeconds"
      from job where state = 'running' group by job_type`,
  );
  return new Map(rows.map(({ jobType, ...beat }) => [jobType, beat]));
}
