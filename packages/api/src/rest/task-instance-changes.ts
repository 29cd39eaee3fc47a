import { readDagSpec, TASK_INSTANCE_STATES, TradewindError } from "@tradewind/core";
import type { ClearOptions } from "@tradewind/engine";
import { findDag, findRunSpec, listTaskInstanceRows, type TaskInstanceRow } from "@tradewind/metadata/rest";
import { z } from "zod";
import { list, whole } from "../http/query-values.ts";
import { InstantInput } from "../http/values.ts";
import { dagRunNotFound, DagRunPath, Note } from "./dag-runs.ts";
import { dagNotFound, DagPath } from "./dags.ts";
import { patchedFields, type RestContext, type RestRequest, type RestRoutes, sendNull } from "./route.ts";
import { listTasksOfGroup } from "./task-instance-filters.ts";
import { getTaskInstance, MapIndexQuery, MappedPath, taskInstanceNotFound, TaskInstancePath, toKey } from "./task-instances.ts";
import {
  type TaskInstanceCollection,
  TaskInstanceCollectionResponse,
  toCollection,
  toTaskInstanceResponses,
  toTouchedResponses,
} from "./task-instance-schemas.ts";

const TASK_INSTANCE = "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}";
const TASK_GROUP = "/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}";
/** States a person may set. */
const SETTABLE = ["success", "failed", "skipped"] as const;

const PatchBody = z
  .strictObject({
    new_state: z
      .enum(TASK_INSTANCE_STATES)
      .nullable()
      .optional()
      .refine((state) => state === undefined || SETTABLE.some((settable) => settable === state), {
        error: `new_state must be one of ${SETTABLE.join(", ")}`,
      }),
    note: Note,
    include_upstream: z.boolean().default(false),
    include_downstream: z.boolean().default(false),
    include_future: z.boolean().default(false),
    include_past: z.boolean().default(false),
  })
  .meta({ id: "PatchTaskInstanceBody" });

const ClearBody = z
  .strictObject({
    dry_run: z.boolean().default(true),
    start_date: InstantInput.nullable().optional(),
    end_date: InstantInput.nullable().optional(),
    only_failed: z.boolean().optional(),
    only_running: z.boolean().default(false),
    reset_dag_runs: z.boolean().default(true),
    task_ids: z
      .array(z.union([z.string(), z.tuple([z.string(), z.number().int()]), z.tuple([z.string()])]))
      .min(1, { error: "task_ids list should have at least 1 element." })
      .nullable()
      .optional(),
    dag_run_id: z.string().nullable().optional(),
    include_upstream: z.boolean().default(false),
    include_downstream: z.boolean().default(false),
    include_future: z.boolean().default(false),
    include_past: z.boolean().default(false),
    run_on_latest_version: z.boolean().nullable().default(false),
    prevent_running_task: z.boolean().default(false),
    note: Note,
  })
  .refine((body) => !(body.only_failed === true && body.only_running), { error: "only_failed and only_running both are set to True" })
  .refine((body) => !(body.start_date && body.end_date && body.end_date < body.start_date), { error: "end_date is sooner than start_date" })
  .refine((body) => !((body.start_date || body.end_date) && body.dag_run_id != null), {
    error: "Exactly one of dag_run_id or (start_date and end_date) must be provided",
  })
  .refine((body) => body.dag_run_id != null || !(body.include_future || body.include_past), {
    error: "dag_run_id is needed for include_future and include_past",
  });

interface Target {
  dagId: string;
  runId: string;
  /** Or a group of tasks, which `groupTasks` are in. */
  taskId: string;
  groupTasks?: readonly string[];
  /** undefined: every instance of the task. */
  mapIndex: number | undefined;
}

