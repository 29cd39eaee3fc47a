import { TradewindError } from "@tradewind/core";
import type { Actor } from "@tradewind/engine";
import { transaction } from "@tradewind/metadata";
import {
  findWorkers,
  insertEventLog,
  listWorkers,
  listWorkerTasks,
  setWantedHostState,
  WORKER_ORDER_COLUMNS,
  WORKER_STATES,
  type WorkerRow,
} from "@tradewind/metadata/rest";
import { z } from "zod";
import { paging, readPage, text } from "../http/query-values.ts";
import { Instant, toIso, toIsoOrNull } from "../http/values.ts";
import type { RestContext, RestRoutes } from "./route.ts";

const State = z.enum(WORKER_STATES);

const worker = {
  host_id: z.string(),
  name: z.string(),
  executor: z.string(),
  hostname: z.string(),
  pid: z.number(),
  version: z.string(),
  /** null: all. */
  queues: z.array(z.string()).nullable(),
  slots: z.number(),
  running: z.number(),
  state: State,
  wanted: z.enum(["run", "drain"]),
  started_at: Instant,
  registered_at: Instant,
  last_heartbeat: Instant,
};

const WorkerResponse = z.strictObject(worker).meta({ id: "WorkerResponse" });
const WorkerCollectionResponse = z
  .strictObject({ workers: z.array(WorkerResponse), total_entries: z.number() })
  .meta({ id: "WorkerCollectionResponse" });

const WorkerTaskResponse = z
  .strictObject({
    attempt_id: z.string(),
    dag_id: z.string(),
    dag_run_id: z.string(),
    task_id: z.string(),
    map_index: z.number(),
    try_number: z.number(),
    queue: z.string(),
    started_at: Instant.nullable(),
  })
  .meta({ id: "WorkerTaskResponse" });
const WorkerDetailsResponse = z.strictObject({ ...worker, running_tasks: z.array(WorkerTaskResponse) }).meta({ id: "WorkerDetailsResponse" });

const WorkerPath = z.object({ worker: z.string() });
const MAX_TASKS_SHOWN = 1_000;

function toResponse(row: WorkerRow): z.infer<typeof WorkerResponse> {
  return {
    host_id: row.hostId,
    name: row.name,
    executor: row.executor,
    hostname: row.hostname,
    pid: row.pid,
    version: row.version,
    queues: row.queues,
    slots: row.slots,
    running: row.running,
    state: row.state,
    wanted: row.wanted,
    started_at: toIso(row.startedAt),
    registered_at: toIso(row.registeredAt),
    last_heartbeat: toIso(row.lastHeartbeatAt),
  };
}

/** Workers that take tasks: the runner hosts of all executors. Not in Airflow's API. */
export function workerRoutes(routes: RestRoutes, context: RestContext): void {
  const offline = () => ({ offlineSeconds: context.workerOfflineSeconds });

  /** By its id, or by its name where only one living worker has it. */
  async function find(idOrName: string): Promise<WorkerRow> {
    const found = await findWorkers(context.db, { idOrName, ...offline() });
    const named = found.filter((row) => row.state !== "offline");
    const one = found.find((row) => row.hostId === idOrName) ?? (named.length > 1 ? undefined : found[0]);
    if (one !== undefined) return one;
    if (found.length === 0)
      throw new TradewindError("worker_not_found", `No worker has the id or name "${idOrName}".`, { details: { worker: idOrName } });
    const hostIds = named.map((row) => row.hostId);
    throw new TradewindError("conflict", `${named.length} workers are called "${idOrName}": name one of them by its id: ${hostIds.join(", ")}.`, {
      details: { host_ids: hostIds },
    });
  }

  async function want(idOrName: string, wanted: "run" | "drain", actor: Actor): Promise<z.infer<typeof WorkerResponse>> {
    const before = await find(idOrName);
    await transaction(context.db, async (tx) => {
      if (!(await setWantedHostState(tx, { hostId: before.hostId, wanted }))) {
        throw new TradewindError("worker_not_found", `The worker "${before.name}" has just been taken off the list.`, {
          details: { worker: idOrName },
        });
      }
      const extra = { host_id: before.hostId, name: before.name, executor: before.executor, before: before.wanted, after: wanted };
      await insertEventLog(tx, { event: wanted === "drain" ? "drain_worker" : "resume_worker", owner: actor.name, extra });
    });
    return toResponse({ ...before, wanted });
  }

  routes.add(
    {
      method: "GET",
      path: "/workers",
      access: "workers:read",
      isOurs: true,
      query: z.object({ ...paging, state: State.optional(), executor: text, queue: text, name_pattern: text }),
      status: 200,
      answer: WorkerCollectionResponse,
    },
    async ({ query }) => {
      const { items, total } = await listWorkers(context.db, {
        filter: { ...offline(), state: query.state, executor: query.executor, queue: query.queue, namePattern: query.name_pattern },
        page: readPage(query, context.pageLimits, { columns: WORKER_ORDER_COLUMNS, byDefault: ["name"] }),
      });
      return { workers: items.map(toResponse), total_entries: total };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/workers/{worker}",
      access: "workers:read",
      isOurs: true,
      pathSchema: WorkerPath,
      status: 200,
      answer: WorkerDetailsResponse,
    },
    async ({ path }) => {
      const found = await find(path.worker);
      const tasks = await listWorkerTasks(context.db, { hostId: found.hostId, limit: MAX_TASKS_SHOWN });
      return {
        ...toResponse(found),
        running_tasks: tasks.map((task) => ({
          attempt_id: task.attemptId,
          dag_id: task.dagId,
          dag_run_id: task.runId,
          task_id: task.taskId,
          map_index: task.mapIndex,
          try_number: task.tryNumber,
          queue: task.queue,
          started_at: toIsoOrNull(task.startedAt),
        })),
      };
    },
  );

  for (const [action, wanted] of [
    ["drain", "drain"],
    ["resume", "run"],
  ] as const) {
    routes.add(
      {
        method: "POST",
        path: `/workers/{worker}/${action}`,
        access: "workers:edit",
        isOurs: true,
        pathSchema: WorkerPath,
        status: 200,
        answer: WorkerResponse,
      },
      async ({ path, actor }) => want(path.worker, wanted, actor),
    );
  }
}
