import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { executorsOf } from "@tradewind/config";
import type { Executor } from "@tradewind/executor";
import { createBullMqExecutor } from "@tradewind/executor-bullmq";
import { createLocalExecutor } from "@tradewind/executor-local";
import { HOST_MAIN_PATH } from "@tradewind/runner/host-main-path";
import { createScheduler } from "@tradewind/scheduler";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { sampleGauges } from "../metrics/gauges.ts";
import { schedulerMetrics } from "../metrics/scheduler-metrics.ts";
import { executionTokens } from "./api-servers.ts";
import type { Core } from "./core.ts";
import { executionBaseUrl } from "./execution-url.ts";
import type { Installation } from "./installation.ts";
import { redisSettings } from "./redis-settings.ts";
import { runnerSettings } from "./runner-settings.ts";

export interface SchedulingOptions {
  /** Where runners reach the execution API. */
  executionApiUrl: string;
  /** Whether the runner host ends with this process, when that is stopped in order. A killed process always leaves it, for the next one to find. */
  ownHost: "bound" | "detached";
}

const HOST_TOKEN_TTL_MS = 24 * 3_600_000;
/** For ending a host that is told to stop at once: its tasks get SIGTERM, then SIGKILL. */
const STOP_TIMEOUT_MS = 15_000;

/** Starts a scheduler with its executors; it is stopped with the process. */
export async function startScheduling(installation: Installation, core: Core, { executionApiUrl, ownHost }: SchedulingOptions): Promise<void> {
  const { config, shutdown, metrics } = installation;
  const executors = executorsOf(config).map(({ name }) => makeExecutor(name, installation, ownHost));
  const tokens = executionTokens(core);
  const logger = installation.logger("scheduler");
  const scheduler = createScheduler({
    engine: core.engine,
    executors,
    executionApiUrl: executionBaseUrl(executionApiUrl),
    issueHostToken: async (_executor, hostId) => tokens.issue("host", hostId, HOST_TOKEN_TTL_MS),
    newJobId: randomUUID,
    hostname: hostname(),
    pid: process.pid,
    parallelism: config.scheduler.parallelism,
    heartbeatMs: config.scheduler.heartbeatSeconds * 1000,
    healthThresholdMs: config.scheduler.healthThresholdSeconds * 1000,
    sweepMs: config.scheduler.sweepSeconds * 1000,
    limits: { dagsPerPass: config.scheduler.maxDagrunsToCreatePerLoop, runsPerPass: config.scheduler.maxDagrunsPerLoopToSchedule },
    logger,
    metrics: schedulerMetrics(metrics),
  });
  // Registered first: a start that fails half-way has begun to register the job and to start the host.
  shutdown.onShutdown("scheduler", () => scheduler.stop({ drain: false, timeoutMs: STOP_TIMEOUT_MS }));
  await scheduler.start();
  metrics.increment("{job_name}_start", { job_name: "SchedulerJob" });
  if (config.metrics.statsdOn) {
    const gauges = sampleGauges({ db: core.db, executors, metrics, logger, workerOfflineSeconds: config.worker.offlineSeconds });
    shutdown.onShutdown("gauges", () => gauges.stop());
  }
}

function makeExecutor(name: string, { config, home }: Installation, ownHost: "bound" | "detached"): Executor {
  if (name === "bullmq") return createBullMqExecutor({ redis: redisSettings(config) });
  if (name !== "local") {
    throw new CliError("executor_not_found", `There is no executor "${name}" in this release.`, {
      exitCode: EXIT.usage,
      hint: "Known are: local, bullmq. Set TRADEWIND__EXECUTOR, or `executor` in the config file.",
    });
  }
  const { slots, prefetch, hostIdleSeconds } = config.localExecutor;
  return createLocalExecutor({
    ...runnerSettings(config),
    home,
    slots,
    ...(prefetch === null ? {} : { prefetch }),
    hostCommand: [process.execPath, HOST_MAIN_PATH],
    ownHost,
    idleExitMs: hostIdleSeconds * 1000,
    drainTimeoutMs: config.runner.drainSeconds * 1000,
  });
}
