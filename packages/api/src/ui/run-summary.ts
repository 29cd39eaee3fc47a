import { DAG_RUN_STATES, DAG_RUN_TYPES } from "@tradewind/core";
import type { RunSummaryRow } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso, toIsoOrNull } from "../http/values.ts";

/** A run as sparklines and grids show it. */
export const RunSummary = z
  .strictObject({
    dag_run_id: z.string(),
    run_type: z.enum(DAG_RUN_TYPES),
    state: z.enum(DAG_RUN_STATES),
    run_after: Instant,
    logical_date: Instant.nullable(),
    start_date: Instant.nullable(),
    end_date: Instant.nullable(),
    dag_version: z.number(),
    has_note: z.boolean(),
  })
  .meta({ id: "RunSummary" });

export function toRunSummary(run: RunSummaryRow): z.infer<typeof RunSummary> {
  return {
    dag_run_id: run.runId,
    run_type: run.runType,
    state: run.state,
    run_after: toIso(run.runAfter),
    logical_date: toIsoOrNull(run.logicalDate),
    start_date: toIsoOrNull(run.startDate),
    end_date: toIsoOrNull(run.endDate),
    dag_version: run.versionNumber,
    has_note: run.hasNote,
  };
}
