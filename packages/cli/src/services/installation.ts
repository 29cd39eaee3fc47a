import { createHome, type ListedConfig, listConfig, loadConfig, type TradewindConfig } from "@tradewind/config";
import { createLogger, createMetrics, handleShutdown, type Logger, type Metrics, type Shutdown } from "@tradewind/telemetry";
import { readVersion } from "../version.ts";

/** What every service stands on: the configuration, the home directory, logs, metrics, and the way to stop. */
export interface Installation {
  config: TradewindConfig;
  home: string;
  projectFolder: string;
  configFile: string | null;
  /** All keys with their values, secrets masked. */
  listConfig: () => ListedConfig[];
  /** Whether somebody gave the key a value, by its dotted name. */
  isSet: (key: string) => boolean;
  release: string;
  logger: (component: string) => Logger;
  metrics: Metrics;
  shutdown: Shutdown;
}

/**
 * Begins a long-running command.
 * @param overrides what its options say, by dotted key
 */
export async function openInstallation(component: string, overrides: Record<string, unknown>): Promise<Installation> {
  const loaded = await loadConfig({ env: process.env, cwd: process.cwd(), overrides });
  const { config, home, projectFolder, configFile, sources } = loaded;
  createHome(home);
  const loggers = new Map<string, Logger>();
  const logger = (name: string): Logger => {
    const known = loggers.get(name) ?? createLogger({ level: config.logs.level, format: config.logs.format, component: name });
    loggers.set(name, known);
    return known;
  };
  const root = logger(component);
  const shutdown = handleShutdown({ log: root, timeoutMs: (Math.max(config.runner.drainSeconds, config.worker.drainSeconds ?? 0) + 30) * 1000 });
  const metrics = await createMetrics(config.metrics, (error) => root.warn({ err: error }, "metrics could not be sent"));
  shutdown.onShutdown("metrics", () => metrics.close());
  return {
    config,
    home,
    projectFolder,
    configFile,
    listConfig: () => listConfig(loaded),
    isSet: (key) => sources.get(key)?.kind !== "default",
    release: readVersion(),
    logger,
    metrics,
    shutdown,
  };
}
