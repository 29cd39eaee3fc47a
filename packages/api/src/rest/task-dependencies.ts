import { type TaskInstanceState, TradewindError } from "@tradewind/core";
import { z } from "zod";
import { whole } from "../http/query-values.ts";
import type { RestContext, RestRequest, RestRoutes } from "./route.ts";
import { getTaskInstance, MapIndexQuery, MappedPath, TaskInstancePath, toKey } from "./task-instances.ts";

const TaskDependencyCollectionResponse = z
  .strictObject({ dependencies: z.array(z.strictObject({ name: z.string(), reason: z.string() }).meta({ id: "TaskDependencyResponse" })) })
  .meta({ id: "TaskDependencyCollectionResponse" });

const ExtraLinkCollectionResponse = z
  .strictObject({ extra_links: z.record(z.string(), z.string().nullable()), total_entries: z.number() })
  .meta({ id: "ExtraLinkCollectionResponse" });

const ExternalLogUrlResponse = z.strictObject({ url: z.string() }).meta({ id: "ExternalLogUrlResponse" });

const INSTANCE = "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}";

/** In these states Airflow says what a task instance waits for; in others nothing holds it back. */
const HELD_BACK: readonly (TaskInstanceState | null)[] = [null, "scheduled"];

/** What is around a task instance: what it waits for, and links to elsewhere. */
export function taskDependencyRoutes(routes: RestRoutes, context: RestContext): void {
  const access = "task_instances:read" as const;

  const listDependencies = async (
    path: z.output<typeof TaskInstancePath>,
    mapIndex: number,
    { dags }: Pick<RestRequest<unknown, unknown, unknown>, "dags">,
  ): Promise<z.infer<typeof TaskDependencyCollectionResponse>> => {
    const { state } = await getTaskInstance(context, toKey(path, mapIndex));
    if (!HELD_BACK.includes(state)) return { dependencies: [] };
    const { causes } = await context.engine.explainTaskInstance({ ...toKey(path, mapIndex), sees: (dagId) => dags.has(dagId) });
    return { dependencies: causes.map(({ code, sentence }) => ({ name: code, reason: sentence })) };
  };

  routes.add(
    {
      method: "GET",
      path: `${INSTANCE}/dependencies`,
      access,
      pathSchema: TaskInstancePath,
      query: MapIndexQuery,
      status: 200,
      answer: TaskDependencyCollectionResponse,
    },
    async (request) => listDependencies(request.path, request.query.map_index, request),
  );
  routes.add(
    {
      method: "GET",
      path: `${INSTANCE}/{map_index}/dependencies`,
      access,
      pathSchema: MappedPath,
      status: 200,
      answer: TaskDependencyCollectionResponse,
    },
    async (request) => listDependencies(request.path, request.path.map_index, request),
  );

  routes.add(
    {
      method: "GET",
      path: `${INSTANCE}/links`,
      access,
      pathSchema: TaskInstancePath,
      query: MapIndexQuery.extend({ try_number: whole }),
      status: 200,
      answer: ExtraLinkCollectionResponse,
    },
    async ({ path, query }) => {
      await getTaskInstance(context, toKey(path, query.map_index));
      return { extra_links: {}, total_entries: 0 };
    },
  );

  routes.add(
    {
      method: "GET",
      path: `${INSTANCE}/externalLogUrl/{try_number}`,
      access: "task_logs:read",
      pathSchema: TaskInstancePath.extend({ try_number: z.coerce.number().int().min(1) }),
      query: MapIndexQuery,
      status: 200,
      answer: ExternalLogUrlResponse,
    },
    async ({ path, query }) => {
      await getTaskInstance(context, toKey(path, query.map_index));
      throw new TradewindError("invalid_request", "Task log handler does not support external logs: they are read here, at …/logs/{try_number}.");
    },
  );
}
