import { z } from "zod";
import { flag, paging, whole } from "../../http/query-values.ts";
import { Instant, InstantInput, JsonValue } from "../../http/values.ts";
import type { RestContext, RestRoutes } from "../route.ts";
import { getTaskInstance, MapIndexQuery, TaskInstancePath, toKey } from "../task-instances.ts";
import { nothingHas, notYet } from "./nothing.ts";

const TaskStateStoreResponse = z
  .strictObject({ key: z.string(), value: JsonValue, updated_at: Instant, expires_at: Instant.nullable() })
  .meta({ id: "TaskStateStoreResponse" });
const TaskStateStoreCollectionResponse = z
  .strictObject({ task_state_store: z.array(TaskStateStoreResponse), total_entries: z.number() })
  .meta({ id: "TaskStateStoreCollectionResponse" });
const TaskStateStoreBody = z
  .strictObject({
    value: JsonValue,
    expires_at: z
      .union([z.literal("default"), InstantInput])
      .nullable()
      .default("default"),
  })
  .meta({ id: "TaskStateStoreBody" });
const TaskStateStorePatchBody = z.strictObject({ value: JsonValue }).meta({ id: "TaskStateStorePatchBody" });

const STORE = "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store";
const KeyPath = TaskInstancePath.extend({ key: z.string() });
const { order_by: _order, ...page } = paging;

/** What tasks of Airflow keep from one try to the next: nothing is kept here yet. */
export function stateStoreRoutes(routes: RestRoutes, context: RestContext): void {
  const exists = async (path: z.output<typeof TaskInstancePath>, mapIndex: number): Promise<void> =>
    void (await getTaskInstance(context, toKey(path, mapIndex)));
  const read = { access: "task_instances:read", status: 200 } as const;
  const edit = { access: "task_instances:edit", pathSchema: KeyPath, query: MapIndexQuery } as const;

  routes.add(
    {
      ...read,
      method: "GET",
      path: STORE,
      pathSchema: TaskInstancePath,
      query: MapIndexQuery.extend(page),
      answer: TaskStateStoreCollectionResponse,
    },
    async ({ path, query }) => {
      await exists(path, query.map_index);
      return { task_state_store: [], total_entries: 0 };
    },
  );
  routes.add(
    {
      method: "DELETE",
      path: STORE,
      access: "task_instances:edit",
      pathSchema: TaskInstancePath,
      query: z.object({ all_map_indices: flag.default(false), map_index: whole.default(-1) }),
      status: 204,
      answer: null,
    },
    async ({ path, query }) => exists(path, query.map_index ?? -1),
  );
  routes.add(
    { ...read, method: "GET", path: `${STORE}/{key}`, pathSchema: KeyPath, query: MapIndexQuery, answer: TaskStateStoreResponse },
    async ({ path, query }) => {
      await exists(path, query.map_index);
      throw nothingHas("key of a task's state store", path.key);
    },
  );
  routes.add({ ...edit, method: "PUT", path: `${STORE}/{key}`, body: TaskStateStoreBody, status: 204, answer: null }, async ({ path, query }) => {
    await exists(path, query.map_index);
    throw notYet("state store");
  });
  routes.add(
    { ...edit, method: "PATCH", path: `${STORE}/{key}`, body: TaskStateStorePatchBody, status: 200, answer: z.null() },
    async ({ path, query }) => {
      await exists(path, query.map_index);
      throw nothingHas("key of a task's state store", path.key);
    },
  );
  routes.add({ ...edit, method: "DELETE", path: `${STORE}/{key}`, status: 204, answer: null }, async ({ path, query }) =>
    exists(path, query.map_index),
  );
}
