import { TradewindError } from "@tradewind/core";
import {
  findDagRunRow,
  findTaskInstanceRow,
  listTaskInstanceRows,
  listTries,
  TASK_INSTANCE_ORDER_COLUMNS,
  type TaskInstanceFilter,
  type TaskInstanceKey,
  type TaskInstanceRow,
} from "@tradewind/metadata/rest";
import { z } from "zod";
import { readCursorPage, sealCursors } from "../http/cursors.ts";
import { readPage, whole } from "../http/query-values.ts";
import { dagRunNotFound, DagRunPath } from "./dag-runs.ts";
import type { RestContext, RestRoutes } from "./route.ts";
import { MappedQuery, TaskInstancesBatchBody, TaskInstancesQuery, toBatchFilter, toListFilter, toMappedFilter } from "./task-instance-filters.ts";
import {
  TaskInstanceCollectionResponse,
  TaskInstanceHistoryCollectionResponse,
  TaskInstanceHistoryResponse,
  TaskInstanceResponse,
  toCollection,
  toTaskInstanceResponses,
  toTryResponses,
} from "./task-instance-schemas.ts";

const RUN = "/dags/{dag_id}/dagRuns/{dag_run_id}";

export const TaskInstancePath = DagRunPath.extend({ task_id: z.string() });
export const MappedPath = TaskInstancePath.extend({ map_index: z.coerce.number().int() });
export const MapIndexQuery = z.object({ map_index: whole.default(-1) });

const TryPath = TaskInstancePath.extend({ task_try_number: z.coerce.number().int() });
const MappedTryPath = MappedPath.extend({ task_try_number: z.coerce.number().int() });

const ORDER = { columns: TASK_INSTANCE_ORDER_COLUMNS, byDefault: ["map_index"] };

export function toKey(path: z.output<typeof TaskInstancePath>, mapIndex: number): TaskInstanceKey {
  return { dagId: path.dag_id, runId: path.dag_run_id, taskId: path.task_id, mapIndex };
}

export function taskInstanceNotFound({ dagId, runId, taskId, mapIndex }: TaskInstanceKey): TradewindError {
  return new TradewindError(
    "task_instance_not_found",
    `The Task Instance with dag_id: \`${dagId}\`, run_id: \`${runId}\`, task_id: \`${taskId}\` and map_index: \`${mapIndex}\` was not found`,
    { details: { dagId, runId, taskId, mapIndex } },
  );
}

export async function getTaskInstance({ db }: Pick<RestContext, "db">, key: TaskInstanceKey): Promise<TaskInstanceRow> {
  const row = await findTaskInstanceRow(db, key);
  if (row === undefined) throw taskInstanceNotFound(key);
  return row;
}

async function assertRunExists({ db }: RestContext, { dag_id: dagId, dag_run_id: runId }: z.output<typeof DagRunPath>): Promise<void> {
  if (dagId === "~" || runId === "~") return;
  if ((await findDagRunRow(db, { dagId, runId })) === undefined) throw dagRunNotFound(dagId, runId);
}

export function taskInstanceRoutes(routes: RestRoutes, context: RestContext): void {
  const answerList = async (
    filter: TaskInstanceFilter,
    page: ReturnType<typeof readPage>,
  ): Promise<z.infer<typeof TaskInstanceCollectionResponse>> => {
    const { items, total, totalLimit, ...around } = await listTaskInstanceRows(context.db, { filter, page });
    return { ...toCollection(await toTaskInstanceResponses(context, items), total, totalLimit), ...sealCursors(around, page, context.fernet) };
  };
  const answerOne = async (key: TaskInstanceKey): Promise<z.infer<typeof TaskInstanceResponse>> => {
    const [answer] = await toTaskInstanceResponses(context, [await getTaskInstance(context, key)]);
    return answer!;
  };

  routes.add(
    {
      method: "GET",
      path: `${RUN}/taskInstances`,
      access: "task_instances:read",
      pathSchema: DagRunPath,
      query: TaskInstancesQuery,
      status: 200,
      answer: TaskInstanceCollectionResponse,
    },
    async ({ path, query, dags }) => {
      await assertRunExists(context, path);
      return answerList(
        { ...(await toListFilter(context, path, query)), dagIds: dags.narrow(undefined) },
        readCursorPage(query, context.pageLimits, { ...ORDER, fernet: context.fernet }),
      );
    },
  );

  routes.add(
    {
      method: "POST",
      path: `${RUN}/taskInstances/list`,
      access: "task_instances:read",
      pathSchema: DagRunPath,
      body: TaskInstancesBatchBody,
      status: 200,
      answer: TaskInstanceCollectionResponse,
    },
    async ({ path, body, dags }) => {
      const page = { limit: body.page_limit, offset: body.page_offset, order_by: body.order_by == null ? undefined : [body.order_by] };
      const ofPath = { dagId: path.dag_id === "~" ? undefined : path.dag_id, runId: path.dag_run_id === "~" ? undefined : path.dag_run_id };
      return answerList({ ...toBatchFilter(body), ...ofPath, dagIds: dags.narrow(body.dag_ids) }, readPage(page, context.pageLimits, ORDER));
    },
  );

  routes.add(
    {
      method: "GET",
      path: `${RUN}/taskInstances/{task_id}`,
      access: "task_instances:read",
      pathSchema: TaskInstancePath,
      status: 200,
      answer: TaskInstanceResponse,
    },
    async ({ path }) => {
      const unmapped = await findTaskInstanceRow(context.db, toKey(path, -1));
      if (unmapped === undefined && (await findTaskInstanceRow(context.db, toKey(path, 0))) !== undefined) {
        throw new TradewindError("not_found", "Task instance is mapped, add the map_index value to the URL");
      }
      return answerOne(toKey(path, -1));
    },
  );

  routes.add(
    {
      method: "GET",
      path: `${RUN}/taskInstances/{task_id}/listMapped`,
      access: "task_instances:read",
      pathSchema: TaskInstancePath,
      query: MappedQuery,
      status: 200,
      answer: TaskInstanceCollectionResponse,
    },
    async ({ path, query }) => {
      const { dagId, runId, taskId } = toKey(path, -1);
      const filter = { ...toMappedFilter(query), dagId, runId, taskId, expanded: true };
      const answer = await answerList(filter, readPage(query, context.pageLimits, ORDER));
      if (answer.total_entries === 0) await assertTaskExists(context, { dagId, runId, taskId });
      return answer;
    },
  );

  routes.add(
    {
      method: "GET",
      path: `${RUN}/taskInstances/{task_id}/{map_index}`,
      access: "task_instances:read",
      pathSchema: MappedPath,
      status: 200,
      answer: TaskInstanceResponse,
    },
    async ({ path }) => answerOne(toKey(path, path.map_index)),
  );
}

