import { executorsOf, type TradewindConfig } from "@tradewind/config";
import type { SpecDefaults } from "@tradewind/loader";

/** What DAGs and tasks are where their author says nothing. */
export function specDefaults(config: Pick<TradewindConfig, "dags" | "scheduler" | "executor" | "executors" | "queues" | "worker">): SpecDefaults {
  const { dags, scheduler } = config;
  return {
    timezone: dags.defaultTimezone.toLowerCase() === "utc" ? "UTC" : dags.defaultTimezone,
    catchup: scheduler.catchupByDefault,
    maxActiveRuns: dags.maxActiveRuns,
    maxActiveTasks: dags.maxActiveTasks,
    retries: dags.defaultTaskRetries,
    retryDelayMs: Math.round(dags.defaultTaskRetryDelaySeconds * 1000),
    executionTimeoutMs: dags.defaultTaskExecutionTimeoutSeconds === null ? null : Math.ceil(dags.defaultTaskExecutionTimeoutSeconds * 1000),
    weightRule: dags.defaultTaskWeightRule,
    ignoreFirstDependsOnPast: scheduler.ignoreFirstDependsOnPastByDefault,
    maxConsecutiveFailedDagRuns: dags.maxConsecutiveFailedDagRuns,
    executors: executorsOf(config).map((executor) => executor.name),
    queues: knownQueues(config),
  };
}

/** null: any will do. Where workers choose what they take, a task in a queue that was misspelt would wait for ever: such a queue is an error of its file. */
function knownQueues({ dags, queues, worker, ...executors }: Parameters<typeof specDefaults>[0]): string[] | null {
  const isLocal = executorsOf(executors).every((executor) => executor.package === null && executor.name === "local");
  const allowed = dags.allowedQueues ?? (isLocal ? ["*"] : worker.queues);
  return allowed.includes("*") ? null : [...new Set(["default", ...allowed, ...Object.keys(queues)])];
}
