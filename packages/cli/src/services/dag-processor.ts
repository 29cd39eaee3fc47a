import type { DagProcessorOptions } from "../program/service-commands.ts";
import { startCallbacks } from "./callbacks.ts";
import { openCore } from "./core.ts";
import { DAG_PROCESSOR_JOB, keepJob } from "./daemon-job.ts";
import { nameDagFolders } from "./dag-folders.ts";
import { makeDagProcessor } from "./dag-processing.ts";
import { runService } from "./run-service.ts";

/** A DAG processor alone. */
export function runDagProcessor(options: DagProcessorOptions): Promise<void> {
  return runService("dag-processor", {}, async (installation) => {
    const { config } = installation;
    const core = await openCore(installation, { migrate: false, dagsArePausedAtCreation: config.dags.dagsArePausedAtCreation });
    const folders = nameDagFolders(options.dags ?? config.dags.folders, null);
    await keepJob(installation, core, DAG_PROCESSOR_JOB);
    startCallbacks(installation, core);
    await makeDagProcessor(installation, core, folders).start();
    installation.logger("dag-processor").info({ folders: folders.map((folder) => folder.path) }, "the DAG processor is ready");
  });
}
