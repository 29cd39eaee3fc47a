import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { createScheduler } from "@tradewind/scheduler";
import { sampleGauges } from "../metrics/gauges.ts";
import { schedulerMetrics } from "../metrics/scheduler-metrics.ts";
import { executionTokens } from "./api-servers.ts";
import type { Core } from "./core.ts";
import { executionBaseUrl, isExecutionApiThere } from "./execution-url.ts";
import { makeExecutors, type OwnHost } from "./executors.ts";
import type { Installation } from "./installation.ts";

export interface SchedulingOptions {
  /** Where runners reach the execution API. */
  executionApiUrl: string;
  ownHost: OwnHost;
}

const HOST_TOKEN_TTL_MS = 24 * 3_600_000;
/** For ending a host that is told to stop at once: its tasks get SIGTERM, then SIGKILL. */
const STOP_TIMEOUT_MS = 15_000;

const API_PATIENCE_MS = 1_000;

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(API_PATIENCE_MS) });
  await response.body?.cancel();
  return isExecutionApiThere(response);
}

/** Starts a scheduler with its executors; it is stopped with the process. */
export async function startScheduling(installation: Installation, core: Core, { executionApiUrl, ownHost }: SchedulingOptions): Promise<void> {
  const { config, shutdown, metrics } = installation;
  const executors = await makeExecutors(installation, ownHost);
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
    leases: {
      leaseMs: config.executionApi.leaseSeconds * 1000,
      renewalMs: config.executionApi.heartbeatSeconds * 1000,
      holdMs: config.executionApi.holdSeconds * 1000,
    },
    askExecutionApi: () => answers(executionBaseUrl(executionApiUrl)),
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
    const { parallelism } = config.scheduler;
    const gauges = sampleGauges({ db: core.db, executors, parallelism, metrics, logger, workerOfflineSeconds: config.worker.offlineSeconds });
    shutdown.onShutdown("gauges", () => gauges.stop());
  }
}
