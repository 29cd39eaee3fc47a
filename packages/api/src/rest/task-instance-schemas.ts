import { TASK_INSTANCE_STATES } from "@tradewind/core";
import type { TouchedTaskInstance } from "@tradewind/engine";
import {
  type DagVersionRow,
  listDagVersionsById,
  listRenderedFields,
  listTaskInstanceRowsById,
  type TaskInstanceRow,
  type TryRow,
} from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso, toIsoOrNull, toUuid } from "../http/values.ts";
import { DagVersionResponse, toDagVersionResponse } from "./dag-schemas.ts";
import type { RestContext } from "./route.ts";
import { loadTaskNames, type TaskNames } from "./task-names.ts";

const tryFields = {
  task_id: z.string(),
  dag_id: z.string(),
  dag_run_id: z.string(),
  map_index: z.number(),
  start_date: Instant.nullable(),
  end_date: Instant.nullable(),
  duration: z.number().nullable(),
  state: z.enum(TASK_INSTANCE_STATES).nullable(),
  try_number: z.number(),
  max_tries: z.number(),
  task_display_name: z.string(),
  dag_display_name: z.string(),
  hostname: z.string().nullable(),
  unixname: z.string().nullable(),
  pool: z.string(),
  pool_slots: z.number(),
  queue: z.string().nullable(),
  priority_weight: z.number().nullable(),
  operator: z.string().nullable(),
  operator_name: z.string().nullable(),
  queued_when: Instant.nullable(),
  scheduled_when: Instant.nullable(),
  pid: z.number().nullable(),
  executor: z.string().nullable(),
  executor_config: z.string(),
  dag_version: DagVersionResponse.nullable(),
  /** Why it is in this state, in words; Airflow has it since 3.4. */
  state_reason: z.string().nullable(),
};

export const TaskInstanceHistoryResponse = z.strictObject(tryFields).meta({ id: "TaskInstanceHistoryResponse" });
export const TaskInstanceHistoryCollectionResponse = z
  .strictObject({
    task_instances: z.array(TaskInstanceHistoryResponse),
    total_entries: z.number(),
  })
  .meta({ id: "TaskInstanceHistoryCollectionResponse" });

export const TaskInstanceResponse = z
  .strictObject({
    ...tryFields,
    id: z.uuid(),
    logical_date: Instant.nullable(),
    run_after: Instant,
    note: z.string().nullable(),
    rendered_map_index: z.string().nullable(),
    rendered_fields: z.record(z.string(), z.unknown()),
    trigger: z.null(),
    triggerer_job: z.null(),
  })
  .meta({ id: "TaskInstanceResponse" });

export const TaskInstanceCollectionResponse = z
  .strictObject({
    task_instances: z.array(TaskInstanceResponse),
    total_entries: z.number().nullable(),
    total_entries_limit: z.number().nullable(),
    next_cursor: z.string().nullable(),
    previous_cursor: z.string().nullable(),
  })
  .meta({ id: "TaskInstanceCollectionResponse" });
export type TaskInstanceCollection = z.infer<typeof TaskInstanceCollectionResponse>;

/** What a clear touches. */
export const TouchedCollectionResponse = z
  .strictObject({ task_instances: z.array(TaskInstanceResponse), total_entries: z.number() })
  .meta({ id: "ClearTaskInstanceCollectionResponse" });

interface Names {
  versions: ReadonlyMap<number, DagVersionRow>;
  tasks: TaskNames;
}

/** What rows only refer to, by one query each for all of them. */
async function loadNames({ db }: Pick<RestContext, "db">, rows: readonly TryRow[]): Promise<Names> {
  const ids = rows.map((row) => row.dagVersionId);
  const [versions, tasks] = await Promise.all([listDagVersionsById(db, { ids }), loadTaskNames(db, ids)]);
  return { versions, tasks };
}

export async function toTryResponses(
  context: Pick<RestContext, "db">,
  rows: readonly TryRow[],
): Promise<z.infer<typeof TaskInstanceHistoryResponse>[]> {
  const names = await loadNames(context, rows);
  return rows.map((row) => toTryResponse(row, names));
}

export async function toTaskInstanceResponses(
  context: Pick<RestContext, "db">,
  rows: readonly TaskInstanceRow[],
): Promise<z.infer<typeof TaskInstanceResponse>[]> {
  const [names, rendered] = await Promise.all([loadNames(context, rows), listRenderedFields(context.db, { instances: rows })]);
  return rows.map((row) => ({
    ...toTryResponse(row, names),
    id: toUuid("taskInstance", row.id),
    logical_date: toIsoOrNull(row.logicalDate),
    run_after: toIso(row.runAfter),
    note: row.note,
    rendered_map_index: row.renderedMapIndex,
    rendered_fields: rendered.get(row.id) ?? {},
    trigger: null,
    triggerer_job: null,
  }));
}

function toTryResponse(row: TryRow, { versions, tasks }: Names): z.infer<typeof TaskInstanceHistoryResponse> {
  const version = versions.get(row.dagVersionId);
  return {
    task_id: row.taskId,
    dag_id: row.dagId,
    dag_run_id: row.runId,
    map_index: row.mapIndex,
    start_date: toIsoOrNull(row.startDate),
    end_date: toIsoOrNull(row.endDate),
    duration: row.duration,
    state: row.state,
    try_number: row.tryNumber,
    max_tries: row.maxTries,
    task_display_name: tasks.of(row.dagVersionId, row.taskId),
    dag_display_name: row.dagDisplayName,
    hostname: row.hostname,
    unixname: null,
    pool: row.pool,
    pool_slots: row.poolSlots,
    queue: row.queue,
    priority_weight: row.priorityWeight,
    operator: row.operator,
    operator_name: row.operator,
    queued_when: toIsoOrNull(row.queuedWhen),
    scheduled_when: toIsoOrNull(row.scheduledWhen),
    pid: row.pid,
    executor: row.executor,
    executor_config: "{}",
    dag_version: version === undefined ? null : toDagVersionResponse(version),
    state_reason: row.stateReason,
  };
}

export function toCollection(
  answers: z.infer<typeof TaskInstanceResponse>[],
  total: number,
  totalLimit: number | null = null,
): TaskInstanceCollection {
  return { task_instances: answers, total_entries: total, total_entries_limit: totalLimit, next_cursor: null, previous_cursor: null };
}

/** Task instances as they are now, in the order in which the use case named them. */
export async function toTouchedResponses(
  context: Pick<RestContext, "db">,
  touched: readonly TouchedTaskInstance[],
): Promise<z.infer<typeof TouchedCollectionResponse>> {
  const rows = await listTaskInstanceRowsById(context.db, { ids: touched.map(({ taskInstanceId }) => taskInstanceId) });
  return { task_instances: await toTaskInstanceResponses(context, rows), total_entries: rows.length };
}
