import { type DagSpec, readDagSpec, TASK_INSTANCE_STATES } from "@tradewind/core";
import { findDagSpec, type TaskInstanceFilter } from "@tradewind/metadata/rest";
import { z } from "zod";
import { instantRange, list, paging, patterns, readRange, secondsRange, states, text, wholes } from "../http/query-values.ts";
import { bodyDurationRange, bodyInstantRange } from "./dag-runs.ts";
import type { RestContext } from "./route.ts";

const mappedQuery = {
  ...paging,
  ...instantRange("run_after"),
  ...instantRange("logical_date"),
  ...instantRange("start_date"),
  ...instantRange("end_date"),
  ...instantRange("updated_at"),
  ...secondsRange("duration"),
  state: states(TASK_INSTANCE_STATES),
  pool: list,
  ...patterns("pool_name"),
  queue: list,
  ...patterns("queue_name"),
  executor: list,
  version_number: wholes,
  try_number: wholes,
  operator: list,
  ...patterns("operator_name"),
  map_index: wholes,
  ...patterns("rendered_map_index"),
};

export const MappedQuery = z.object(mappedQuery);
export const TaskInstancesQuery = z.object({
  ...mappedQuery,
  cursor: text,
  task_id: text,
  ...patterns("task_display_name"),
  task_group_id: text,
  ...patterns("dag_id"),
  ...patterns("run_id"),
});

export const TaskInstancesBatchBody = z
  .strictObject({
    dag_ids: z.array(z.string()).nullable().optional(),
    dag_run_ids: z.array(z.string()).nullable().optional(),
    task_ids: z.array(z.string()).nullable().optional(),
    state: z.array(z.enum(TASK_INSTANCE_STATES).nullable()).nullable().optional(),
    ...bodyInstantRange("run_after"),
    ...bodyInstantRange("logical_date"),
    ...bodyInstantRange("start_date"),
    ...bodyInstantRange("end_date"),
    ...bodyDurationRange,
    pool: z.array(z.string()).nullable().optional(),
    queue: z.array(z.string()).nullable().optional(),
    executor: z.array(z.string()).nullable().optional(),
    page_offset: z.number().int().min(0).default(0),
    page_limit: z.number().int().min(0).default(100),
    order_by: z.string().nullable().optional(),
  })
  .meta({ id: "TaskInstancesBatchBody" });

/** What both lists, of all task instances and of the mapped ones, filter by. */
export function toMappedFilter(query: z.output<typeof MappedQuery>): TaskInstanceFilter {
  return {
    states: query.state,
    pools: query.pool,
    queues: query.queue,
    executors: query.executor,
    operators: query.operator,
    mapIndexes: query.map_index,
    tryNumbers: query.try_number,
    versionNumbers: query.version_number,
    runAfter: readRange(query, "run_after"),
    logicalDate: readRange(query, "logical_date"),
    startDate: readRange(query, "start_date"),
    endDate: readRange(query, "end_date"),
    updatedAt: readRange(query, "updated_at"),
    duration: readRange(query, "duration"),
    poolPattern: query.pool_name_pattern,
    poolPrefixPattern: query.pool_name_prefix_pattern,
    queuePattern: query.queue_name_pattern,
    queuePrefixPattern: query.queue_name_prefix_pattern,
    operatorPattern: query.operator_name_pattern,
    operatorPrefixPattern: query.operator_name_prefix_pattern,
    renderedMapIndexPattern: query.rendered_map_index_pattern,
    renderedMapIndexPrefixPattern: query.rendered_map_index_prefix_pattern,
  };
}

export async function toListFilter(
  context: RestContext,
  path: { dag_id: string; dag_run_id: string },
  query: z.output<typeof TaskInstancesQuery>,
): Promise<TaskInstanceFilter> {
  const dagId = path.dag_id === "~" ? undefined : path.dag_id;
  return {
    ...toMappedFilter(query),
    dagId,
    runId: path.dag_run_id === "~" ? undefined : path.dag_run_id,
    taskId: query.task_id,
    taskIds: query.task_group_id === undefined || dagId === undefined ? undefined : await tasksOfGroup(context, dagId, query.task_group_id),
    // Names are in the spec of each version; the id is what rows can be searched by.
    taskIdPattern: query.task_display_name_pattern,
    taskIdPrefixPattern: query.task_display_name_prefix_pattern,
    dagIdPattern: query.dag_id_pattern,
    dagIdPrefixPattern: query.dag_id_prefix_pattern,
    runIdPattern: query.run_id_pattern,
    runIdPrefixPattern: query.run_id_prefix_pattern,
  };
}

/** Tasks in a group and in the groups inside it, of the latest version; a group that does not exist has one task that does not exist either, so that nothing is found. */
async function tasksOfGroup({ db }: RestContext, dagId: string, groupId: string): Promise<string[]> {
  const found = await findDagSpec(db, { dagId });
  if (found === undefined) return [groupId];
  const taskIds = listTasksOfGroup(readDagSpec(found.spec), groupId);
  return taskIds.length === 0 ? [groupId] : taskIds;
}

export function listTasksOfGroup(spec: DagSpec, groupId: string): string[] {
  const parents = new Map(spec.groups.map((group) => [group.groupId, group.parentId]));
  const isInside = (id: string | null | undefined): boolean => id != null && (id === groupId || isInside(parents.get(id)));
  return spec.tasks.filter((task) => isInside(task.groupId)).map((task) => task.taskId);
}

export function toBatchFilter(body: z.output<typeof TaskInstancesBatchBody>): TaskInstanceFilter {
  return {
    dagIds: body.dag_ids ?? undefined,
    runIds: body.dag_run_ids ?? undefined,
    taskIds: body.task_ids ?? undefined,
    states: body.state ?? undefined,
    pools: body.pool ?? undefined,
    queues: body.queue ?? undefined,
    executors: body.executor ?? undefined,
    runAfter: readRange(body, "run_after"),
    logicalDate: readRange(body, "logical_date"),
    startDate: readRange(body, "start_date"),
    endDate: readRange(body, "end_date"),
    duration: readRange(body, "duration"),
  };
}
