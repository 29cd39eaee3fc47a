import type { Executor } from "@tradewind/executor";
import type { Queryable } from "@tradewind/metadata";
import { countActiveRuns, readPoolGauges } from "@tradewind/metadata/maintenance";
import { listQueueDepths, type QueueDepth } from "@tradewind/metadata/rest";
import type { Logger, Metrics } from "@tradewind/telemetry";

/** As in Airflow. */
const POOL_INTERVAL_MS = 5_000;
const RUN_INTERVAL_MS = 30_000;

/** Airflow's name of an executor's class: "local" → "LocalExecutor". */
const className = (executor: string): string => `${executor.charAt(0).toUpperCase()}${executor.slice(1)}Executor`;

export interface GaugeOptions {
  db: Queryable;
  executors: readonly Executor[];
  /** Of a scheduler: the bound of executors that have none of their own. */
  parallelism: number;
  metrics: Metrics;
  logger: Logger;
  /** A worker silent for longer does not count. */
  workerOfflineSeconds: number;
}

/** Samples what is counted and not told: pools, executors, active runs. Asks the small tables only; a database that is away is asked again later. */
export function sampleGauges(options: GaugeOptions): { stop(): void } {
  const { db, executors, parallelism, metrics, logger, workerOfflineSeconds } = options;
  const every = (intervalMs: number, sample: () => Promise<void>): NodeJS.Timeout =>
    setInterval(() => void sample().catch((error: unknown) => logger.debug({ err: error }, "gauges could not be sampled")), intervalMs).unref();

  const queuesBefore = new Set<string>();
  const timers = [
    every(POOL_INTERVAL_MS, async () => {
      const depths = await listQueueDepths(db, { offlineSeconds: workerOfflineSeconds });
      reportExecutors(executors, depths, parallelism, metrics);
      reportQueues(depths, metrics, queuesBefore);
      for (const pool of await readPoolGauges(db)) {
        const tags = { pool_name: pool.name };
        metrics.gauge("pool.open_slots", pool.slots < 0 ? -1 : pool.slots - pool.running - pool.queued, tags);
        metrics.gauge("pool.running_slots", pool.running, tags);
        metrics.gauge("pool.queued_slots", pool.queued, tags);
        metrics.gauge("pool.scheduled_slots", pool.scheduled, tags);
        metrics.gauge("pool.deferred_slots", 0, tags);
      }
    }),
    every(RUN_INTERVAL_MS, async () => {
      const { running, queued } = await countActiveRuns(db);
      metrics.gauge("scheduler.dagruns.running", running);
      metrics.gauge("scheduler.dagruns.queued", queued);
    }),
  ];
  return { stop: () => timers.forEach(clearInterval) };
}

/** Of all schedulers together: what an executor holds is what Postgres says. */
function reportExecutors(executors: readonly Executor[], depths: readonly QueueDepth[], parallelism: number, metrics: Metrics): void {
  for (const executor of executors) {
    const { free } = executor.capacity();
    const own = depths.filter((depth) => depth.executor === executor.name);
    const tags = { executor_class_name: className(executor.name) };
    const [queued, running] = [sum(own, "queued"), sum(own, "running")];
    metrics.gauge("executor.open_slots", free ?? Math.max(0, parallelism - queued - running), tags);
    metrics.gauge("executor.queued_tasks", queued, tags);
    metrics.gauge("executor.running_tasks", running, tags);
  }
}

/** Queues of one name under several executors count together. One that is gone is reported as empty once more: a gauge keeps its last value. */
function reportQueues(depths: readonly QueueDepth[], metrics: Metrics, before: Set<string>): void {
  const byQueue = Map.groupBy(depths, (depth) => depth.queue);
  const queues = new Set([...before, ...byQueue.keys()]);
  before.clear();
  for (const queue of byQueue.keys()) before.add(queue);
  for (const queue of queues) {
    const own = byQueue.get(queue) ?? [];
    metrics.gauge("queue.scheduled_tasks", sum(own, "scheduled"), { queue });
    metrics.gauge("queue.queued_tasks", sum(own, "queued"), { queue });
    metrics.gauge("queue.running_tasks", sum(own, "running"), { queue });
    metrics.gauge("queue.workers", sum(own, "workers"), { queue });
    metrics.gauge("queue.worker_slots", sum(own, "slots"), { queue });
  }
}

function sum(depths: readonly QueueDepth[], member: "scheduled" | "queued" | "running" | "workers" | "slots"): number {
  return depths.reduce((total, depth) => total + depth[member], 0);
}
