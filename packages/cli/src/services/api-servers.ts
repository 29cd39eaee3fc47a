import { type ApiApp, createApiServer, createFileLogStore, createSignedTokens, type SignedTokens, type TaskLogStore } from "@tradewind/api";
import type { DagFolder } from "@tradewind/dag-processor";
import { testInChild } from "./connection-tests.ts";
import type { Core } from "./core.ts";
import { EXECUTION_PORT, portError, REST_PORT } from "./busy-port.ts";
import type { Installation } from "./installation.ts";
import { uiFolder } from "./ui-folder.ts";
import { openQueueBoard } from "./queue-board.ts";

export interface RunningApi {
  /** Where it listens, with the port that was really taken. */
  url: string;
}

/** Tokens by use: those of people and those of runners have keys of their own. */
export function executionTokens({ secrets }: Pick<Core, "secrets">): SignedTokens {
  return createSignedTokens({ secretKey: secrets.executionKey });
}

export function openTaskLogs({ config, shutdown }: Installation): TaskLogStore {
  const logs = createFileLogStore({ dir: config.logs.dir });
  shutdown.onShutdown("task logs", () => logs.close());
  return logs;
}

export interface RestApiOptions {
  /** For showing whole paths of DAG files. */
  folders: readonly DagFolder[];
  /** Default: both. */
  apps?: readonly ApiApp[];
}

/** Starts the pages and the REST API. */
export async function startRestApi(
  installation: Installation,
  core: Core,
  logs: TaskLogStore,
  { folders, apps = ["ui", "api"] }: RestApiOptions,
): Promise<RunningApi> {
  const { host, port } = installation.config.api;
  return start(installation, core, {
    apps,
    uiDirectory: uiFolder(),
    host,
    port,
    logs,
    tokens: createSignedTokens({ secretKey: core.secrets.apiKey }),
    folders,
  });
}

export async function startExecutionApi(installation: Installation, core: Core, logs: TaskLogStore): Promise<RunningApi> {
  const { host, port } = installation.config.executionApi;
  return start(installation, core, { apps: ["execution"], host, port, logs, tokens: executionTokens(core), folders: [] });
}

interface AppOptions {
  uiDirectory?: string;
  apps: readonly ApiApp[];
  host: string;
  port: number;
  logs: TaskLogStore;
  tokens: SignedTokens;
  folders: readonly DagFolder[];
}

async function start(installation: Installation, { db, engine, secrets }: Core, options: AppOptions): Promise<RunningApi> {
  const { config, release, shutdown } = installation;
  const isExecution = options.apps.includes("execution");
  const pathOfFolder = new Map(options.folders.map(({ name, path }) => [name, path]));
  const queueBoard = options.apps.includes("api") ? await openQueueBoard(installation, db) : undefined;
  const { app } = await createApiServer({
    ...(queueBoard === undefined ? {} : { queueBoard }),
    db,
    engine,
    fernet: secrets.fernet,
    tokens: options.tokens,
    logs: options.logs,
    version: release,
    apps: options.apps,
    uiDirectory: options.uiDirectory,
    onPoolsChanged: () => engine.wake("ready"),
    shownConfig: config.api.exposeConfig ? shownConfig(installation) : null,
    testConnection: config.api.testConnection === "enabled" ? testInChild : null,
    logger: installation.logger(isExecution ? "execution-api" : "api"),
    publicRole: config.api.publicRole,
    changesPerMinute: config.api.changesPerMinute,
    sessionTtlMs: config.api.sessionTtlSeconds * 1000,
    trustProxy: config.api.trustedProxies,
    accessTokenTtlMs: config.api.accessTokenTtlSeconds * 1000,
    pageLimits: { maximum: config.api.maximumPageLimit, fallback: config.api.fallbackPageLimit },
    workerOfflineSeconds: config.worker.offlineSeconds,
    heartbeatThresholdSeconds: config.scheduler.healthThresholdSeconds,
    restBodyLimitBytes: config.api.bodyLimitBytes,
    executionBodyLimitBytes: config.executionApi.bodyLimitBytes,
    folderOfBundle: (name) => pathOfFolder.get(name),
  });
  shutdown.onShutdown(`${options.apps.join(" and ")} server`, () => app.close());
  const how = isExecution ? EXECUTION_PORT : REST_PORT;
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    throw portError(error, options.host, options.port, how);
  }
  const address = app.server.address() as { port: number };
  return { url: `http://${hostForUrl(options.host)}:${address.port}` };
}

/** `api.port` is the option `port` of the section `api`. */
function shownConfig({ listConfig }: Pick<Installation, "listConfig">): { section: string; key: string; value: string }[] {
  return listConfig().map(({ key, value }) => {
    const [section = "", ...rest] = key.split(".");
    return { section, key: rest.join("."), value: typeof value === "string" ? value : JSON.stringify(value) };
  });
}

/** An address to listen on, as one to go to. */
function hostForUrl(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
