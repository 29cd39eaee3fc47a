import { listQueueDepths, type QueueDepth } from "@tradewind/metadata/rest";
import { z } from "zod";
import { text } from "../http/query-values.ts";
import type { RestContext, RestRoutes } from "./route.ts";

const counts = {
  /** Ready, and held back by a limit or by the executor's room. */
  scheduled: z.number(),
  queued: z.number(),
  running: z.number(),
  /** `queued` + `running`: what workers are needed for. Autoscalers read this. */
  depth: z.number(),
  /** Living workers that take tasks of the queue, and their places in all. */
  workers: z.number(),
  slots: z.number(),
};

const QueueResponse = z.strictObject({ queue: z.string(), executor: z.string(), ...counts }).meta({ id: "QueueResponse" });
const QueueCollectionResponse = z.strictObject({ queues: z.array(QueueResponse), total_entries: z.number() }).meta({ id: "QueueCollectionResponse" });
const QueueDepthResponse = z.strictObject({ queue: z.string(), ...counts }).meta({ id: "QueueDepthResponse" });

function countsOf({ scheduled, queued, running, workers, slots }: Omit<QueueDepth, "executor" | "queue">) {
  return { scheduled, queued, running, depth: queued + running, workers, slots };
}

/** How much work there is for workers, by task queue. Not in Airflow's API; made so that KEDA's metrics-api scaler can read it. */
export function queueRoutes(routes: RestRoutes, context: RestContext): void {
  const read = (queue?: string): Promise<QueueDepth[]> => listQueueDepths(context.db, { offlineSeconds: context.workerOfflineSeconds, queue });

  routes.add({ method: "GET", path: "/queues", access: "workers:read", isOurs: true, status: 200, answer: QueueCollectionResponse }, async () => {
    const queues = (await read()).map((depth) => ({ queue: depth.queue, executor: depth.executor, ...countsOf(depth) }));
    return { queues, total_entries: queues.length };
  });

  routes.add(
    {
      method: "GET",
      path: "/queues/{queue}",
      access: "workers:read",
      isOurs: true,
      pathSchema: z.object({ queue: z.string() }),
      query: z.object({ executor: text }),
      status: 200,
      answer: QueueDepthResponse,
    },
    // A queue that nobody has used yet is empty, not unknown: a scaler starts from there.
    async ({ path, query }) => {
      const depths = (await read(path.queue)).filter((depth) => query.executor === undefined || depth.executor === query.executor);
      const sum = (member: "scheduled" | "queued" | "running" | "workers" | "slots") => depths.reduce((total, depth) => total + depth[member], 0);
      return {
        queue: path.queue,
        ...countsOf({ scheduled: sum("scheduled"), queued: sum("queued"), running: sum("running"), workers: sum("workers"), slots: sum("slots") }),
      };
    },
  );
}
