import type { SchedulerMetrics } from "@tradewind/scheduler";
import type { Metrics } from "@tradewind/telemetry";

/** The scheduler's numbers under Airflow's names. */
export function schedulerMetrics(metrics: Metrics): SchedulerMetrics {
  return {
    heartbeat: () => metrics.increment("scheduler_heartbeat"),
    heartbeatFailed: () => metrics.increment("{job_name}_heartbeat_failure", { job_name: "SchedulerJob" }),
    loopDuration: (durationMs) => metrics.timing("scheduler.scheduler_loop_duration", durationMs),
    dispatched: (count) => metrics.gauge("scheduler.tasks.executable", count),
    orphansAdopted: (count) => metrics.count("scheduler.orphaned_tasks.adopted", count),
    attemptsLost: (count) => metrics.count("task_instances_without_heartbeats_killed", count),
  };
}
