import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import {
  initializeDataDirectory,
  assertMajorVersion,
  isInitialized,
  readLogTail,
  readOrCreatePassword,
  type ServerFiles,
  superuser,
} from "./data-directory.ts";
import { choosePort } from "./free-port.ts";
import { findPostgresBinaries } from "./postgres-binaries.ts";
import { type PostgresProcess, PostgresStartError, startPostgresProcess } from "./postgres-process.ts";
import { findRunningPostmaster, isAlive, removeStalePostmasterFile } from "./postmaster-file.ts";
import { chooseUnprivileged, giveTo } from "./unprivileged-command.ts";

/** A server that runs on the directory: started here (`process` is there) or found running. */
export interface ServerInstance {
  readonly pid: number;
  readonly port: number;
  readonly process: PostgresProcess | undefined;
}

export interface InstanceOptions {
  readonly files: ServerFiles;
  readonly settings: Readonly<Record<string, string>>;
  readonly startTimeoutMs: number;
  /** Wait for this very port rather than choose another: somebody holds the address already. */
  readonly port?: number;
}

export const databaseName = "tradewind";

/** The major version of the programs in the npm package. */
const majorVersion = 18;

/** To be called under the start lock. */
export async function startOrAttach(options: InstanceOptions): Promise<ServerInstance> {
  const deadline = performance.now() + options.startTimeoutMs;
  for (;;) {
    const attached = await tryAttach(options.files, deadline);
    if (attached) return attached;
    try {
      return await start(options);
    } catch (error) {
      if (!(error instanceof PostgresStartError && error.retryable) || performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}

/** A server that is on its way down is waited for; one on its way up is attached to when it is ready. */
async function tryAttach(files: ServerFiles, deadline: number): Promise<ServerInstance | undefined> {
  for (;;) {
    const found = findRunningPostmaster(files.data);
    if (!found) return undefined;
    if (found.status === "ready" && (await answers(found.port, files))) return { pid: found.pid, port: found.port, process: undefined };
    if (performance.now() > deadline) {
      throw new PostgresStartError(
        `Process ${found.pid} runs PostgreSQL on "${files.data}" (status "${found.status}") but does not answer on port ${found.port}. ` +
          `Stop that process and try again. Its log, "${files.log}", ends with:\n${readLogTail(files, 10)}`,
        false,
      );
    }
    await delay(20);
  }
}

async function answers(port: number, files: ServerFiles): Promise<boolean> {
  try {
    return await withAdminClient(port, readOrCreatePassword(files), async (client) => {
      const { rows } = await client.query<{ data_directory: string }>("show data_directory");
      return rows[0]?.data_directory === files.data;
    });
  } catch {
    return false;
  }
}

async function start(options: InstanceOptions): Promise<ServerInstance> {
  const { files } = options;
  const { initdb, postgres } = findPostgresBinaries();
  const password = readOrCreatePassword(files);
  const how = await chooseUnprivileged(postgres, files.directory);
  const isNew = !isInitialized(files);
  if (isNew) await initializeDataDirectory(files, initdb, how, password);
  else assertMajorVersion(files, majorVersion);
  giveTo(how.owner, files.data);
  removeStalePostmasterFile(files.data);
  const port = options.port ?? (await choosePort(files.port));
  const server = await startPostgresProcess({ files, postgres, how, port, settings: options.settings, startTimeoutMs: options.startTimeoutMs });
  if (isNew) await createDatabase(port, password);
  return { pid: server.pid, port, process: server };
}

async function createDatabase(port: number, password: string): Promise<void> {
  await withAdminClient(port, password, (client) => client.query(`create database ${databaseName}`));
}

async function withAdminClient<T>(port: number, password: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: superuser,
    password,
    database: "postgres",
    connectionTimeoutMillis: 2_000,
    query_timeout: 10_000,
    application_name: "tradewind embedded",
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Settles when the server has ended, whoever started it. `signal` ends the wait for a server of somebody else. */
export async function waitForEnd(instance: ServerInstance, signal: AbortSignal): Promise<void> {
  if (instance.process) return instance.process.ended;
  while (isAlive(instance.pid) && !signal.aborted) {
    await delay(200, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
