import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../embedded-postgres.ts";
import { findRunningPostmaster, isAlive } from "../embedded/postmaster-file.ts";
import { migrate } from "../migrations.ts";

/** A server for tests with a migrated, empty template database that is cheap to clone. */
export interface TestServer {
  /** The address of the maintenance database; its user may create databases. */
  readonly adminUrl: string;
  readonly template: string;
  /** What `create database … template …` takes at its end. */
  readonly cloneOptions: string;
}

const enoughBytes = 2 * 1024 ** 3;

/** Memory, where there is enough: a clone takes 15 ms there and up to 400 ms on a slow disk. */
export function serversRoot(): string {
  const memory = "/dev/shm";
  try {
    const { bavail, bsize } = statfsSync(memory);
    accessSync(memory, constants.W_OK | constants.X_OK);
    if (bavail * bsize >= enoughBytes) return memory;
  } catch {
    // No such file system here.
  }
  return tmpdir();
}

/** Open to enter, so that a root test run can give the server to another user without a user namespace. */
export function makeServerDirectory(): string {
  const root = serversRoot();
  removeAbandonedDirectories(root);
  const directory = mkdtempSync(path.join(root, `tradewind-test-${process.pid}-`));
  chmodSync(directory, 0o711);
  return directory;
}

/** A killed run leaves no server, but its files. */
function removeAbandonedDirectories(root: string): void {
  for (const name of readdirSync(root)) {
    const [, pid] = /^tradewind-test-(\d+)-\w+$/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const directory = path.join(root, name);
    if (!findRunningPostmaster(path.join(directory, "data"))) removeDirectory(directory);
  }
}

export async function startTestServer(directory: string): Promise<{ server: TestServer; postgres: EmbeddedPostgres }> {
  // Shared memory as files of its own directory: a killed server leaves nothing elsewhere.
  const settings = { max_wal_size: "128MB", min_wal_size: "32MB", dynamic_shared_memory_type: "mmap" };
  const postgres = await startEmbeddedPostgres({ directory, durability: "process", maxConnections: 400, settings });
  return { postgres, server: await prepareTemplate(postgres.urlOf("postgres"), "strategy file_copy") };
}

export async function prepareTemplate(adminUrl: string, cloneOptions = ""): Promise<TestServer> {
  const template = `tradewind_template_${process.pid}_${Math.random().toString(36).slice(2, 8)}`;
  await withAdmin(adminUrl, (client) => client.query(`create database ${template}`));
  await migrate({ url: urlOfDatabase(adminUrl, template) });
  return { adminUrl, template, cloneOptions };
}

export async function dropTemplate(server: TestServer): Promise<void> {
  await withAdmin(server.adminUrl, (client) => client.query(`drop database if exists ${server.template}`));
}

export async function withAdmin<T>(adminUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export function urlOfDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** Another user's leftovers stay: they are not ours to judge. */
export function removeDirectory(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  } catch (error) {
    if (!["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
