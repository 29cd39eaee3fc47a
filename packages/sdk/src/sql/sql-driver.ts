import { TradewindError } from "@tradewind/core";
import type { Connection } from "../runtime.ts";

/** A row as the driver gives it, by column. */
export type SqlRow = Record<string, unknown>;

export interface SqlAnswer {
  rows: SqlRow[];
  /** Rows returned, or changed; null: the statement does neither. */
  rowCount: number | null;
  /** `"SELECT"`, `"INSERT"` …; null: not known. */
  command: string | null;
}

/** A row in the order of its columns, whose names may come twice. */
export interface SqlFirstRow {
  columns: string[];
  values: unknown[];
}

/** Rows in bulk, on their way to another table. */
export interface SqlBatch {
  columns: string[];
  rows: unknown[][];
}

/** An open connection to a database. One at a time uses it. */
export interface SqlSession {
  /** Which driver it is of. */
  readonly driver: string;
  /**
   * Runs one statement.
   * @param options.maxRows More rows than this refuse the answer.
   */
  query(text: string, parameters: readonly unknown[], options?: { maxRows?: number }): Promise<SqlAnswer>;
  /** The first row of a query; undefined: it has none. */
  queryFirst(text: string, parameters: readonly unknown[]): Promise<SqlFirstRow | undefined>;
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /**
   * The rows of a query, never more than `batchSize` in memory. Inside of a transaction.
   * @param options.asText Values in a form that a session of the same driver takes again without loss; else as JavaScript has them.
   */
  readBatches(text: string, parameters: readonly unknown[], options: { batchSize: number; asText: boolean }): AsyncIterable<SqlBatch>;
  insertRows(table: string, columns: readonly string[], rows: readonly unknown[][]): Promise<number>;
  close(): Promise<void>;
}

/**
 * How to reach one kind of database, for the operators and sensors that speak SQL. PostgreSQL is built in; others are brought by the project.
 *
 * @example
 * registerSqlDriver("mysql", { open: async (connection, { signal }) => new MySqlSession(await createConnection({ host: connection.host! })) });
 */
export interface SqlDriver {
  /**
   * @param facts.signal When it is aborted, the statement that runs must be given up, in the server as well.
   * @param facts.notice Takes what the server has to say beside its answers.
   */
  open(connection: Connection, facts: { signal: AbortSignal; notice: (message: string) => void }): Promise<SqlSession>;
}

// One registry for all loaded copies of this package, as an author's file and the operators may each have their own.
const REGISTRY = Symbol.for("tradewind.sql-drivers");
type Holder = { [REGISTRY]?: Map<string, SqlDriver> };
const drivers: Map<string, SqlDriver> = ((globalThis as Holder)[REGISTRY] ??= new Map());

/** Lets `sql` and its like use connections of another type. To be called at the top of a DAG file, or of a module it imports. Airflow's hooks. */
export function registerSqlDriver(connType: string, driver: SqlDriver): void {
  drivers.set(connType.toLowerCase(), driver);
}

const POSTGRES_TYPES = new Set(["", "generic", "postgres", "postgresql", "cockroachdb", "redshift"]);

/**
 * @throws TradewindError `connection_invalid`: no driver for its type; `task_failed`: the database can't be reached
 */
export async function openSqlSession(connection: Connection, facts: { signal: AbortSignal; notice: (message: string) => void }): Promise<SqlSession> {
  const type = connection.connType.toLowerCase();
  const registered = drivers.get(type);
  if (registered !== undefined) return registered.open(connection, facts);
  if (POSTGRES_TYPES.has(type)) return (await import("./postgres-driver.ts")).openPostgres(connection, facts);
  throw new TradewindError(
    "connection_invalid",
    `Connection "${connection.connectionId}" has the type "${connection.connType}", for which there is no SQL driver. Built in is "postgres"; others are ${[...drivers.keys()].join(", ") || "none"}. Add one with registerSqlDriver("${type}", …) at the top of the DAG file.`,
    { details: { connectionId: connection.connectionId, connType: connection.connType } },
  );
}

/** Opens a session, runs `use` and closes it, however that ends. */
export async function withSqlSession<T>(
  connection: Connection,
  facts: { signal: AbortSignal; notice: (message: string) => void },
  use: (session: SqlSession) => Promise<T>,
): Promise<T> {
  facts.signal.throwIfAborted();
  const session = await openSqlSession(connection, facts);
  try {
    return await use(session);
  } finally {
    await session.close().catch(() => undefined);
  }
}

/** Runs `work` in one transaction: all of it counts, or nothing. */
export async function inTransaction<T>(session: SqlSession, work: () => Promise<T>): Promise<T> {
  await session.begin();
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // A connection that is lost can't roll back, and need not.
    await session.rollback().catch(() => undefined);
    throw error;
  }
  await session.commit();
  return result;
}
