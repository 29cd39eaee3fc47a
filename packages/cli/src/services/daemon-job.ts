import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Metrics } from "@tradewind/telemetry";
import type { Core } from "./core.ts";
import type { Installation } from "./installation.ts";

/** Says regularly that a daemon other than a scheduler is alive, which is what the health page shows. */
export async function keepJob(
  installation: Installation,
  { engine }: Core,
  options: { jobType: string; beat(metrics: Metrics): void },
): Promise<void> {
  const { config, shutdown, metrics } = installation;
  const { jobType } = options;
  const logger = installation.logger("heartbeat");
  let jobId = randomUUID();
  const register = (): Promise<void> => engine.registerJob({ jobId, jobType, hostname: hostname(), pid: process.pid });

  const beat = async (): Promise<void> => {
    if (!(await engine.heartbeatJob(jobId))) {
      jobId = randomUUID();
      await register();
    }
    options.beat(metrics);
  };
  let beating: Promise<void> = Promise.resolve();
  const failed = (error: unknown): void => {
    metrics.increment("{job_name}_heartbeat_failure", { job_name: jobType });
    logger.warn({ err: error, jobType }, "a heartbeat could not be recorded");
  };
  await register();
  metrics.increment("{job_name}_start", { job_name: jobType });
  const timer = setInterval(() => {
    beating = beating.then(beat).catch(failed);
  }, config.scheduler.heartbeatSeconds * 1000);
  shutdown.onShutdown(jobType, async () => {
    clearInterval(timer);
    await beating;
    await engine.endJob(jobId);
    metrics.increment("{job_name}_end", { job_name: jobType });
  });
}

export const DAG_PROCESSOR_JOB = { jobType: "DagProcessorJob", beat: (metrics: Metrics) => metrics.increment("dag_processor_heartbeat") };
