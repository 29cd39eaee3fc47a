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

/** An API server alone, with the REST API, the execution API, or both. */
export function runApiServer(options: ApiServerOptions): Promise<void> {
  const apps = readApps(options.apps);
  return runService("api-server", { "api.port": options.port, "api.host": options.host }, async (installation) => {
    const { config, home, shutdown } = installation;
    const core = await openCore(installation, { migrate: false, dagsArePausedAtCreation: config.dags.dagsArePausedAtCreation });
    const log = installation.logger("api-server");
    const logs = openTaskLogs(installation);
    if (apps.includes("execution")) log.info({ url: (await startExecutionApi(installation, core, logs)).url }, "the execution API is ready");
    if (!apps.includes("api")) return;
    const admin = await makeFirstUser(core.db, config, home);
    if (admin.newPassword !== null) log.info({ user: admin.username, file: admin.passwordFile }, "made the first user; the password is in the file");
    const { url } = await startRestApi(installation, core, logs, nameDagFolders(config.dags.folders, null));
    writeServerFile(home, { url, pid: process.pid });
    shutdown.onShutdown("server file", () => removeServerFile(home));
    log.info({ url }, "the REST API is ready");
  });
}

function readApps(text: string): ApiApp[] {
  const apps = text.split(",").map((app) => app.trim());
  const unknown = apps.find((app) => app !== "api" && app !== "execution");
  if (unknown === undefined) return apps as ApiApp[];
  throw new CliError("invalid_request", `An API server has no part "${unknown}".`, {
    exitCode: EXIT.usage,
    hint: "Give --apps api, --apps execution, or both with a comma between.",
  });
}
