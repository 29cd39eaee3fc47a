import { setTimeout as sleep } from "node:timers/promises";
import { executorsOf } from "@tradewind/config";
import type { DagFolder } from "@tradewind/dag-processor";
import { removeServerFile, writeServerFile } from "../client/server-file.ts";
import type { StandaloneOptions } from "../program/service-commands.ts";
import type { Admin } from "./admin.ts";
import { assertPortFree, EXECUTION_PORT, REST_PORT } from "./busy-port.ts";
import { makeFolders, nameDagFolders } from "./dag-folders.ts";
import type { Installation } from "./installation.ts";
import { takeHome } from "./own-home.ts";
import { Progress } from "./progress.ts";
import { runService } from "./run-service.ts";

/**
 * Everything in one process: database server, scheduler, DAG processor, REST and execution API. Only loader children, the runner host and PostgreSQL are processes of their own.
 * Ends when it is stopped.
 */
export function runStandalone(options: StandaloneOptions): Promise<void> {
  const progress = new Progress();
  return runService("standalone", { "api.port": options.port }, async (installation) => {
    const { url, admin, folders } = await startAll(installation, options, progress);
    progress.print(`\n${readyLine(url, admin)}\n`);
    if (admin.newPassword !== null) progress.print(`The password was made just now and is shown this once. It is kept in ${admin.passwordFile}`);
    else if (admin.passwordFile !== null) progress.print(`The password is in ${admin.passwordFile}`);
    progress.print(`Put a .ts file with a DAG into ${folders[0]!.path}, and it is live when it is saved. Ctrl-C stops everything.\n`);
  });
}

export function readyLine(url: string, { username, newPassword }: Pick<Admin, "username" | "newPassword">): string {
  return `Tradewind is ready at ${url}   user: ${username}   password: ${newPassword ?? "********"}`;
}

interface Started {
  url: string;
  admin: Admin;
  folders: DagFolder[];
}

async function startAll(installation: Installation, options: StandaloneOptions, progress: Progress): Promise<Started> {
  const { config, home, shutdown, logger } = installation;
  // Loaded while PostgreSQL starts.
  const loading = import("./standalone-services.ts");
  shutdown.onShutdown("home", await takeHome(home));
  await assertPortFree(config.api.host, config.api.port, REST_PORT);
  await assertPortFree(config.executionApi.host, config.executionApi.port, EXECUTION_PORT);
  const withExamples = options.examples && config.dags.loadExamples;
  const { openCore } = await import("./core.ts");
  const dagsArePausedAtCreation = installation.isSet("dags.dagsArePausedAtCreation") && config.dags.dagsArePausedAtCreation;
  const core = await openCore(installation, { migrate: true, dagsArePausedAtCreation, onStep: (text) => progress.step(text) });

  const services = await loading;
  const admin = await services.makeFirstUser(core.db, config, home);
  if (withExamples && core.server.embedded !== null) await services.makeExampleConnection(core);
  const folders = nameDagFolders([...config.dags.folders, ...(options.dags ?? [])], withExamples ? services.EXAMPLES_FOLDER : null);
  makeFolders(folders);

  const logs = services.openTaskLogs(installation);
  const execution = await services.startExecutionApi(installation, core, logs);
  const rest = await services.startRestApi(installation, core, logs, { folders });
  progress.step(`REST API at ${rest.url}, execution API at ${execution.url}`);
  shutdown.signal.throwIfAborted();

  const executionApiUrl = config.executionApi.url ?? execution.url;
  await Promise.all([
    services.startScheduling(installation, core, { executionApiUrl, ownHost: "bound" }).then(() =>
      progress.step(
        `scheduler, executor ${executorsOf(config)
          .map(({ name }) => name)
          .join(", ")}`,
      ),
    ),
    startProcessing(installation, services, core, folders).then(() =>
      progress.step(`DAG folders: ${folders.map((folder) => folder.path).join(", ")}`),
    ),
  ]);
  shutdown.signal.throwIfAborted();
  writeServerFile(home, { url: rest.url, pid: process.pid });
  shutdown.onShutdown("server file", () => removeServerFile(home));
  logger("standalone").debug({ folders }, "everything is started");
  return { url: rest.url, admin, folders };
}

/** How long a start waits at most for DAG files that are new or were changed. */
const FIRST_LOAD_MS = 10_000;

type Services = typeof import("./standalone-services.ts");

async function startProcessing(
  installation: Installation,
  services: Services,
  core: Parameters<Services["keepJob"]>[1],
  folders: readonly DagFolder[],
): Promise<void> {
  await services.keepJob(installation, core, services.DAG_PROCESSOR_JOB);
  services.startCallbacks(installation, core);
  const processor = services.makeDagProcessor(installation, core, folders);
  await processor.start();
  // Ready means that the DAGs are there; many files that are new, or one that hangs, must not keep the rest from being used.
  const timer = new AbortController();
  await Promise.race([processor.whenIdle(), sleep(FIRST_LOAD_MS, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
}
