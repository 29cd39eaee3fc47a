import { executorsOf } from "@tradewind/config";
import { openCore } from "./core.ts";
import { runService } from "./run-service.ts";
import { startScheduling } from "./scheduling.ts";

/** A scheduler alone, beside others if you like. Its runner host survives it, so a restart interrupts no task. */
export function runScheduler(): Promise<void> {
  return runService("scheduler", {}, async (installation) => {
    const { config } = installation;
    const core = await openCore(installation, { migrate: false, dagsArePausedAtCreation: config.dags.dagsArePausedAtCreation });
    const { host, port, url } = config.executionApi;
    await startScheduling(installation, core, {
      executionApiUrl: url ?? `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`,
      ownHost: "detached",
    });
    installation.logger("scheduler").info({ executors: executorsOf(config).map(({ name }) => name) }, "the scheduler is ready");
  });
}
