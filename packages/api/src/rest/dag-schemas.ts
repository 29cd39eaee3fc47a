import { join } from "node:path";
import { DAG_RUN_TYPES, type DagSpec, paramsInOrder, readDagSpec } from "@tradewind/core";
import type { DagDetailsRow, DagRow, DagVersionRow } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso, toIsoOrNull, toUuid } from "../http/values.ts";
import type { RestContext } from "./route.ts";

export const DagTagResponse = z.strictObject({ name: z.string(), dag_id: z.string(), dag_display_name: z.string() }).meta({ id: "DagTagResponse" });

export const DagVersionResponse = z
  .strictObject({
    id: z.uuid(),
    version_number: z.number(),
    dag_id: z.string(),
    bundle_name: z.string().nullable(),
    bundle_version: z.string().nullable(),
    created_at: Instant,
    dag_display_name: z.string(),
    bundle_url: z.string().nullable(),
  })
  .meta({ id: "DagVersionResponse" });

/** "Draining: no new scheduled runs, unfinished runs finish, then the Dag pauses itself." */
export const DagSchedulingState = z.enum(["active", "draining", "paused"]).meta({ id: "DagSchedulingState" });

const dagFields = {
  dag_id: z.string(),
  dag_display_name: z.string(),
  is_paused: z.boolean(),
  scheduling_state: DagSchedulingState,
  is_stale: z.boolean(),
  last_parsed_time: Instant.nullable(),
  last_parse_duration: z.number().nullable(),
  last_expired: Instant.nullable(),
  bundle_name: z.string().nullable(),
  bundle_version: z.string().nullable(),
  relative_fileloc: z.string().nullable(),
  fileloc: z.string(),
  description: z.string().nullable(),
  timetable_summary: z.string().nullable(),
  timetable_description: z.string().nullable(),
  timetable_partitioned: z.boolean(),
  timetable_periodic: z.boolean(),
  tags: z.array(DagTagResponse),
  max_active_tasks: z.number(),
  max_active_runs: z.number().nullable(),
  max_consecutive_failed_dag_runs: z.number(),
  has_task_concurrency_limits: z.boolean(),
  has_import_errors: z.boolean(),
  next_dagrun_logical_date: Instant.nullable(),
  next_dagrun_data_interval_start: Instant.nullable(),
  next_dagrun_data_interval_end: Instant.nullable(),
  next_dagrun_run_after: Instant.nullable(),
  allowed_run_types: z.array(z.enum(DAG_RUN_TYPES)).nullable(),
  owners: z.array(z.string()),
  is_backfillable: z.boolean(),
  file_token: z.string(),
};

export const DagResponse = z.strictObject(dagFields).meta({ id: "DAGResponse" });
export const DagCollectionResponse = z.strictObject({ dags: z.array(DagResponse), total_entries: z.number() }).meta({ id: "DAGCollectionResponse" });

export const DagDetailsResponse = z
  .strictObject({
    ...dagFields,
    catchup: z.boolean(),
    dag_run_timeout: z.string().nullable(),
    asset_expression: z.record(z.string(), z.unknown()).nullable(),
    doc_md: z.string().nullable(),
    start_date: Instant.nullable(),
    end_date: Instant.nullable(),
    is_paused_upon_creation: z.boolean().nullable(),
    params: z.record(z.string(), z.unknown()).nullable(),
    render_template_as_native_obj: z.boolean(),
    template_search_path: z.array(z.string()).nullable(),
    timezone: z.string().nullable(),
    last_parsed: Instant.nullable(),
    default_args: z.record(z.string(), z.unknown()).nullable(),
    rerun_with_latest_version: z.boolean().nullable(),
    owner_links: z.record(z.string(), z.string()).nullable(),
    is_favorite: z.boolean(),
    active_runs_count: z.number(),
    concurrency: z.number(),
    latest_dag_version: DagVersionResponse.nullable(),
  })
  .meta({ id: "DAGDetailsResponse" });

/** Names the file for clients that hand it back; it holds nothing secret and grants nothing. */
function fileToken(bundleName: string, relativePath: string): string {
  return Buffer.from(JSON.stringify({ bundle_name: bundleName, relative_fileloc: relativePath })).toString("base64url");
}

const FileToken = z.object({ bundle_name: z.string(), relative_fileloc: z.string() });

/** @returns undefined: it is no token. */
export function readFileToken(token: string): { bundleName: string; relativePath: string } | undefined {
  try {
    const { bundle_name: bundleName, relative_fileloc: relativePath } = FileToken.parse(JSON.parse(Buffer.from(token, "base64url").toString()));
    return { bundleName, relativePath };
  } catch {
    return undefined;
  }
}

