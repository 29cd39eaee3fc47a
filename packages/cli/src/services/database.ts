import { join } from "node:path";
import type { TradewindConfig } from "@tradewind/config";
import { TradewindError } from "@tradewind/core";
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresEvent,
  type Migration,
  migrate,
  type MigrateOptions,
  openDatabase,
  startEmbeddedPostgres,
  transaction,
} from "@tradewind/metadata";
import { findPoolSettings, updatePool } from "@tradewind/metadata/rest";

/** Where the metadata database is; `embedded` when it is the server under the home directory. */
export interface DatabaseServer {
  url: string;
  embedded: EmbeddedPostgres | null;
  stop(): Promise<void>;
}

export interface DatabaseServerOptions {
  config: TradewindConfig;
  home: string;
  /** Keep the embedded server running, whoever started it: for services. A short command only borrows it. */
  supervise: boolean;
  onEvent?: (event: EmbeddedPostgresEvent) => void;
}

export async function openDatabaseServer({ config, home, supervise, onEvent }: DatabaseServerOptions): Promise<DatabaseServer> {
  if (config.database.url !== null) return { url: config.database.url, embedded: null, stop: async () => undefined };
  const embedded = await startEmbeddedPostgres({ directory: join(home, "postgres"), supervise, onEvent });
  return { url: embedded.url, embedded, stop: () => embedded.stop() };
}

/**
 * Brings the schema up to this release. A schema that was made just now gets what the configuration says about its first contents.
 */
export async function migrateSchema(
  server: DatabaseServer,
  { scheduler }: TradewindConfig,
  onApplied?: MigrateOptions["onApplied"],
): Promise<readonly Migration[]> {
  const applied = await migrate({ url: server.url, onApplied });
  if (applied.some(({ id }) => id === 1)) {
    await using db = openDatabase({ url: server.url, maxConnections: 1 });
    await transaction(db, async (tx) => {
      const pool = await findPoolSettings(tx, { name: DEFAULT_POOL, lock: true });
      if (pool !== undefined) await updatePool(tx, { ...pool, slots: scheduler.defaultPoolSlots });
    });
  }
  return applied;
}

const DEFAULT_POOL = "default_pool";

/** The address for people: without the password. */
export function showDatabase(server: DatabaseServer): string {
  const { hostname, port, pathname } = new URL(server.url);
  const place = `${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
  return server.embedded === null ? place : `embedded PostgreSQL at ${place}`;
}

/** A database that answers nothing useful is one thing to people, whatever the driver calls it. */
export function unreachableDatabase(server: DatabaseServer, error: unknown): TradewindError {
  const reason = error instanceof Error ? error.message : String(error);
  return new TradewindError(
    "database_unavailable",
    `The database at ${showDatabase(server)} cannot be used: ${reason}. Check TRADEWIND__DATABASE__URL, and that the server runs.`,
    {
      cause: error,
    },
  );
}
