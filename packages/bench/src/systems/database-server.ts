import { mkdir } from "node:fs/promises";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@tradewind/metadata";
import pg from "pg";

const BENCH_ROLE = "tradewind_bench";

export interface DatabaseServer {
  readonly server: EmbeddedPostgres;
  readonly query: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;
  close(): Promise<void>;
}

/**
 * A PostgreSQL server of a system's own, the same programs and settings for every system: those of `standalone` (fsync on), and pg_stat_statements. The bench reads under a role of its
 * own, so that what it asks is not counted.
 */
export async function startDatabaseServer(directory: string): Promise<DatabaseServer> {
  await mkdir(directory, { recursive: true });
  const server = await startEmbeddedPostgres({
    directory,
    settings: { shared_preload_libraries: "pg_stat_statements", "pg_stat_statements.max": "10000", max_wal_size: "4GB" },
  });
  await prepare(server.url);
  const pool = new pg.Pool({ connectionString: server.url, max: 2, options: `-c role=${BENCH_ROLE}` });
  // A server that is stopped ends its connections.
  pool.on("error", () => undefined);
  return {
    server,
    query: async (text, values) => (await pool.query(text, values)).rows,
    async close() {
      await pool.end();
      await server.stop();
    },
  };
}

async function prepare(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`create role ${BENCH_ROLE} superuser`);
    await client.query("create extension pg_stat_statements");
  } finally {
    await client.end();
  }
}
