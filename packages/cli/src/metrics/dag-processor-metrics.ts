import { basename } from "node:path";
import type { DagProcessorMetrics, MetricFile } from "@tradewind/dag-processor";
import type { Metrics } from "@tradewind/telemetry";

/** Airflow's legacy names hold the file's name without its folder and extension. */
const tagsOf = ({ bundleName, relativePath }: MetricFile) => {
  const fileName = basename(relativePath).replace(/\.\w+$/, "");
  return { dag_file: fileName, file_name: fileName, file_path: relativePath, bundle_name: bundleName };
};

export function dagProcessorMetrics(metrics: Metrics): DagProcessorMetrics {
  return {
    scanned: () => metrics.increment("dag_processing.file_path_queue_update_count"),
    queueSize: (files) => metrics.gauge("dag_processing.file_path_queue_size", files),
    // Airflow's gauge is in seconds.
    passDuration: (durationMs) => metrics.gauge("dag_processing.total_parse_time", durationMs / 1000),
    importErrors: (files) => metrics.gauge("dag_processing.import_errors", files),
    fileDuration: (file, durationMs) => metrics.timing("dag_processing.last_duration", durationMs, tagsOf(file)),
    fileAge: (file, ageMs) => metrics.gauge("dag_processing.last_run.seconds_ago", ageMs / 1000, tagsOf(file)),
    fileFailed: (file) => metrics.increment("dag_file_refresh_error", tagsOf(file)),
    fileTimedOut: (file) => metrics.increment("dag_processing.processor_timeouts", tagsOf(file)),
    callbackTaken: () => metrics.increment("dag_processing.other_callback_count"),
    dagCallbackFailed: (dagId) => metrics.increment("dag.callback_exceptions", { dag_id: dagId }),
  };
}
