import type { TradewindConfig } from "@tradewind/config";
import type { SpecDefaults } from "@tradewind/loader";

/** What DAGs and tasks are where their author says nothing. */
export function specDefaults({ dags, scheduler }: Pick<TradewindConfig, "dags" | "scheduler">): SpecDefaults {
  return {
    timezone: dags.defaultTimezone.toLowerCase() === "utc" ? "UTC" : dags.defaultTimezone,
    catchup: scheduler.catchupByDefault,
    maxActiveRuns: dags.maxActiveRuns,
    maxActiveTasks: dags.maxActiveTasks,
    retries: dags.defaultTaskRetries,
    retryDelayMs: Math.round(dags.defaultTaskRetryDelaySeconds * 1000),
  };
}
