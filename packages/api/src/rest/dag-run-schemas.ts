import { DAG_RUN_STATES, DAG_RUN_TYPES } from "@tradewind/core";
import { type DagRunRow, type DagVersionRow, listDagVersionsById } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso, toIsoOrNull } from "../http/values.ts";
import { DagVersionResponse, toDagVersionResponse } from "./dag-schemas.ts";
import type { RestContext } from "./route.ts";

export const DagRunResponse = z
  .strictObject({
    dag_run_id: z.string(),
    dag_id: z.string(),
    logical_date: Instant.nullable(),
    queued_at: Instant.nullable(),
    start_date: Instant.nullable(),
    end_date: Instant.nullable(),
    duration: z.number().nullable(),
    data_interval_start: Instant.nullable(),
    data_interval_end: Instant.nullable(),
    run_after: Instant,
    last_scheduling_decision: Instant.nullable(),
    run_type: z.enum(DAG_RUN_TYPES),
    state: z.enum(DAG_RUN_STATES),
    triggered_by: z.string().nullable(),
    triggering_user_name: z.string().nullable(),
    conf: z.record(z.string(), z.unknown()).nullable(),
    note: z.string().nullable(),
    dag_versions: z.array(DagVersionResponse),
    bundle_version: z.string().nullable(),
    dag_display_name: z.string(),
    partition_key: z.string().nullable(),
    partition_date: Instant.nullable(),
  })
  .meta({ id: "DAGRunResponse" });

export const DagRunCollectionResponse = z
  .strictObject({
    dag_runs: z.array(DagRunResponse),
    total_entries: z.number().nullable(),
    total_entries_limit: z.number().nullable(),
    next_cursor: z.string().nullable(),
    previous_cursor: z.string().nullable(),
  })
  .meta({ id: "DAGRunCollectionResponse" });

/** Runs with their versions, which one query gives for all of them. */
export async function toDagRunResponses({ db }: Pick<RestContext, "db">, rows: readonly DagRunRow[]): Promise<z.infer<typeof DagRunResponse>[]> {
  const versions = await listDagVersionsById(db, { ids: rows.flatMap((row) => [row.dagVersionId, ...row.dagVersionIds]) });
  return rows.map((row) => toDagRunResponse(row, versions));
}

function toDagRunResponse(row: DagRunRow, versions: ReadonlyMap<number, DagVersionRow>): z.infer<typeof DagRunResponse> {
  const versionIds = row.dagVersionIds.length === 0 ? [row.dagVersionId] : row.dagVersionIds;
  return {
    dag_run_id: row.runId,
    dag_id: row.dagId,
    logical_date: toIsoOrNull(row.logicalDate),
    queued_at: toIsoOrNull(row.queuedAt),
    start_date: toIsoOrNull(row.startDate),
    end_date: toIsoOrNull(row.endDate),
    duration: row.duration,
    data_interval_start: toIsoOrNull(row.dataIntervalStart),
    data_interval_end: toIsoOrNull(row.dataIntervalEnd),
    run_after: toIso(row.runAfter),
    last_scheduling_decision: toIsoOrNull(row.lastSchedulingDecision),
    run_type: row.runType,
    state: row.state,
    triggered_by: row.triggeredBy,
    triggering_user_name: row.triggeringUserName,
    conf: JSON.parse(row.conf) as Record<string, unknown> | null,
    note: row.note,
    dag_versions: versionIds.flatMap((id) => versions.get(id) ?? []).map(toDagVersionResponse),
    bundle_version: versions.get(row.dagVersionId)?.bundleSha256 ?? null,
    dag_display_name: row.dagDisplayName,
    partition_key: null,
    partition_date: null,
  };
}
