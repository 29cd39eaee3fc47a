import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { createSignedTokens } from "@tradewind/api/signed-tokens";
import { createExecutionApiClient } from "@tradewind/contract/client";
import { JobFeed } from "@tradewind/executor-bullmq";
import { RunnerHost } from "@tradewind/runner";
import type { WorkerOptions } from "../program/service-commands.ts";
import { readExecutionKey } from "./execution-key.ts";
import type { Logger } from "@tradewind/telemetry";
import type { Installation } from "./installation.ts";
import { redisSettings } from "./redis-settings.ts";
import { runService } from "./run-service.ts";
import { runnerSettings } from "./runner-settings.ts";
import { executionBaseUrl } from "./execution-url.ts";
import { takeWorkerFolder } from "./worker-folder.ts";
import { startWorkerHealth } from "./worker-health.ts";

const EXECUTOR = "bullmq";
/** Only to make itself known with. A clock that is behind by less does no harm: from then on the server makes the tokens. */
const HOST_TOKEN_TTL_MS = 24 * 3_600_000;
/** A refusal lasts until somebody does something, and is met again every two seconds. */
const TELL_REFUSAL_EVERY_MS = 30_000;

/** Runs tasks that Redis brings. Needs Redis and the execution API, and nothing else. */
export function runWorker(options: WorkerOptions): Promise<void> {
  const overrides = {
    "worker.name": options.name,
    "worker.queues": options.queues,
    "worker.concurrency": options.concurrency,
    "worker.drainSeconds": options.drainTimeout === undefined ? undefined : options.drainTimeout / 1000,
    "worker.healthPort": options.healthPort,
  };
  return runService("worker", overrides, startWorker);
}

async function startWorker(installation: Installation): Promise<void> {
  const { config, home, release, shutdown } = installation;
  const { queues, concurrency: slots } = config.worker;
  const logger = installation.logger("worker");
  const name = config.worker.name ?? `${hostname()}-${process.pid}`;
  const hostId = `${EXECUTOR}-${name}-${randomBytes(4).toString("hex")}`;
  const { host: apiHost, port, url } = config.executionApi;
  const executionApiUrl = executionBaseUrl(url ?? `http://${apiHost === "0.0.0.0" ? "127.0.0.1" : apiHost}:${port}`);
  const tokens = createSignedTokens({ secretKey: readExecutionKey(config, home) });
  const issueToken = (): string => tokens.issue("host", hostId, HOST_TOKEN_TTL_MS);
  const tellRefusal = refusalTeller(logger, executionApiUrl);
  const folder = await takeWorkerFolder(home);
  shutdown.onShutdown("worker folder", folder.release);

  const host = new RunnerHost({
    ...runnerSettings(config),
    hostId,
    name,
    executor: EXECUTOR,
    hostname: hostname(),
    version: release,
    client: createExecutionApiClient({ baseUrl: executionApiUrl, hostToken: issueToken() }),
    slots,
    queues,
    stateDir: folder.path,
    logger,
    // What this worker can't run within a moment is for another one. And one slot means one task at any time: of a graphics card, of a licence.
    maxAhead: slots === 1 ? 0 : slots,
    source: { onAnswered: (attemptIds) => feed.answered(attemptIds), onRoom: () => feed.changed(), mayTakeNext: () => feed.mayTakeNext() },
    onTokenRefused: (why) => {
      tellRefusal(why);
      host.setHostToken(issueToken());
    },
    onTrouble: (trouble) =>
      logger.error(
        { executionApiUrl, ...trouble },
        `the execution API at ${executionApiUrl} can't be used: "${trouble.doing}" has not worked for ${Math.round(trouble.forMs / 1000)} s (${trouble.error})`,
      ),
    onRecovered: (doing, afterMs) => logger.info({ doing, afterMs: Math.round(afterMs) }, "the execution API can be used again"),
  });
  const feed = new JobFeed({ redis: redisSettings(config), hostId, queues, host, logger });
  const health = await startWorkerHealth({ config: config.worker, name, hostId, host, feed });
  shutdown.onShutdown("health endpoint", () => health.close());
  // Whoever asks twice to stop does not wait, and neither may what runs here.
  process.once("exit", () => host.killChildren());
  shutdown.onShutdown("worker", async () => {
    health.draining();
    const timeoutMs = (config.worker.drainSeconds ?? config.runner.drainSeconds) * 1000;
    const { running } = host.load();
    logger.info({ running, timeoutMs }, running === 0 ? "no task runs" : `draining: ${running} tasks may run for ${timeoutMs / 1000} s more`);
    await feed.stop();
    await host.stop({ drain: true, timeoutMs });
  });

  await Promise.race([host.start(), aborted(shutdown.signal)]);
  if (shutdown.signal.aborted) return;
  await feed.start();
  health.registered();
  logger.info({ name, hostId, queues, slots, healthUrl: health.url }, "the worker is ready");
}

function refusalTeller(logger: Logger, executionApiUrl: string): (why?: string) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (why) => {
    if (performance.now() - toldAt < TELL_REFUSAL_EVERY_MS) return;
    toldAt = performance.now();
    logger.error(
      { executionApiUrl, ...(why === undefined ? {} : { error: why }) },
      "the execution API refuses this worker: its executionApi.secretKey (TRADEWIND__EXECUTION_API__SECRET_KEY) must be the one that the API servers have, and its clock right to the day",
    );
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
