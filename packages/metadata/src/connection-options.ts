import type pg from "pg";
import { columnParsers } from "./column-parsers.ts";

export interface ConnectionOptions {
  /** `postgres://user:password@host:port/database?sslmode=…` */
  url: string;
  /** Shown in `pg_stat_activity`. Default `tradewind`. */
  applicationName?: string;
  /** How long to wait for a connection, new or pooled. Default 10 s. */
  connectTimeoutMs?: number;
  /** The server cancels a longer statement. 0: never. Default 60 s. */
  statementTimeoutMs?: number;
  /**
   * The server ends a session that holds a transaction open and idle for longer, and whoever waits for its locks goes on: a machine that stands still in the middle of one must not hold up the others for longer
   * than its leases. Well below these 10 s, far above the milliseconds between two statements. Default 5 s.
   */
  idleInTransactionTimeoutMs?: number;
}

/**
 * Session settings of the connections that run the hot path: see `openHotDatabase`. Plans are made once per named statement: left to itself the planner makes a new one at each
 * execution with array parameters, which took half the time of a transition.
 */
export const hotSettings: Readonly<Record<string, string>> = {
  enable_seqscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  jit: "off",
  plan_cache_mode: "force_generic_plan",
};

/** A cut network shows as silence: the client gives up this much after the server should have. */
const clientGraceMs = 5_000;

export function clientConfig(options: ConnectionOptions): pg.ClientConfig {
  const statementTimeoutMs = options.statementTimeoutMs ?? 60_000;
  return {
    connectionString: options.url,
    application_name: options.applicationName ?? "tradewind",
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    query_timeout: statementTimeoutMs === 0 ? undefined : statementTimeoutMs + clientGraceMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: columnParsers,
  };
}

/**
 * Sent as statements on a new connection, not as startup options, which connection poolers refuse. The zone makes `now()::date` and the like the same
 * everywhere.
 */
export function sessionSettings(options: ConnectionOptions, extra: Readonly<Record<string, string>> = {}): string {
  const settings = {
    statement_timeout: `${options.statementTimeoutMs ?? 60_000}ms`,
    idle_in_transaction_session_timeout: `${options.idleInTransactionTimeoutMs ?? 5_000}ms`,
    timezone: "UTC",
    ...extra,
  };
  return Object.entries(settings)
    .map(([name, value]) => `set ${name} = '${value}'`)
    .join("; ");
}
