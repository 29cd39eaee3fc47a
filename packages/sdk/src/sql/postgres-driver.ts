import { TradewindError } from "@tradewind/core";
import type { Client, ClientConfig, QueryResult } from "pg";
import { connectionAs } from "../connections/connection-kinds.ts";
import type { PostgresSettings } from "../connections/postgres-kind.ts";
import type { Connection } from "../runtime.ts";
import type { SqlAnswer, SqlBatch, SqlFirstRow, SqlSession } from "./sql-driver.ts";

/** PostgreSQL takes so many values in one statement. */
const MAX_VALUES = 65_535;

/** Opens a connection to PostgreSQL. The client library is loaded here and not before: most tasks need none. */
export async function openPostgres(
  connection: Connection,
  { signal, notice }: { signal: AbortSignal; notice: (message: string) => void },
): Promise<SqlSession> {
  const settings = connectionAs(connection, "postgres");
  const { default: pg } = await import("pg");
  const config = clientConfig(settings);
  const client = new pg.Client(config);
  // Without a listener a lost connection would end the process; the query that runs is refused with the same error.
  client.on("error", () => undefined);
  client.on("notice", ({ message }) => notice(message ?? ""));
  await client.connect().catch((cause: Error) => {
    throw new TradewindError(
      "task_failed",
      `Connection "${settings.connectionId}" (${settings.host}:${settings.port}) could not be opened: ${cause.message || (cause as NodeJS.ErrnoException).code}. Check its host, port, database and login with "tradewind connections get ${settings.connectionId}".`,
      { cause },
    );
  });
  const onStop = () => void cancel(new pg.Client(config), client);
  signal.addEventListener("abort", onStop, { once: true });
  return new PostgresSession(
    client,
    () => signal.removeEventListener("abort", onStop),
    () => cancel(new pg.Client(config), client),
  );
}

class PostgresSession implements SqlSession {
  readonly driver = "postgres";
  readonly #client: Client;
  readonly #release: () => void;
  readonly #cancel: () => Promise<void>;
  #cursors = 0;

  constructor(client: Client, release: () => void, cancelStatement: () => Promise<void>) {
    this.#client = client;
    this.#release = release;
    this.#cancel = cancelStatement;
  }

  async query(text: string, parameters: readonly unknown[], { maxRows }: { maxRows?: number } = {}): Promise<SqlAnswer> {
    if (maxRows !== undefined) return this.#limited(text, parameters, maxRows);
    // Without values the simple protocol is used, in which a text may hold several statements.
    const answer = (await (parameters.length > 0 ? this.#client.query(text, [...parameters]) : this.#client.query(text))) as
      | QueryResult
      | QueryResult[];
    const last = Array.isArray(answer) ? answer.at(-1)! : answer;
    return { rows: last.rows ?? [], rowCount: last.rowCount, command: last.command };
  }

  /** Rows are counted as they come, so that a query without a limit can't fill the memory. */
  async #limited(text: string, parameters: readonly unknown[], maxRows: number): Promise<SqlAnswer> {
    const { default: pg } = await import("pg");
    const rows: SqlAnswer["rows"] = [];
    let tooMany = false;
    const query = this.#client.query(new pg.Query(text, [...parameters]));
    const ended = await new Promise<QueryResult>((resolve, reject) => {
      query.on("row", (row: SqlAnswer["rows"][number]) => {
        if (rows.length < maxRows) rows.push(row);
        else if (!tooMany) {
          tooMany = true;
          void this.#cancel();
        }
      });
      query.on("end", resolve);
      query.on("error", reject);
    }).catch((error: unknown) => {
      if (tooMany) throw tooManyRows(maxRows);
      throw error;
    });
    if (tooMany) throw tooManyRows(maxRows);
    return { rows, rowCount: ended.rowCount, command: ended.command };
  }

  async queryFirst(text: string, parameters: readonly unknown[]): Promise<SqlFirstRow | undefined> {
    const answer = await this.#client.query({ text, values: [...parameters], rowMode: "array" });
    const values = answer.rows[0] as unknown[] | undefined;
    return values && { columns: answer.fields.map(({ name }) => name), values };
  }

  async begin(): Promise<void> {
    await this.#client.query("begin");
  }

  async commit(): Promise<void> {
    await this.#client.query("commit");
  }

  async rollback(): Promise<void> {
    await this.#client.query("rollback");
  }

  async *readBatches(
    text: string,
    parameters: readonly unknown[],
    { batchSize, asText }: { batchSize: number; asText: boolean },
  ): AsyncGenerator<SqlBatch> {
    const cursor = `tradewind_${++this.#cursors}`;
    await this.#client.query(`declare ${cursor} no scroll cursor for ${text}`, [...parameters]);
    // The text that the server sent: a number, a timestamp or a document keeps every digit.
    const types = asText ? { getTypeParser: () => (value: string | Buffer) => value } : undefined;
    for (;;) {
      const answer = await this.#client.query({ text: `fetch ${batchSize} from ${cursor}`, rowMode: "array", types });
      if (answer.rows.length > 0) yield { columns: answer.fields.map(({ name }) => name), rows: answer.rows as unknown[][] };
      if (answer.rows.length < batchSize) break;
    }
    await this.#client.query(`close ${cursor}`);
  }

  async insertRows(table: string, columns: readonly string[], rows: readonly unknown[][]): Promise<number> {
    const names = columns.map(quoteName).join(", ");
    const perStatement = Math.max(1, Math.floor(MAX_VALUES / columns.length));
    let inserted = 0;
    for (let start = 0; start < rows.length; start += perStatement) {
      const some = rows.slice(start, start + perStatement);
      const places = some.map((_, row) => `(${columns.map((_name, column) => `$${row * columns.length + column + 1}`).join(", ")})`);
      const answer = await this.#client.query(`insert into ${table} (${names}) values ${places.join(", ")}`, some.flat());
      inserted += answer.rowCount ?? 0;
    }
    return inserted;
  }

  async close(): Promise<void> {
    this.#release();
    await this.#client.end();
  }
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function tooManyRows(maxRows: number): TradewindError {
  return new TradewindError(
    "task_failed",
    `The query has more than ${maxRows} rows, which is the limit of maxRows. Results travel as XCom: select less, raise maxRows, or move rows between databases with the transfer operator.`,
    { details: { maxRows } },
  );
}

/** Closing a connection does not stop its statement in the server; a second connection does. */
async function cancel(second: Client, running: Client): Promise<void> {
  second.on("error", () => undefined);
  try {
    await second.connect();
    await second.query("select pg_cancel_backend($1)", [(running as Client & { processID: number }).processID]);
  } catch {
    // The server can't be reached: then the statement's own connection is lost as well.
  } finally {
    await second.end().catch(() => undefined);
  }
}

function clientConfig(settings: PostgresSettings): ClientConfig {
  return {
    host: settings.host,
    port: settings.port,
    user: settings.user ?? undefined,
    password: settings.password ?? undefined,
    database: settings.database ?? undefined,
    application_name: settings.applicationName,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    ssl: sslOf(settings.sslMode),
  };
}

function sslOf(sslMode: PostgresSettings["sslMode"]): ClientConfig["ssl"] {
  if (sslMode === "require") return { rejectUnauthorized: false };
  return sslMode === "verify-ca" || sslMode === "verify-full" ? { rejectUnauthorized: true } : undefined;
}
