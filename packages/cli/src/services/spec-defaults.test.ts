import { loadConfig } from "@tradewind/config";
import { expect, test } from "vitest";
import { specDefaults } from "./spec-defaults.ts";

const GPU_WORKERS = { TRADEWIND__WORKER__QUEUES: "default,gpu" };

test.each<[string, Record<string, string>, string[] | null]>([
  ["on this machine every queue is served", {}, null],
  ["workers take the queues that they name", { TRADEWIND__EXECUTOR: "bullmq" }, ["default"]],
  ["and those that they are configured with are known", { TRADEWIND__EXECUTOR: "bullmq", ...GPU_WORKERS }, ["default", "gpu"]],
  ["several executors", { TRADEWIND__EXECUTORS: "local,bullmq", TRADEWIND__QUEUES: "near=local" }, ["default", "near"]],
  [
    "a list, which says it for all",
    { TRADEWIND__EXECUTOR: "bullmq", ...GPU_WORKERS, TRADEWIND__DAGS__ALLOWED_QUEUES: "reports" },
    ["default", "reports"],
  ],
  ["also on this machine", { TRADEWIND__DAGS__ALLOWED_QUEUES: "reports" }, ["default", "reports"]],
  ["whatever DAGs name", { TRADEWIND__EXECUTOR: "bullmq", TRADEWIND__DAGS__ALLOWED_QUEUES: "*" }, null],
])("task queues that DAGs may name: %s", async (_case, env, queues) => {
  const { config } = await loadConfig({ env, cwd: "/" });
  expect(specDefaults(config).queues).toEqual(queues);
});

test("what DAGs and tasks are where their author says nothing: Airflow's names are in the configuration", async () => {
  const env = {
    TRADEWIND__DAGS__DEFAULT_TASK_EXECUTION_TIMEOUT_SECONDS: "90",
    TRADEWIND__DAGS__DEFAULT_TASK_WEIGHT_RULE: "absolute",
    TRADEWIND__DAGS__MAX_CONSECUTIVE_FAILED_DAG_RUNS: "3",
    TRADEWIND__SCHEDULER__IGNORE_FIRST_DEPENDS_ON_PAST_BY_DEFAULT: "false",
  };
  const set = { executionTimeoutMs: 90_000, weightRule: "absolute", maxConsecutiveFailedDagRuns: 3, ignoreFirstDependsOnPast: false };
  const unset = { executionTimeoutMs: null, weightRule: "downstream", maxConsecutiveFailedDagRuns: 0, ignoreFirstDependsOnPast: true };
  expect(specDefaults((await loadConfig({ env, cwd: "/" })).config)).toMatchObject(set);
  expect(specDefaults((await loadConfig({ env: {}, cwd: "/" })).config)).toMatchObject(unset);
});
