import { executorsOf, type TradewindConfig } from "@tradewind/config";
import type { SpecDefaults } from "@tradewind/loader";

/** What DAGs and tasks are where their author says nothing. */
export function specDefaults(config: Pick<TradewindConfig, "dags" | "scheduler" | "executor" | "executors" | "queues">): SpecDefaults {
  const { dags, scheduler } = config;
  return {
    timezone: dags.defaultTimezone.toLowerCase() === "utc" ? "UTC" : dags.defaultTimezone,
    catchup: scheduler.catchupByDefault,
    maxActiveRuns: dags.maxActiveRuns,
    maxActiveTasks: dags.maxActiveTasks,
    retries: dags.defaultTaskRetries,
    retryDelayMs: Math.round(dags.defaultTaskRetryDelaySeconds * 1000),
    executors: executorsOf(config).map((executor) => executor.name),
    queues: dags.allowedQueues === null ? null : [...new Set(["default", ...dags.allowedQueues, ...Object.keys(config.queues)])],
  };
}
