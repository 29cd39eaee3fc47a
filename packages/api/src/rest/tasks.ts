import { type DagSpec, readDagSpec, type TaskSpec, TradewindError } from "@tradewind/core";
import { findDagSpec } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant } from "../http/values.ts";
import { paramsOf } from "./dag-schemas.ts";
import { dagNotFound, DagPath } from "./dags.ts";
import type { RestContext, RestRoutes } from "./route.ts";

const TimeDelta = z.strictObject({ __type: z.string(), days: z.number(), seconds: z.number(), microseconds: z.number() }).meta({ id: "TimeDelta" });

const TaskResponse = z
  .strictObject({
    task_id: z.string().nullable(),
    task_display_name: z.string().nullable(),
    owner: z.string().nullable(),
    start_date: Instant.nullable(),
    end_date: Instant.nullable(),
    trigger_rule: z.string().nullable(),
    depends_on_past: z.boolean(),
    wait_for_downstream: z.boolean(),
    retries: z.number().nullable(),
    queue: z.string().nullable(),
    pool: z.string().nullable(),
    pool_slots: z.number().nullable(),
    execution_timeout: TimeDelta.nullable(),
    retry_delay: TimeDelta.nullable(),
    retry_exponential_backoff: z.number(),
    priority_weight: z.number().nullable(),
    weight_rule: z.string().nullable(),
    ui_color: z.string().nullable(),
    ui_fgcolor: z.string().nullable(),
    template_fields: z.array(z.string()).nullable(),
    downstream_task_ids: z.array(z.string()).nullable(),
    doc_md: z.string().nullable(),
    operator_name: z.string().nullable(),
    params: z.record(z.string(), z.unknown()).nullable(),
    class_ref: z.record(z.string(), z.unknown()).nullable(),
    is_mapped: z.boolean().nullable(),
    extra_links: z.array(z.string()),
  })
  .meta({ id: "TaskResponse" });
const TaskCollectionResponse = z.strictObject({ tasks: z.array(TaskResponse), total_entries: z.number() }).meta({ id: "TaskCollectionResponse" });

const DAY_MS = 86_400_000;

/** As Python writes a duration. */
function toTimeDelta(durationMs: number | null): z.infer<typeof TimeDelta> | null {
  if (durationMs === null) return null;
  const days = Math.floor(durationMs / DAY_MS);
  const seconds = Math.floor((durationMs - days * DAY_MS) / 1000);
  return { __type: "TimeDelta", days, seconds, microseconds: Math.round((durationMs % 1000) * 1000) };
}

function toTaskResponse(spec: DagSpec, task: TaskSpec): z.infer<typeof TaskResponse> {
  return {
    task_id: task.taskId,
    task_display_name: task.displayName ?? task.taskId,
    owner: task.owner,
    start_date: task.startDate ?? spec.startDate,
    end_date: task.endDate ?? spec.endDate,
    trigger_rule: task.triggerRule,
    depends_on_past: task.dependsOnPast,
    wait_for_downstream: task.waitForDownstream,
    retries: task.retries,
    queue: task.queue,
    pool: task.pool,
    pool_slots: task.poolSlots,
    execution_timeout: toTimeDelta(task.executionTimeoutMs),
    retry_delay: toTimeDelta(task.retryDelayMs),
    retry_exponential_backoff: task.retryBackoff,
    priority_weight: task.priorityWeight,
    weight_rule: task.weightRule,
    ui_color: null,
    ui_fgcolor: null,
    template_fields: [],
    downstream_task_ids: spec.tasks.filter((other) => other.upstream.includes(task.taskId)).map((other) => other.taskId),
    doc_md: task.doc,
    operator_name: task.operator,
    params: paramsOf(spec),
    class_ref: null,
    is_mapped: task.mapping !== null,
    extra_links: [],
  };
}

/** What `order_by` may name. */
const ORDERS: Readonly<Record<string, (task: z.infer<typeof TaskResponse>) => string | number>> = {
  task_id: (task) => task.task_id ?? "",
  task_display_name: (task) => task.task_display_name ?? "",
  owner: (task) => task.owner ?? "",
  start_date: (task) => task.start_date ?? "",
  trigger_rule: (task) => task.trigger_rule ?? "",
  operator_name: (task) => task.operator_name ?? "",
  pool: (task) => task.pool ?? "",
  queue: (task) => task.queue ?? "",
  retries: (task) => task.retries ?? 0,
  pool_slots: (task) => task.pool_slots ?? 0,
  priority_weight: (task) => task.priority_weight ?? 0,
};

export function taskRoutes(routes: RestRoutes, context: RestContext): void {
  const getSpec = async (dagId: string): Promise<DagSpec> => {
    const found = await findDagSpec(context.db, { dagId });
    if (found === undefined) throw dagNotFound(dagId);
    return readDagSpec(found.spec);
  };

  routes.add(
    {
      method: "GET",
      path: "/dags/{dag_id}/tasks",
      access: "dags:read",
      pathSchema: DagPath,
      query: z.object({ order_by: z.string().default("task_id") }),
      status: 200,
      answer: TaskCollectionResponse,
    },
    async ({ path, query }) => {
      const name = query.order_by.replace(/^-/, "");
      const order = Object.hasOwn(ORDERS, name) ? ORDERS[name] : undefined;
      if (order === undefined)
        throw new TradewindError("invalid_request", `Tasks have no attribute '${name}' to order by; known: ${Object.keys(ORDERS).join(", ")}.`);
      const spec = await getSpec(path.dag_id);
      const tasks = spec.tasks.map((task) => toTaskResponse(spec, task)).sort((a, b) => compare(order(a), order(b)));
      return { tasks: query.order_by.startsWith("-") ? tasks.reverse() : tasks, total_entries: tasks.length };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/dags/{dag_id}/tasks/{task_id}",
      access: "dags:read",
      pathSchema: DagPath.extend({ task_id: z.string() }),
      status: 200,
      answer: TaskResponse,
    },
    async ({ path }) => {
      const spec = await getSpec(path.dag_id);
      const task = spec.tasks.find(({ taskId }) => taskId === path.task_id);
      if (task === undefined) {
        throw new TradewindError("task_not_found", `Task with id ${path.task_id} was not found`, {
          details: { dagId: path.dag_id, taskId: path.task_id },
        });
      }
      return toTaskResponse(spec, task);
    },
  );
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