export function taskInstanceChangeRoutes(routes: RestRoutes, context: RestContext): void {
  const access = "task_instances:edit" as const;
  const answer = TaskInstanceCollectionResponse;
  const unmapped = {
    access,
    pathSchema: TaskInstancePath,
    query: z.object({ map_index: whole, update_mask: list }),
    body: PatchBody,
    status: 200,
    answer,
  };
  const mapped = { access, pathSchema: MappedPath, query: z.object({ update_mask: list }), body: PatchBody, status: 200, answer };
  const targetOf = (path: z.output<typeof TaskInstancePath>, mapIndex: number | undefined): Target => ({
    dagId: path.dag_id,
    runId: path.dag_run_id,
    taskId: path.task_id,
    mapIndex,
  });

  routes.add({ method: "PATCH", path: TASK_INSTANCE, ...unmapped }, async (request) =>
    patchTaskInstances(context, targetOf(request.path, request.query.map_index), request),
  );
  routes.add({ method: "PATCH", path: `${TASK_INSTANCE}/{map_index}`, ...mapped }, async (request) =>
    patchTaskInstances(context, targetOf(request.path, request.path.map_index), request),
  );
  routes.add(
    {
      method: "DELETE",
      path: TASK_INSTANCE,
      access: "dag_runs:delete",
      pathSchema: TaskInstancePath,
      query: MapIndexQuery,
      status: 200,
      answer: z.null(),
    },
    async ({ path, query, actor, reply }) => {
      const key = toKey(path, query.map_index ?? -1);
      await getTaskInstance(context, key);
      await context.engine.deleteTaskInstance({ ...key, actor });
      return sendNull(reply, 200);
    },
  );
  routes.add({ method: "PATCH", path: `${TASK_INSTANCE}/dry_run`, ...unmapped }, async (request) =>
    planPatch(context, targetOf(request.path, request.query.map_index), request),
  );
  routes.add({ method: "PATCH", path: `${TASK_INSTANCE}/{map_index}/dry_run`, ...mapped }, async (request) =>
    planPatch(context, targetOf(request.path, request.path.map_index), request),
  );

  const GroupPath = DagRunPath.extend({ group_id: z.string() });
  const group = { access, pathSchema: GroupPath, body: PatchBody, status: 200, answer };
  routes.add({ method: "PATCH", path: TASK_GROUP, ...group, query: z.object({ update_mask: list }) }, async (request) =>
    patchTaskInstances(context, await groupTarget(context, request.path), request),
  );
  routes.add({ method: "PATCH", path: `${TASK_GROUP}/dry_run`, ...group }, async (request) =>
    planPatch(context, await groupTarget(context, request.path), { ...request, query: {} }),
  );

  routes.add(
    { method: "POST", path: "/dags/{dag_id}/clearTaskInstances", access, pathSchema: DagPath, body: ClearBody, status: 200, answer },
    async ({ path, body, actor }) => {
      if ((await findDag(context.db, { dagId: path.dag_id })) === undefined) throw dagNotFound(path.dag_id);
      const touched = await context.engine.clearTaskInstances({ ...toClearOptions(body), dagId: path.dag_id, actor });
      const { task_instances, total_entries } = await toTouchedResponses(context, touched);
      return toCollection(task_instances, total_entries);
    },
  );
}

function toClearOptions(body: z.output<typeof ClearBody>): Omit<ClearOptions, "dagId" | "actor"> {
  return {
    dryRun: body.dry_run,
    runId: body.dag_run_id ?? undefined,
    startDate: body.start_date ?? undefined,
    endDate: body.end_date ?? undefined,
    taskIds: body.task_ids?.map((item) => (typeof item === "string" ? item : item.length === 1 ? item[0] : item)),
    // True unless it is said otherwise; who asks for running ones only does not mean failed ones.
    onlyFailed: body.only_failed ?? !body.only_running,
    onlyRunning: body.only_running,
    resetDagRuns: body.reset_dag_runs,
    includeUpstream: body.include_upstream,
    includeDownstream: body.include_downstream,
    includeFuture: body.include_future,
    includePast: body.include_past,
    runOnLatestVersion: body.run_on_latest_version ?? false,
    preventRunningTask: body.prevent_running_task,
    note: body.note ?? undefined,
  };
}

type PatchRequest = Pick<
  RestRequest<unknown, { update_mask?: readonly string[] | undefined }, z.output<typeof PatchBody>>,
  "body" | "query" | "actor"
