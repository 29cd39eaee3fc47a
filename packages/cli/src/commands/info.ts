import { executorsOf, loadConfig } from "@tradewind/config";
import type { HealthResource } from "../client/resources.ts";
import { findServer } from "../client/server-address.ts";
import { processOutput } from "../output/output.ts";
import type { Cell } from "../output/table.ts";
import { stateStyle } from "../output/terminal.ts";
import { relativeTime } from "../output/times.ts";
import type { InfoOptions } from "../program/installation-commands.ts";
import { readVersion } from "../version.ts";

const HEALTH_TIMEOUT_MS = 3_000;

/** What somebody needs who is asked "what do you run, and is it well?". Does not start anything. */
export async function showInfo(options: InfoOptions): Promise<void> {
  const output = processOutput(options.output);
  const { config, home, projectFolder, configFile } = await loadConfig({ env: process.env, cwd: process.cwd() });
  const server = findServer({ url: options.url, env: process.env, home });
  const [health, serverVersion] = await Promise.all([
    ask<HealthResource>(`${server.url}/api/v2/monitor/health`),
    ask<{ version: string }>(`${server.url}/api/v2/version`),
  ]);
  const value = {
    version: readVersion(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    home,
    project_folder: projectFolder,
    config_file: configFile,
    dag_folders: config.dags.folders,
    logs: config.logs.dir,
    database: config.database.url === null ? `embedded PostgreSQL under ${home}` : withoutPassword(config.database.url),
    executors: executorsOf(config).map(({ name }) => name),
    server: { url: server.url, version: serverVersion?.version ?? null },
    health: health ?? null,
  };
  const now = new Date();
  const status = (part: { status: string | null } | null | undefined, at?: string | null): Cell | null => {
    if (part?.status === null || part?.status === undefined) return null;
    const when = at === null || at === undefined ? "" : `, last heard of ${relativeTime(at, now)}`;
    return { text: `${part.status}${when}`, style: stateStyle(part.status) };
  };
  output.item(value, [
    ["Tradewind", value.version],
    ["Node", `${value.node}, ${value.platform}`],
    ["Home", value.home],
    ["Config file", value.config_file ?? "none"],
    ["DAG folders", value.dag_folders.join(", ")],
    ["Task logs", value.logs],
    ["Database", value.database],
    ["Executors", value.executors.join(", ")],
    [
      "Server",
      health === undefined ? { text: `${server.url} does not answer`, style: "red" } : `${server.url}, version ${value.server.version ?? "unknown"}`,
    ],
    ...(health === undefined
      ? []
      : ([
          ["Database health", status(health.metadatabase)],
          ["Scheduler", status(health.scheduler, health.scheduler.latest_scheduler_heartbeat)],
          ["DAG processor", status(health.dag_processor, health.dag_processor?.latest_dag_processor_heartbeat)],
        ] as const)),
  ]);
}

/** Undefined when nobody answers, or answers something else. */
async function ask<T>(url: string): Promise<T | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    return response.ok ? ((await response.json()) as T) : undefined;
  } catch {
    return undefined;
  }
}

function withoutPassword(url: string): string {
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === "" ? "" : `${username}@`}${host}${pathname}`;
}
