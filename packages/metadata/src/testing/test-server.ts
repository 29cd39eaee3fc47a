import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../embedded-postgres.ts";
import { migrate } from "../migrations.ts";

/** A server for tests with a migrated, empty template database that is cheap to clone. */
export interface TestServer {
  /** The address of the maintenance database; its user may create databases. */
  readonly adminUrl: string;
  readonly template: string;
}

/** Open to enter, so that a root test run can give the server to another user without a user namespace. */
export function makeServerDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), `tradewind-test-${process.pid}-`));
  chmodSync(directory, 0o711);
  return directory;
}

export async function startTestServer(directory: string): Promise<{ server: TestServer; postgres: EmbeddedPostgres }> {
  const postgres = await startEmbeddedPostgres({ directory, durability: "process", maxConnections: 400 });
  return { postgres, server: await prepareTemplate(postgres.urlOf("postgres")) };
}

export async function prepareTemplate(adminUrl: string): Promise<TestServer> {
  const template = `tradewind_template_${process.pid}_${Math.random().toString(36).slice(2, 8)}`;
  await withAdmin(adminUrl, (client) => client.query(`create database ${template}`));
  await migrate({ url: urlOfDatabase(adminUrl, template) });
  return { adminUrl, template };
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

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}
