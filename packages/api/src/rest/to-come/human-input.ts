import { z } from "zod";
import { flag, instantRange, list, paging, patterns, readPage, text, whole } from "../../http/query-values.ts";
import { Instant, JsonObject } from "../../http/values.ts";
import { DagRunPath, getDagRun } from "../dag-runs.ts";
import type { RestContext, RestRoutes } from "../route.ts";
import { TaskInstanceHistoryResponse, TaskInstanceResponse } from "../task-instance-schemas.ts";
import { getTaskInstance, MappedPath, toKey } from "../task-instances.ts";
import { nothingHas } from "./nothing.ts";

const HitlUser = z.strictObject({ id: z.string(), name: z.string() }).meta({ id: "HITLUser" });

const detailFields = {
  options: z.array(z.string()),
  subject: z.string(),
  body: z.string().nullable(),
  defaults: z.array(z.string()).nullable(),
  multiple: z.boolean(),
  params: JsonObject,
  assigned_users: z.array(HitlUser),
  created_at: Instant,
  responded_by_user: HitlUser.nullable(),
  responded_at: Instant.nullable(),
  chosen_options: z.array(z.string()).nullable(),
  params_input: JsonObject,
  response_received: z.boolean(),
};
const HitlDetail = z.strictObject({ ...detailFields, task_instance: TaskInstanceResponse }).meta({ id: "HITLDetail" });
const HitlDetailHistory = z.strictObject({ ...detailFields, task_instance: TaskInstanceHistoryResponse }).meta({ id: "HITLDetailHistory" });
const HitlDetailCollection = z.strictObject({ hitl_details: z.array(HitlDetail), total_entries: z.number() }).meta({ id: "HITLDetailCollection" });
const HitlDetailResponse = z
  .strictObject({ responded_by: HitlUser, responded_at: Instant, chosen_options: z.array(z.string()), params_input: JsonObject })
  .meta({ id: "HITLDetailResponse" });
const UpdateBody = z
  .object({ chosen_options: z.array(z.string()).min(1), params_input: JsonObject.optional() })
  .meta({ id: "UpdateHITLDetailPayload" });

const ListQuery = z.object({
  ...paging,
  ...patterns("dag_id"),
  task_id: text,
  ...patterns("task_id"),
  map_index: whole,
  state: list,
  response_received: flag,
  responded_by_user_id: list,
  responded_by_user_name: list,
  subject_search: text,
  body_search: text,
  ...instantRange("created_at"),
});
const ORDERS = ["ti_id", "subject", "responded_at", "created_at", "responded_by_user_id", "responded_by_user_name", "dag_id", "run_id", "run_after"];
const ORDER = { columns: Object.fromEntries(ORDERS.map((name) => [name, { by: name }])), byDefault: ["ti_id"] };

/** No task asks people yet: nothing is listed, and no task instance has a question. */
export function humanInputRoutes(routes: RestRoutes, context: RestContext): void {
  const RUN = "/dags/{dag_id}/dagRuns/{dag_run_id}";
  const DETAILS = `${RUN}/taskInstances/{task_id}/{map_index}/hitlDetails`;
  const noDetail = async ({ path }: { path: z.output<typeof MappedPath> }): Promise<never> => {
    await getTaskInstance(context, toKey(path, path.map_index));
    throw nothingHas("question of task", path.task_id);
  };

  routes.add(
    {
      method: "GET",
      path: `${RUN}/hitlDetails`,
      access: "task_instances:read",
      pathSchema: DagRunPath,
      query: ListQuery,
      status: 200,
      answer: HitlDetailCollection,
    },
    async ({ path, query }) => {
      if (path.dag_id !== "~" && path.dag_run_id !== "~") await getDagRun(context, path.dag_id, path.dag_run_id);
      readPage(query, context.pageLimits, ORDER);
      return { hitl_details: [], total_entries: 0 };
    },
  );
  routes.add({ method: "GET", path: DETAILS, access: "task_instances:read", pathSchema: MappedPath, status: 200, answer: HitlDetail }, noDetail);
  routes.add(
    {
      method: "PATCH",
      path: DETAILS,
      access: "task_instances:edit",
      pathSchema: MappedPath,
      body: UpdateBody,
      status: 200,
      answer: HitlDetailResponse,
    },
    noDetail,
  );
  routes.add(
    {
      method: "GET",
      path: `${DETAILS}/tries/{try_number}`,
      access: "task_instances:read",
      pathSchema: MappedPath.extend({ try_number: z.coerce.number().int() }),
      status: 200,
      answer: HitlDetailHistory,
    },
    noDetail,
  );
}
