import type { EngineEvents } from "@tradewind/engine";
import type { Metrics } from "@tradewind/telemetry";

/** What happens to runs and task instances, under Airflow's names. */
export function engineMetrics(metrics: Metrics): EngineEvents {
  return {
    taskInstanceStarted({ dagId, taskId, queue, queuedDurationMs, scheduledDurationMs }) {
      const tags = { dag_id: dagId, task_id: taskId, queue };
      metrics.increment("ti.start", tags);
      metrics.timing("task.queued_duration", queuedDurationMs, tags);
      metrics.timing("task.scheduled_duration", scheduledDurationMs, tags);
    },
    taskInstanceFinished({ dagId, taskId, operator, state, durationMs }) {
      const tags = { dag_id: dagId, task_id: taskId };
      metrics.increment("ti.finish", { ...tags, state });
      if (durationMs !== null) metrics.timing("task.duration", durationMs, tags);
      if (state === "success") {
        metrics.increment("ti_successes", tags);
        metrics.increment("operator_successes", { ...tags, operator_name: operator });
      } else if (state === "failed") {
        metrics.increment("ti_failures", tags);
        metrics.increment("operator_failures", { ...tags, operator_name: operator });
      }
    },
    dagRunStarted({ dagId, runType, scheduleDelayMs }) {
      if (scheduleDelayMs !== null) metrics.timing("dagrun.schedule_delay", scheduleDelayMs, { dag_id: dagId, run_type: runType });
    },
    dagRunFinished({ dagId, runId, state, durationMs }) {
      const tags = { dag_id: dagId, run_id: runId };
      if (state === "success") metrics.timing("dagrun.duration.success", durationMs, tags);
      else if (state === "failed") metrics.timing("dagrun.duration.failed", durationMs, tags);
    },
  };
}
