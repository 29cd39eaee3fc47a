/** What the dag-processor needs of logging and metrics; the composition root passes real ones. */
export interface DagProcessorLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A DAG file in a metric's tags. */
export interface MetricFile {
  bundleName: string;
  relativePath: string;
}

/** Each method is one StatsD name of Airflow's. */
export interface DagProcessorMetrics {
  /** `dag_processing.file_path_queue_update_count`: a scan of the folders. */
  scanned(): void;
  /** `dag_processing.file_path_queue_size`: files that wait to be loaded. */
  queueSize(files: number): void;
  /** `dag_processing.total_parse_time`: from the start of a scan until all it found was loaded. */
  passDuration(durationMs: number): void;
  /** `dag_processing.import_errors`: files that do not load. */
  importErrors(files: number): void;
  /** `dag_processing.last_duration` */
  fileDuration(file: MetricFile, durationMs: number): void;
  /** `dag_processing.last_run.seconds_ago` */
  fileAge(file: MetricFile, ageMs: number): void;
  /** `dag_file_refresh_error` */
  fileFailed(file: MetricFile): void;
  /** `dag_processing.processor_timeouts` */
  fileTimedOut(file: MetricFile): void;
  /** `dag_processing.other_callback_count` */
  callbackTaken(): void;
  /** `dag.callback_exceptions` */
  dagCallbackFailed(dagId: string): void;
}

export const NO_DAG_PROCESSOR_METRICS: DagProcessorMetrics = {
  scanned() {},
  queueSize() {},
  passDuration() {},
  importErrors() {},
  fileDuration() {},
  fileAge() {},
  fileFailed() {},
  fileTimedOut() {},
  callbackTaken() {},
  dagCallbackFailed() {},
};
