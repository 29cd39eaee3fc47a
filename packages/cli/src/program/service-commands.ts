import { type Command, Option } from "commander";
import { collect, duration, examples, lazily, list, port, positiveInteger } from "./options.ts";

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

export interface WorkerOptions {
  name?: string;
  queues?: string[];
  concurrency?: number;
  /** In milliseconds. */
  drainTimeout?: number;
  healthPort?: number;
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
    .addOption(
      new Option("--apps <apps>", "what it serves: ui (the pages), api (REST, for people and clients), execution (for runners)").default(
        "ui,api,execution",
      ),
    )
    .option("--host <host>", "address to listen on (default: the configured one)")
    .option("-p, --port <port>", "port of the REST API (default: the configured one)", port)
    .action(lazily(() => import("../services/api-server.ts"), "runApiServer"));
  examples(apiServer, ["api-server", "api-server --apps ui,api", "api-server --apps execution"]);

  const worker = program
    .command("worker")
    .description("run tasks of the executor bullmq on this machine; any number may run, and needs only Redis and the execution API")
    .option("-q, --queues <queues>", "task queues to take tasks of, with commas between (default: the configured ones)", list)
    .option("-c, --concurrency <tasks>", "tasks that run at the same time (default: the configured number)", positiveInteger)
    .option("--name <name>", "its name in lists (default: the machine's name with the process' id)")
    .option("--drain-timeout <time>", "after SIGTERM: how long running tasks may finish, such as 30s or 5m (default: the configured time)", duration)
    .option("--health-port <port>", "port of /livez and /readyz (default: the configured one)", port)
    .action(lazily(() => import("../services/worker.ts"), "runWorker"));
  examples(worker, ["worker", "worker --queues default,gpu --concurrency 8", "worker --drain-timeout 25s --health-port 8793"]);
}
