import { ConnectionFields } from "./connection-fields.ts";
import type { Connection } from "../runtime.ts";

const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

/** A PostgreSQL database. Airflow's connection type `postgres`. */
export interface PostgresSettings {
  connectionId: string;
  /** Default `"localhost"`. */
  host: string;
  /** Default 5432. */
  port: number;
  /** From `login`. */
  user: string | null;
  password: string | null;
  /** From `schema`; null: the one that is named as the user. */
  database: string | null;
  /** From `extra.sslmode`, as libpq: `require` encrypts without a look at the certificate, the `verify-` modes check it. Default `"disable"`. */
  sslMode: (typeof SSL_MODES)[number];
  /** From `extra.application_name`. Default `"tradewind"`. */
  applicationName: string;
  /** From `extra.connect_timeout`, in seconds there. Default 10 s. */
  connectTimeoutMs: number;
}

export function readPostgres(connection: Connection): PostgresSettings {
  const fields = new ConnectionFields(connection, {
    kind: "a PostgreSQL database",
    connTypes: ["postgres", "postgresql", "cockroachdb", "redshift"],
  });
  const { connectionId, host, port, login, password, schema } = connection;
  return {
    connectionId,
    host: host || "localhost",
    port: port ?? 5432,
    user: login,
    password,
    database: schema,
    sslMode: fields.oneOf("sslmode", SSL_MODES) ?? "disable",
    applicationName: fields.text("application_name") ?? "tradewind",
    connectTimeoutMs: (fields.number("connect_timeout") ?? 10) * 1000,
  };
}
