import { connect } from "node:net";
import { text } from "node:stream/consumers";
import pg from "pg";
import type { Connection } from "../src/index.ts";

// The test run's one PostgreSQL, by the address its global setup leaves in the environment: this package may not import the one that starts it.
const BROKER = "TRADEWIND_TEST_POSTGRES_BROKER";

export interface SqlDatabase {
  admin: pg.Client;
  /** A client of the new database. */
  client: pg.Client;
  connection(connectionId: string): Connection;
  drop(): Promise<void>;
}

/** A database of one's own on the test run's server. */
export async function makeSqlDatabase(name: string): Promise<SqlDatabase> {
  const database = `${name}_${process.pid}`;
  const answer = JSON.parse(await text(connect({ host: "127.0.0.1", port: Number(process.env[BROKER]) }))) as { adminUrl: string };
  const url = new URL(answer.adminUrl);
  const admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(`create database ${database}`);
  const own = new URL(url);
  own.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: own.href });
  await client.connect();
  return {
    admin,
    client,
    connection: (connectionId) => ({
      connectionId,
      connType: "postgres",
      description: null,
      host: url.hostname,
      port: Number(url.port),
      login: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password) || null,
      schema: database,
      extra: {},
    }),
    async drop() {
      await client.end();
      await admin.query(`drop database if exists ${database} with (force)`);
      await admin.end();
    },
  };
}
