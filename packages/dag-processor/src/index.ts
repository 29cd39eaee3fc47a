export { CallbackLoop, type CallbackLoopOptions } from "./callback-loop.ts";
export { DagProcessor, type DagProcessorOptions, type ProcessorPass } from "./dag-processor.ts";
export { type DagFolder } from "./file-state.ts";
export { type DagProcessorLogger, type DagProcessorMetrics, type MetricFile, NO_DAG_PROCESSOR_METRICS } from "./ports.ts";