>;

/** The tasks that the group has in the version that the run has, those of the groups inside it among them. */
async function groupTarget({ db }: RestContext, path: { dag_id: string; dag_run_id: string; group_id: string }): Promise<Target> {
  const { dag_id: dagId, dag_run_id: runId, group_id: groupId } = path;
  const found = await findRunSpec(db, { dagId, runId });
  if (found === undefined) throw dagRunNotFound(dagId, runId);
  const groupTasks = listTasksOfGroup(readDagSpec(found.spec), groupId);
  if (groupTasks.length > 0) return { dagId, runId, taskId: groupId, groupTasks, mapIndex: undefined };
  throw new TradewindError("task_not_found", `Task group '${groupId}' was not found in the version of Dag '${dagId}' that run '${runId}' has.`, {
    details: { dagId, runId, groupId },
  });
}

async function getTargets({ db }: RestContext, { dagId, runId, taskId, groupTasks, mapIndex }: Target): Promise<TaskInstanceRow[]> {
  const tasks = groupTasks === undefined ? { taskId } : { taskIds: groupTasks };
  const filter = { dagId, runId, ...tasks, mapIndexes: mapIndex === undefined ? undefined : [mapIndex] };
  const { items } = await listTaskInstanceRows(db, { filter, page: { limit: Number.MAX_SAFE_INTEGER, offset: 0, orderBy: ["map_index"] } });
  if (items.length === 0) throw taskInstanceNotFound({ dagId, runId, taskId, mapIndex: mapIndex ?? -1 });
  return items;
}

export async function patchTaskInstances(context: RestContext, target: Target, request: PatchRequest): Promise<TaskInstanceCollection> {
  const { body, query, actor } = request;
  const targets = await getTargets(context, target);
  const fields = patchedFields(body, query.update_mask, ["new_state", "note"]);
  if (fields.size === 0) throw new TradewindError("invalid_request", "Nothing to change: give new_state or note.");
  let touchedIds: number[] = [];
  if (fields.has("new_state")) touchedIds = (await setState(context, target, request, false)).map(({ taskInstanceId }) => taskInstanceId);
  const noted = target.groupTasks === undefined ? [target.taskId] : new Set(targets.map(({ taskId }) => taskId));
  const { groupTasks: _group, ...place } = target;
  if (fields.has("note")) for (const taskId of noted) await context.engine.setNote({ ...place, taskId, note: body.note ?? null, actor });
  const ids = new Set([...targets.map(({ id }) => id), ...touchedIds]);
  const { task_instances, total_entries } = await toTouchedResponses(
    context,
    [...ids].map((taskInstanceId) => ({
      taskInstanceId,
      dagId: target.dagId,
      runId: target.runId,
      taskId: target.taskId,
      mapIndex: -1,
      state: null,
    })),
  );
  return toCollection(task_instances, total_entries);
}

async function planPatch(context: RestContext, target: Target, request: PatchRequest): Promise<TaskInstanceCollection> {
  const targets = await getTargets(context, target);
  if (request.body.new_state == null) return toCollection(await toTaskInstanceResponses(context, targets), targets.length);
  const { task_instances, total_entries } = await toTouchedResponses(context, await setState(context, target, request, true));
  return toCollection(task_instances, total_entries);
}

function setState(
  context: RestContext,
  target: Target,
  { body, actor }: PatchRequest,
  dryRun: boolean,
): ReturnType<RestContext["engine"]["setTaskInstanceState"]> {
  const state = SETTABLE.find((settable) => settable === body.new_state);
  if (state === undefined)
    throw new TradewindError("validation_failed", `new_state is in the update mask but not in the body: give one of ${SETTABLE.join(", ")}.`);
  const { groupTasks: _group, ...place } = target;
  return context.engine.setTaskInstanceState({
    ...place,
    state,
    includeUpstream: body.include_upstream,
    includeDownstream: body.include_downstream,
    includeFuture: body.include_future,
    includePast: body.include_past,
    dryRun,
    actor,
  });
}
