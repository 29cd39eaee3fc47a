import { DAG_RUN_STATES, DAG_RUN_TYPES, TASK_INSTANCE_STATES } from "@tradewind/core";
import { findDag, listRunTimes, listTaskDurations, listTaskRuns } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso, toIsoOrNull } from "../http/values.ts";
import { dagNotFound, DagPath } from "../rest/dags.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";

/** How many of the latest runs are looked at. */
const RunsQuery = z.object({ runs: z.coerce.number().int().min(1).max(500).default(100) });

const RunTimesResponse = z
  .strictObject({
    /** Newest first. */
    runs: z.array(
      z.strictObject({
        dag_run_id: z.string(),
        run_type: z.enum(DAG_RUN_TYPES),
        state: z.enum(DAG_RUN_STATES),
        run_after: Instant,
        data_interval_end: Instant.nullable(),
        start_date: Instant.nullable(),
        end_date: Instant.nullable(),
      }),
    ),
  })
  .meta({ id: "RunTimesResponse" });

const TaskDurationsResponse = z
  .strictObject({
    /** What took longest in all first. */
    tasks: z.array(
      z.strictObject({
        task_id: z.string(),
        instances: z.number(),
        failed: z.number(),
        median_seconds: z.number(),
        p95_seconds: z.number(),
        longest_seconds: z.number(),
        total_seconds: z.number(),
        median_wait_seconds: z.number().nullable(),
      }),
    ),
  })
  .meta({ id: "TaskDurationsResponse" });

const TaskRunsResponse = z
  .strictObject({
    /** Newest first; without those in which the task has not ended once. */
    runs: z.array(
      z.strictObject({
        dag_run_id: z.string(),
        run_after: Instant,
        run_type: z.enum(DAG_RUN_TYPES),
        state: z.enum(TASK_INSTANCE_STATES).nullable(),
        instances: z.number(),
        start_date: Instant,
        end_date: Instant.nullable(),
        /** Of the longest instance. */
        seconds: z.number(),
      }),
    ),
  })
  .meta({ id: "TaskRunsResponse" });

/** How long the runs and the tasks of a DAG take, and how that changes. */
export function durationRoutes(routes: RestRoutes, { db }: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/run_times/{dag_id}",
      access: "dag_runs:read",
      pathSchema: DagPath,
      query: RunsQuery,
      status: 200,
      answer: RunTimesResponse,
    },
    async ({ path: { dag_id: dagId }, query: { runs } }) => {
      if ((await findDag(db, { dagId })) === undefined) throw dagNotFound(dagId);
      const rows = await listRunTimes(db, { dagId, runs });
      return {
        runs: rows.map((row) => ({
          dag_run_id: row.runId,
          run_type: row.runType,
          state: row.state,
          run_after: toIso(row.runAfter),
          data_interval_end: toIsoOrNull(row.dataIntervalEnd),
          start_date: toIsoOrNull(row.startDate),
          end_date: toIsoOrNull(row.endDate),
        })),
      };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/durations/{dag_id}",
      access: "task_instances:read",
      pathSchema: DagPath,
      query: RunsQuery,
      status: 200,
      answer: TaskDurationsResponse,
    },
    async ({ path: { dag_id: dagId }, query: { runs } }) => {
      if ((await findDag(db, { dagId })) === undefined) throw dagNotFound(dagId);
      const rows = await listTaskDurations(db, { dagId, runs });
      return {
        tasks: rows.map((row) => ({
          task_id: row.taskId,
          instances: row.instances,
          failed: row.failed,
          median_seconds: row.medianSeconds,
          p95_seconds: row.p95Seconds,
          longest_seconds: row.longestSeconds,
          total_seconds: row.totalSeconds,
          median_wait_seconds: row.medianWaitSeconds,
        })),
      };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/durations/{dag_id}/{task_id}",
      access: "task_instances:read",
      pathSchema: DagPath.extend({ task_id: z.string() }),
      query: RunsQuery,
      status: 200,
      answer: TaskRunsResponse,
    },
    async ({ path: { dag_id: dagId, task_id: taskId }, query: { runs } }) => {
      if ((await findDag(db, { dagId })) === undefined) throw dagNotFound(dagId);
      const rows = await listTaskRuns(db, { dagId, taskId, runs });
      return {
        runs: rows.map((row) => ({
          dag_run_id: row.runId,
          run_after: toIso(row.runAfter),
          run_type: row.runType,
          state: row.state,
          instances: row.instances,
          start_date: toIso(row.startDate),
          end_date: toIsoOrNull(row.endDate),
          seconds: row.longestSeconds,
        })),
      };
    },
  );
}