/** Nothing found by a filter is an empty list; a task that is not in the run at all is not. */
async function assertTaskExists({ db }: RestContext, key: Omit<TaskInstanceKey, "mapIndex">): Promise<void> {
  const { items } = await listTaskInstanceRows(db, { filter: key, page: { limit: 1, offset: 0, orderBy: [] } });
  if (items.length === 0) throw taskInstanceNotFound({ ...key, mapIndex: -1 });
}

export function taskTryRoutes(routes: RestRoutes, context: RestContext): void {
  const answerAll = async (key: TaskInstanceKey): Promise<z.infer<typeof TaskInstanceHistoryCollectionResponse>> => {
    const tries = await listTries(context.db, key);
    if (tries.length === 0) throw taskInstanceNotFound(key);
    return { task_instances: await toTryResponses(context, tries), total_entries: tries.length };
  };
  const answerOne = async (key: TaskInstanceKey, tryNumber: number): Promise<z.infer<typeof TaskInstanceHistoryResponse>> => {
    const [answer] = await toTryResponses(context, await listTries(context.db, { ...key, tryNumber }));
    if (answer === undefined) throw tryNotFound(key, tryNumber);
    return answer;
  };
  const access = "task_instances:read" as const;

  routes.add(
    {
      method: "GET",
      path: `${RUN}/taskInstances/{task_id}/tries`,
      access,
      pathSchema: TaskInstancePath,
      query: MapIndexQuery,
      status: 200,
      answer: TaskInstanceHistoryCollectionResponse,
    },
    async ({ path, query }) => answerAll(toKey(path, query.map_index ?? -1)),
  );
  routes.add(
    {
      method: "GET",
      path: `${RUN}/taskInstances/{task_id}/{map_index}/tries`,
      access,
      pathSchema: MappedPath,
      status: 200,
      answer: TaskInstanceHistoryCollectionResponse,
    },
    async ({ path }) => answerAll(toKey(path, path.map_index)),
  );
  routes.add(
    {
      method: "GET",
      path: `${RUN}/taskInstances/{task_id}/tries/{task_try_number}`,
      access,
      pathSchema: TryPath,
      query: MapIndexQuery,
      status: 200,
      answer: TaskInstanceHistoryResponse,
    },
    async ({ path, query }) => answerOne(toKey(path, query.map_index ?? -1), path.task_try_number),
  );
  routes.add(
    {
      method: "GET",
      path: `${RUN}/taskInstances/{task_id}/{map_index}/tries/{task_try_number}`,
      access,
      pathSchema: MappedTryPath,
      status: 200,
      answer: TaskInstanceHistoryResponse,
    },
    async ({ path }) => answerOne(toKey(path, path.map_index), path.task_try_number),
  );
}

export function tryNotFound({ dagId, runId, taskId, mapIndex }: TaskInstanceKey, tryNumber: number): TradewindError {
  return new TradewindError(
    "task_instance_not_found",
    `The Task Instance with dag_id: \`${dagId}\`, run_id: \`${runId}\`, task_id: \`${taskId}\`, try_number: \`${tryNumber}\` and map_index: \`${mapIndex}\` was not found`,
    { details: { dagId, runId, taskId, mapIndex, tryNumber } },
  );
}
