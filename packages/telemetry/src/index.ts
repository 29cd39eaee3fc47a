export { createLogger, type Logger, type LoggerOptions } from "./logger.ts";
export { type MetricKind, type MetricName, METRICS, type MetricTags, type NameOfKind, type TagValue } from "./metric-names.ts";
export { createMetrics, type Metrics, type MetricsOptions, NO_METRICS } from "./metrics.ts";
export { handleShutdown, type Shutdown, type ShutdownLog, type ShutdownOptions } from "./shutdown.ts";
