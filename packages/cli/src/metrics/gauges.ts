import type { Executor } from "@tradewind/executor";
import type { Queryable } from "@tradewind/metadata";
import { countActiveRuns, readPoolGauges } from "@tradewind/metadata/maintenance";
import type { Logger, Metrics } from "@tradewind/telemetry";

/** As in Airflow. */
const POOL_INTERVAL_MS = 5_000;
const RUN_INTERVAL_MS = 30_000;

/** Airflow's name of an executor's class: "local" → "LocalExecutor". */
const className = (executor: string): string => `${executor.charAt(0).toUpperCase()}${executor.slice(1)}Executor`;

/** Samples what is counted and not told: pools, executors, active runs. Asks the small tables only; a database that is away is asked again later. */
export function sampleGauges(options: { db: Queryable; executors: readonly Executor[]; metrics: Metrics; logger: Logger }): { stop(): void } {
  const { db, executors, metrics, logger } = options;
  const every = (intervalMs: number, sample: () => Promise<void>): NodeJS.Timeout =>
    setInterval(() => void sample().catch((error: unknown) => logger.debug({ err: error }, "gauges could not be sampled")), intervalMs).unref();

  const timers = [
    every(POOL_INTERVAL_MS, async () => {
      reportExecutors(executors, metrics);
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

function reportExecutors(executors: readonly Executor[], metrics: Metrics): void {
  for (const executor of executors) {
    const { slots, free } = executor.capacity();
    const tags = { executor_class_name: className(executor.name) };
    if (free !== null) metrics.gauge("executor.open_slots", free, tags);
    if (free !== null && slots !== null) metrics.gauge("executor.running_tasks", Math.max(0, slots - free), tags);
  }
}
