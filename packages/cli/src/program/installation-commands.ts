import { Argument, type Command } from "commander";
import { examples, lazily, type OutputOptions, type ServerOptions, withOutput, withServer } from "./options.ts";

export interface ConfigListOptions extends OutputOptions {
  section?: string;
  changed?: boolean;
}

export type InfoOptions = ServerOptions;

/** What can be asked for its health from beside it. */
export const HEALTH_SERVICES = ["scheduler", "dag-processor", "api-server", "execution-api", "worker"] as const;
export type HealthService = (typeof HEALTH_SERVICES)[number];

export function addInstallationCommands(program: Command): void {
  const config = program.command("config").description("the configuration");
  const list = withOutput(config.command("list").description("list every key: its value, where it comes from, its name in the environment"))
    .option("--section <name>", "only this section")
    .option("--changed", "only what differs from the default")
    .action(lazily(() => import("../commands/config.ts"), "listConfiguration"));
  examples(list, ["config list --changed", "config list --section scheduler"]);

  withServer(program.command("info").description("show versions, paths, the database and the health of the services")).action(
    lazily(() => import("../commands/info.ts"), "showInfo"),
  );
  const health = withOutput(
    program.command("health").description("ask a service of this machine whether it is well: exit code 0, or 1; for health checks of containers"),
  )
    .addArgument(new Argument("<service>", "which one").choices([...HEALTH_SERVICES]))
    .action(lazily(() => import("../commands/health.ts"), "checkHealth"));
  examples(health, ["health scheduler", "health worker"]);
  withOutput(program.command("version").description("print the version")).action(lazily(() => import("../commands/version.ts"), "showVersion"));
}
