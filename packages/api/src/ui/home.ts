import { DAG_RUN_STATES, DAG_RUN_TYPES } from "@tradewind/core";
import {
  countLive,
  type HomeRun,
  listDagsPausedByFailures,
  listExecutorLoads,
  listFailingDags,
  listLateDags,
  listNewestImportErrors,
  listRecentRuns,
  listRunningRuns,
  listStuckTasks,
  listTightPools,
} from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso, toIsoOrNull } from "../http/values.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";
import { Component, readComponents } from "./home-health.ts";
import { readThroughput, Throughput } from "./home-throughput.ts";

const NAMED = 6;
const RUNS_SHOWN = 8;
const DAY_MS = 86_400_000;
/** A schedule that is this late has missed its time, and one that is not is being served. */
const LATE_MS = 60_000;
/** Longer than a healthy executor takes to begin what it was given. */
const QUEUED_MS = 60_000;
/** What is ready and finds no place for so long. */
const SCHEDULED_MS = 120_000;
const TIGHT = 0.8;

const HomeRunResponse = z.strictObject({
  dag_id: z.string(),
  dag_run_id: z.string(),
  run_type: z.enum(DAG_RUN_TYPES),
  state: z.enum(DAG_RUN_STATES),
  start_date: Instant,
  end_date: Instant.nullable(),
});

/** A list of things that ask for attention: the first of them, and how many there are. */
const attention = <S extends z.ZodObject>(item: S) => z.strictObject({ total: z.number(), items: z.array(item) });

const HomeResponse = z
  .strictObject({
    /** By the clock of the database. */
    now: Instant,
    components: z.array(Component),
    counts: z.strictObject({
      running_runs: z.number(),
      queued_runs: z.number(),
      running_tasks: z.number(),
      queued_tasks: z.number(),
      scheduled_tasks: z.number(),
      active_dags: z.number(),
      paused_dags: z.number(),
    }),
    /** DAGs whose latest run failed in the last 24 hours. */
    failing: attention(
      z.strictObject({
        dag_id: z.string(),
        dag_run_id: z.string(),
        end_date: Instant,
        failures: z.number(),
        task_id: z.string().nullable(),
        map_index: z.number().nullable(),
        reason: z.string().nullable(),
      }),
    ),
    late: attention(z.strictObject({ dag_id: z.string(), next_run_at: Instant, is_blocked: z.boolean() })),
    stuck: attention(
      z.strictObject({
        state: z.enum(["queued", "scheduled"]),
        place: z.string(),
        queue: z.string().nullable(),
        count: z.number(),
        since: Instant,
        dag_id: z.string(),
        dag_run_id: z.string(),
        task_id: z.string(),
        map_index: z.number(),
      }),
    ),
    import_errors: attention(
      z.strictObject({ import_error_id: z.number(), filename: z.string(), line: z.number().nullable(), message: z.string(), timestamp: Instant }),
    ),
    paused_by_failures: attention(z.strictObject({ dag_id: z.string(), at: Instant, reason: z.string().nullable() })),
    running: z.array(HomeRunResponse.extend({ total: z.number(), unfinished: z.number(), failed: z.number() })),
    recent: z.array(HomeRunResponse),
    /** Runs that began lately, by spans of time, the last of which is going on; spans without any are left out. */
    throughput: Throughput,
    pools: z.array(z.strictObject({ name: z.string(), slots: z.number(), used: z.number(), waiting: z.number() })),
  })
  .meta({ id: "HomeResponse" });

function toHomeRun({ dagId, runId, runType, state, startDate, endDate }: HomeRun): z.infer<typeof HomeRunResponse> {
  return { dag_id: dagId, dag_run_id: runId, run_type: runType, state, start_date: toIso(startDate), end_date: toIsoOrNull(endDate) };
}

/** Of rows that carry how many there are in all. */
function listed<R extends { total: number }, I>(rows: readonly R[], toItem: (row: R) => I): { total: number; items: I[] } {
  return { total: rows[0]?.total ?? 0, items: rows.map(toItem) };
}

/** What is going on and what asks for attention, in one request: the first page. */
export function homeRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add({ method: "GET", path: "/home", access: "dags:read", status: 200, answer: HomeResponse }, ({ dags }) =>
    readHome(context, dags.ids ?? null),
  );
}

/** @param dagIds null: all. Who sees only some is told of nothing that is not about these. */
async function readHome(context: RestContext, dagIds: readonly string[] | null): Promise<z.infer<typeof HomeResponse>> {
  const { db } = context;
  const began = performance.now();
  const counts = await countLive(db, { dagIds });
  const databaseMs = performance.now() - began;
  const { now } = counts;
  const [failing, late, stuck, errors, paused, executors] = await Promise.all([
    listFailingDags(db, { dagIds, since: new Date(now.getTime() - DAY_MS), limit: NAMED }),
    listLateDags(db, { dagIds, lateMs: LATE_MS, limit: NAMED }),
    listStuckTasks(db, { dagIds, queuedMs: QUEUED_MS, scheduledMs: SCHEDULED_MS, limit: NAMED }),
    dagIds === null ? listNewestImportErrors(db, { limit: NAMED }) : [],
    listDagsPausedByFailures(db, { dagIds, limit: NAMED }),
    listExecutorLoads(db, { offlineSeconds: context.workerOfflineSeconds }),
  ]);
  const [components, running, recent, throughput, pools] = await Promise.all([
    readComponents(context, { executors: dagIds === null ? executors : null, databaseMs, hasWork: counts.queuedTasks + counts.runningTasks > 0 }),
    listRunningRuns(db, { dagIds, limit: RUNS_SHOWN }),
    listRecentRuns(db, { dagIds, limit: RUNS_SHOWN + 2 }),
    readThroughput(db, { dagIds, now }),
    dagIds === null ? listTightPools(db, { usedShare: TIGHT, limit: NAMED }) : [],
  ]);
  return {
    now: toIso(now),
    components,
    counts: {
      running_runs: counts.runningRuns,
      queued_runs: counts.queuedRuns,
      running_tasks: counts.runningTasks,
      queued_tasks: counts.queuedTasks,
      scheduled_tasks: counts.scheduledTasks,
      active_dags: counts.activeDags,
      paused_dags: counts.pausedDags,
    },
    failing: listed(failing, (row) => ({
      dag_id: row.dagId,
      dag_run_id: row.runId,
      end_date: toIso(row.endDate),
      failures: row.failures,
      task_id: row.taskId,
      map_index: row.mapIndex,
      reason: row.reason,
    })),
    late: listed(late, (row) => ({ dag_id: row.dagId, next_run_at: toIso(row.nextRunAt), is_blocked: row.isBlocked })),
    stuck: {
      total: stuck.reduce((sum, row) => sum + row.count, 0),
      items: stuck.map((row) => ({
        state: row.state,
        place: row.place,
        queue: row.queue,
        count: row.count,
        since: toIso(row.since),
        dag_id: row.dagId,
        dag_run_id: row.runId,
        task_id: row.taskId,
        map_index: row.mapIndex,
      })),
    },
    import_errors: listed(errors, (row) => ({
      import_error_id: row.id,
      filename: row.relativePath,
      line: row.line,
      message: row.message,
      timestamp: toIso(row.timestamp),
    })),
    paused_by_failures: {
      total: paused.length,
      items: paused.map((row) => ({ dag_id: row.dagId, at: toIso(row.at), reason: row.reason })),
    },
    running: running.map((row) => ({ ...toHomeRun(row), total: row.total, unfinished: row.unfinished, failed: row.failed })),
    recent: recent.map(toHomeRun),
    throughput,
    pools,
  };
}
