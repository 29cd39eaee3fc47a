import type { ApiApp } from "@tradewind/api";
import { CliError } from "../cli-error.ts";
import { removeServerFile, writeServerFile } from "../client/server-file.ts";
import { EXIT } from "../exit-codes.ts";
import type { ApiServerOptions } from "../program/service-commands.ts";
import { makeFirstUser } from "./admin.ts";
import { openTaskLogs, startExecutionApi, startRestApi } from "./api-servers.ts";
import { openCore } from "./core.ts";
import { nameDagFolders } from "./dag-folders.ts";
import { runService } from "./run-service.ts";

/**
 * An API server alone, with any of the pages, the REST API and the execution API. The execution API has a server and a port of its own, so that it can be in a process of its own too:
 * there nothing that people do holds up tasks.
 */
export function runApiServer(options: ApiServerOptions): Promise<void> {
  const apps = readApps(options.apps);
  return runService("api-server", { "api.port": options.port, "api.host": options.host }, async (installation) => {
    const { config, home, shutdown } = installation;
    const core = await openCore(installation, { migrate: false, dagsArePausedAtCreation: config.dags.dagsArePausedAtCreation });
    const log = installation.logger("api-server");
    const logs = openTaskLogs(installation);
    if (apps.includes("execution")) log.info({ url: (await startExecutionApi(installation, core, logs)).url }, "the execution API is ready");
    if (!apps.includes("api") && !apps.includes("ui")) return;
    if (apps.includes("api")) {
      const admin = await makeFirstUser(core.db, config, home);
      if (admin.newPassword !== null)
        log.info({ user: admin.username, file: admin.passwordFile }, "made the first user; the password is in the file");
    }
    const { url } = await startRestApi(installation, core, logs, {
      folders: nameDagFolders(config.dags.folders, null),
      apps: apps.filter((app) => app !== "execution"),
    });
    if (apps.includes("api")) {
      // Where commands of this machine find the REST API.
      writeServerFile(home, { url, pid: process.pid });
      shutdown.onShutdown("server file", () => removeServerFile(home));
    }
    log.info({ url }, apps.includes("api") ? "the REST API is ready" : "the pages are ready");
  });
}

const APPS: readonly ApiApp[] = ["ui", "api", "execution"];

function readApps(text: string): ApiApp[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !APPS.some((app) => app === name));
  if (unknown === undefined) return APPS.filter((app) => names.includes(app));
  throw new CliError("invalid_request", `An API server has no part "${unknown}".`, {
    exitCode: EXIT.usage,
    hint: `Give --apps ${APPS.join(",")}, or some of them.`,
  });
}
