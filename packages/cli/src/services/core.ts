import { createSignedTokens } from "@tradewind/api/signed-tokens";
import { executorsOf, type TradewindConfig } from "@tradewind/config";
import type { Engine, EngineLimits } from "@tradewind/engine";
import type { Database } from "@tradewind/metadata";
import { engineMetrics } from "../metrics/engine-metrics.ts";
import { type DatabaseServer, migrateSchema, openDatabaseServer, showDatabase } from "./database.ts";
import type { Installation } from "./installation.ts";
import { readSecrets, type Secrets } from "./secrets.ts";

/** The database, and the engine on it: what every service of one process shares. */
export interface Core {
  server: DatabaseServer;
  db: Database;
  engine: Engine;
  secrets: Secrets;
}

export interface CoreOptions {
  /** Brings the schema up to date; services of a production installation only check it. */
  migrate: boolean;
  dagsArePausedAtCreation: boolean;
  onStep?: (text: string) => void;
}

/** Opens the database server and its schema, then the engine. Everything is closed with the process, in the opposite order. */
export async function openCore(installation: Installation, options: CoreOptions): Promise<Core> {
  const { config, home, shutdown, metrics } = installation;
  const { onStep = () => undefined } = options;
  const logger = installation.logger("database");
  const engineLogger = installation.logger("engine");

  const opening = openDatabaseServer({
    config,
    home,
    supervise: true,
    onEvent: (event) => {
      if (event.type === "ended") logger.error({ pid: event.pid }, "the embedded PostgreSQL ended by itself; it is started again");
      else if (event.type === "restart-failed") logger.error({ err: event.error }, "the embedded PostgreSQL could not be started again");
    },
  });
  // A stop that comes while the server is being made waits for that, so that nothing of it stays behind.
  shutdown.onShutdown("database server", () =>
    opening.then(
      (started) => started.stop(),
      () => undefined,
    ),
  );
  const server = await opening;
  shutdown.signal.throwIfAborted();
  onStep(`database: ${showDatabase(server)}`);

  const metadata = await import("@tradewind/metadata");
  if (options.migrate) {
    const applied = await migrateSchema(server, config);
    if (applied.length > 0) onStep(`schema: ${applied.length} migration${applied.length === 1 ? "" : "s"} applied`);
  } else {
    await metadata.assertSchemaUsable({ url: server.url });
  }
  shutdown.signal.throwIfAborted();

  const { createEngine } = await import("@tradewind/engine");
  const secrets = readSecrets(config, home);
  const onConnectionError = (error: Error): void => {
    // A server that is being stopped ends them itself.
    if (!shutdown.signal.aborted) logger.warn({ reason: error.message }, "a connection to the database broke; it is replaced");
  };
  const db = metadata.openDatabase({ url: server.url, maxConnections: config.database.poolSize, onConnectionError });
  shutdown.onShutdown("database connections", () => db.close());
  const hot = metadata.openHotDatabase({ url: server.url, onConnectionError });
  shutdown.onShutdown("hot database connections", () => hot.close());
  const attemptTokens = createSignedTokens({ secretKey: secrets.executionKey });
  const engine = createEngine({
    db,
    hot,
    fernet: secrets.fernet,
    issueAttemptToken: ({ attemptId, ttlMs }) => attemptTokens.issue("attempt", attemptId, ttlMs),
    defaultExecutor: executorsOf(config)[0]!.name,
    executors: executorsOf(config).map(({ name }) => name),
    executorByQueue: config.queues,
    limits: engineLimits(config),
    parallelism: config.scheduler.parallelism,
    executorCapacity: await executorCapacity(config),
    schedulerSilentMs: config.scheduler.healthThresholdSeconds * 1000,
    dagsArePausedAtCreation: options.dagsArePausedAtCreation,
    maxXComBytes: config.executionApi.maxXcomBytes,
    events: engineMetrics(metrics),
    onError: (error, { what, id }) => engineLogger.error({ err: error, what, id }, `${what} failed`),
  });
  shutdown.onShutdown("engine", () => engine.close());
  return { server, db, engine, secrets };
}

/** As many attempts as each executor takes, to tell why a task waits; null: it has no limit of its own. The local one takes some ahead. */
async function executorCapacity(config: TradewindConfig): Promise<Record<string, number | null>> {
  const { defaultPrefetch } = await import("@tradewind/executor-local");
  const { slots, prefetch } = config.localExecutor;
  const ofLocal = slots + (prefetch ?? defaultPrefetch(slots));
  return Object.fromEntries(executorsOf(config).map((choice) => [choice.name, choice.package === null && choice.name === "local" ? ofLocal : null]));
}

function engineLimits({ executionApi, scheduler, worker }: TradewindConfig): Partial<EngineLimits> {
  return {
    leaseMs: executionApi.leaseSeconds * 1000,
    heartbeatMs: executionApi.heartbeatSeconds * 1000,
    holdMs: executionApi.holdSeconds * 1000,
    taskQueuedTimeoutMs: scheduler.taskQueuedTimeoutSeconds * 1000,
    maxMapLength: scheduler.maxMapLength,
    maxTaskRetryDelayMs: scheduler.maxTaskRetryDelaySeconds * 1000,
    maxInlineInputsBytes: executionApi.inlineXcomBytes,
    hostOfflineMs: worker.offlineSeconds * 1000,
    hostForgetMs: worker.forgetSeconds * 1000,
  };
}
