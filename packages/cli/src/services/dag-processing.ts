import { type DagFolder, DagProcessor } from "@tradewind/dag-processor";
import { createDagLoader } from "@tradewind/loader";
import { specDefaults } from "./spec-defaults.ts";
import { dagProcessorMetrics } from "../metrics/dag-processor-metrics.ts";
import type { Core } from "./core.ts";
import type { Installation } from "./installation.ts";

/** Makes the DAG processor; `start` on what comes back begins to watch. */
export function makeDagProcessor(installation: Installation, { engine }: Core, folders: readonly DagFolder[]): DagProcessor {
  const { config, release, shutdown, metrics } = installation;
  const { importTimeoutSeconds, importMemoryMb, parsingProcesses, rescanSeconds } = config.dags;
  const processor = new DagProcessor({
    engine,
    // One more than are loaded at a time: a file that was just edited waits for nobody.
    loader: createDagLoader({
      processes: parsingProcesses + 1,
      timeoutMs: importTimeoutSeconds * 1000,
      memoryLimitMb: importMemoryMb,
      defaults: specDefaults(config),
    }),
    folders,
    release,
    logger: installation.logger("dag-processor"),
    metrics: dagProcessorMetrics(metrics),
    parsingProcesses,
    rescanMs: rescanSeconds * 1000,
  });
  shutdown.onShutdown("dag-processor", () => processor.stop());
  return processor;
}