export function fileLocation({ folderOfBundle }: Pick<RestContext, "folderOfBundle">, bundleName: string, relativePath: string): string {
  const folder = folderOfBundle(bundleName);
  return folder === undefined ? relativePath : join(folder, relativePath);
}

export function toDagResponse(context: Pick<RestContext, "folderOfBundle">, dag: DagRow): z.infer<typeof DagResponse> {
  return {
    dag_id: dag.dagId,
    dag_display_name: dag.dagDisplayName,
    is_paused: dag.isPaused,
    scheduling_state: dag.isPaused ? "paused" : dag.isDraining ? "draining" : "active",
    is_stale: dag.isStale,
    last_parsed_time: toIso(dag.lastParsedAt),
    last_parse_duration: dag.lastParseDurationMs === null ? null : dag.lastParseDurationMs / 1000,
    last_expired: null,
    bundle_name: dag.bundleName,
    // Folders have no version of their own; what a version of the DAG runs is told by its dag version.
    bundle_version: null,
    relative_fileloc: dag.relativePath,
    fileloc: fileLocation(context, dag.bundleName, dag.relativePath),
    description: dag.description,
    timetable_summary: dag.timetableSummary,
    timetable_description: dag.timetableDescription,
    timetable_partitioned: false,
    timetable_periodic: dag.timetablePeriodic,
    tags: dag.tags.map((name) => ({ name, dag_id: dag.dagId, dag_display_name: dag.dagDisplayName })),
    max_active_tasks: dag.maxActiveTasks,
    max_active_runs: dag.maxActiveRuns,
    max_consecutive_failed_dag_runs: dag.maxConsecutiveFailedDagRuns,
    has_task_concurrency_limits: dag.hasTaskConcurrencyLimits,
    has_import_errors: dag.hasImportErrors,
    next_dagrun_logical_date: toIsoOrNull(dag.nextLogicalDate),
    next_dagrun_data_interval_start: toIsoOrNull(dag.nextDataIntervalStart),
    next_dagrun_data_interval_end: toIsoOrNull(dag.nextDataIntervalEnd),
    next_dagrun_run_after: toIsoOrNull(dag.nextRunAt),
    allowed_run_types: dag.allowedRunTypes,
    owners: dag.owners,
    is_backfillable: dag.timetablePeriodic,
    file_token: fileToken(dag.bundleName, dag.relativePath),
  };
}

export function toDagDetailsResponse(context: Pick<RestContext, "folderOfBundle">, dag: DagDetailsRow): z.infer<typeof DagDetailsResponse> {
  const spec = readDagSpec(dag.spec);
  return {
    ...toDagResponse(context, dag),
    catchup: spec.catchup,
    dag_run_timeout: spec.dagrunTimeoutMs === null ? null : `PT${spec.dagrunTimeoutMs / 1000}S`,
    asset_expression: null,
    doc_md: spec.doc,
    start_date: spec.startDate,
    end_date: spec.endDate,
    is_paused_upon_creation: spec.isPausedUponCreation,
    params: paramsOf(spec),
    render_template_as_native_obj: true,
    template_search_path: null,
    timezone: "timezone" in spec.schedule ? spec.schedule.timezone : "UTC",
    last_parsed: toIso(dag.lastParsedAt),
    default_args: null,
    rerun_with_latest_version: null,
    owner_links: null,
    is_favorite: dag.isFavorite,
    active_runs_count: dag.activeRunsCount,
    concurrency: dag.maxActiveTasks,
    latest_dag_version: toDagVersionResponse(dag.version),
  };
}

/** As Airflow writes params: value, schema and description by name, in the order in which the author wrote them. */
export function paramsOf(spec: DagSpec): Record<string, unknown> {
  return Object.fromEntries(
    paramsInOrder(spec).map(([name, { schema, default: value, description }]) => [
      name,
      { value: value ?? null, schema, description, source: "dag" },
    ]),
  );
}

export function toDagVersionResponse(version: DagVersionRow): z.infer<typeof DagVersionResponse> {
  return {
    id: toUuid("dagVersion", version.id),
    version_number: version.versionNumber,
    dag_id: version.dagId,
    bundle_name: version.bundleName,
    bundle_version: version.bundleSha256,
    created_at: toIso(version.createdAt),
    dag_display_name: version.dagDisplayName,
    bundle_url: null,
  };
}
