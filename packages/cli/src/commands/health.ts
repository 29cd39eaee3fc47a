import { hostname } from "node:os";
import { loadConfig, type TradewindConfig } from "@tradewind/config";
import { errorMessage } from "@tradewind/core";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { processOutput } from "../output/output.ts";
import type { OutputOptions } from "../program/options.ts";
import { isExecutionApiThere } from "../services/execution-url.ts";
import type { HealthService } from "../program/installation-commands.ts";

const TIMEOUT_MS = 5_000;

interface Health {
  isHealthy: boolean;
  /** What was found, for people. */
  found: string;
}

/** Whether a service of this machine is well, asked from beside it: for the health checks of containers. */
export async function checkHealth(service: HealthService, options: OutputOptions): Promise<number> {
  const output = processOutput(options.output);
  const { config } = await loadConfig({ env: process.env, cwd: process.cwd() });
  const { isHealthy, found } = await CHECKS[service](config).catch((error: unknown): Health => ({ isHealthy: false, found: errorMessage(error) }));
  output.done(`${service} is ${isHealthy ? "healthy" : "unhealthy"}: ${found}`, { service, status: isHealthy ? "healthy" : "unhealthy", found });
  return isHealthy ? EXIT.ok : EXIT.failed;
}

const CHECKS: Record<HealthService, (config: TradewindConfig) => Promise<Health>> = {
  scheduler: (config) => checkJob("SchedulerJob", config),
  "dag-processor": (config) => checkJob("DagProcessorJob", config),
  "api-server": ({ api }) =>
    ask(`http://${addressOf(api.host)}:${api.port}/api/v2/monitor/health`, async (response) => {
      const { metadatabase } = (await response.json()) as { metadatabase: { status: string } };
      return { isHealthy: response.ok && metadatabase.status === "healthy", found: `it answers, and its database is ${metadatabase.status}` };
    }),
  "execution-api": ({ executionApi }) =>
    ask(`http://${addressOf(executionApi.host)}:${executionApi.port}/execution/v1/`, async (response) => ({
      isHealthy: isExecutionApiThere(response),
      found: `it answers with status ${response.status}`,
    })),
  worker: ({ worker }) => {
    if (worker.healthPort === null) {
      throw new CliError("invalid_config", "The worker has no health endpoint: set worker.healthPort (TRADEWIND__WORKER__HEALTH_PORT).", {
        exitCode: EXIT.usage,
      });
    }
    return ask(`http://${addressOf(worker.healthHost)}:${worker.healthPort}/livez`, async (response) => {
      const { problems } = (await response.json()) as { problems: string[] };
      return { isHealthy: response.ok, found: problems.length === 0 ? "it is alive" : problems.join("; ") };
    });
  },
};

/** A daemon is alive while it says so in the database. */
async function checkJob(jobType: string, { database, scheduler }: TradewindConfig): Promise<Health> {
  if (database.url === null) {
    throw new CliError("invalid_config", "Only an installation with a database server can be asked: set database.url.", { exitCode: EXIT.usage });
  }
  const [{ openDatabase }, { listJobs }] = await Promise.all([import("@tradewind/metadata"), import("@tradewind/metadata/rest")]);
  const db = openDatabase({ url: database.url, maxConnections: 1, onConnectionError: () => undefined });
  try {
    const filter = { isAlive: true, thresholdSeconds: scheduler.healthThresholdSeconds, jobType, hostname: hostname() };
    const { items } = await listJobs(db, { filter, page: { limit: 1, offset: 0, orderBy: ["-latest_heartbeat"] } });
    const [job] = items;
    if (job === undefined)
      return { isHealthy: false, found: `no ${jobType} of ${hostname()} was heard of in the last ${scheduler.healthThresholdSeconds} s` };
    return { isHealthy: true, found: `last heard of at ${job.latestHeartbeat.toISOString()}` };
  } finally {
    await db.close();
  }
}

async function ask(url: string, judge: (response: Response) => Promise<Health>): Promise<Health> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: unknown) => {
    throw new CliError("timeout", `${url} does not answer: ${errorMessage((error as Error).cause ?? error)}`, { exitCode: EXIT.unreachable });
  });
  return judge(response);
}

function addressOf(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
}
