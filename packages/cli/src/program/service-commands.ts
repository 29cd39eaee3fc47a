import { type Command, Option } from "commander";
import { collect, examples, lazily, port } from "./options.ts";

export interface StandaloneOptions {
  port?: number;
  dags?: string[];
  /** False with `--no-examples`. */
  examples: boolean;
}

export interface ApiServerOptions {
  port?: number;
  host?: string;
  apps: string;
}

export interface DagProcessorOptions {
  dags?: string[];
}

/** The long-running ones. */
export function addServiceCommands(program: Command): void {
  const standalone = program
    .command("standalone")
    .description("start everything in one go: database, scheduler, DAG processor, API")
    .option("-p, --port <port>", "port of the REST API and the UI (default: 8080)", port)
    .option("--dags <dir>", "a folder with DAG files, besides those of the configuration; may be repeated", collect)
    .option("--no-examples", "do not load the example DAGs")
    .action(lazily(() => import("../services/standalone.ts"), "runStandalone"));
  examples(standalone, ["standalone", "standalone --port 9000 --dags ./dags --dags ../shared/dags --no-examples"]);

  const scheduler = program
    .command("scheduler")
    .description("start a scheduler alone; any number may run")
    .action(lazily(() => import("../services/scheduler.ts"), "runScheduler"));
  examples(scheduler, ["scheduler"]);

  const dagProcessor = program
    .command("dag-processor")
    .description("start a DAG processor alone")
    .option("--dags <dir>", "a folder with DAG files, instead of those of the configuration; may be repeated", collect)
    .action(lazily(() => import("../services/dag-processor.ts"), "runDagProcessor"));
  examples(dagProcessor, ["dag-processor --dags ./dags"]);

  const apiServer = program
    .command("api-server")
    .description("start an API server alone; any number may run")
    .addOption(new Option("--apps <apps>", "what it serves: api (REST, for people and clients), execution (for runners)").default("api,execution"))
    .option("--host <host>", "address to listen on (default: the configured one)")
    .option("-p, --port <port>", "port of the REST API (default: the configured one)", port)
    .action(lazily(() => import("../services/api-server.ts"), "runApiServer"));
  examples(apiServer, ["api-server", "api-server --apps execution"]);
}
