import { TradewindError } from "@tradewind/core";
import type { Client, ClientConfig, QueryResult } from "pg";
import { getClient } from "../client.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import type { Connection } from "../runtime.ts";
import type { TaskOptions } from "../task-options.ts";

/** A row as the database driver gives it. */
export type SqlRow = Record<string, unknown>;

export interface SqlOptions<Inputs = NoInputs, Result = SqlRow[]> extends TaskOptions {
  /** Id of the connection to a PostgreSQL database; its `schema` is the database's name, `extra.sslmode` and `extra.application_name` are understood. */
  connection: string;
  /** One statement, or a list that runs in one transaction. A `.sql` file may be imported as text. */
  sql: Templated<string | readonly string[], Inputs>;
  /** Values for `$1`, `$2` …; with several statements each gets them all, so use them with one. */
  parameters?: Templated<readonly unknown[], Inputs>;
  /** Makes the result (XCom) from the rows of the last statement. Default: the rows. */
  handler?: (rows: SqlRow[]) => Result;
}

/**
 * Runs SQL on PostgreSQL, in one transaction; the rows of the last statement are the result. Airflow's SQLExecuteQueryOperator.
 *
 * @example
 * dag.add(sql("count_orders", { connection: "warehouse", sql: "select count(*)::int as n from orders where day = $1", parameters: ({ ds }) => [ds], handler: ([row]) => row!.n as number }));
 * @example
 * import createTables from "./create-tables.sql";
 * dag.add(sql("create_tables", { connection: "warehouse", sql: createTables }));
 */
export function sql<Inputs = NoInputs, Result = SqlRow[]>(taskId: string, options: SqlOptions<Inputs, Result>): Operator<Inputs, Result> {
  const { connection, sql: text, parameters, handler, ...taskOptions } = options;
  return operator<Inputs, Result>(taskId, {
    operator: "sql",
    handler: (inputs) => runSql({ connection, sql: text, parameters, handler }, templateContext(inputs)),
    options: taskOptions,
  });
}

async function runSql<Inputs, Result>(options: SqlOptions<Inputs, Result>, context: TemplateContext<Inputs>): Promise<Result> {
  const text = await renderTemplate(options.sql, context);
  const statements = typeof text === "string" ? [text] : text;
  const parameters = options.parameters === undefined ? [] : await renderTemplate(options.parameters, context);
  const config = clientConfig(await getClient().connections.get(options.connection));
  const rows = await withClient(config, options.connection, context, (client) => inTransaction(client, statements, parameters, context));
  return options.handler ? options.handler(rows) : (rows as Result);
}

async function inTransaction(
  client: Client,
  statements: readonly string[],
  parameters: readonly unknown[],
  context: TemplateContext<unknown>,
): Promise<SqlRow[]> {
  await client.query("begin");
  let rows: SqlRow[] = [];
  for (const statement of statements) {
    context.log.info(`Running: ${statement.trim()}`);
    // Without values the simple protocol is used, which allows several statements in one text.
    const answer = (await (parameters.length > 0 ? client.query(statement, [...parameters]) : client.query(statement))) as
      | QueryResult<SqlRow>
      | QueryResult<SqlRow>[];
    const last = Array.isArray(answer) ? answer.at(-1)! : answer;
    rows = last.rows ?? [];
    context.log.info({ command: last.command, rows: last.rowCount }, `${last.command ?? "statement"}: ${last.rowCount ?? 0} rows`);
  }
  await client.query("commit");
  return rows;
}

async function withClient<T>(
  config: ClientConfig,
  connectionId: string,
  context: TemplateContext<unknown>,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { default: pg } = await import("pg");
  const client = new pg.Client(config);
  // Without a listener a lost connection would end the process; the query that runs is refused with the same error.
  client.on("error", () => undefined);
  await client.connect().catch((cause: Error) => {
    throw new TradewindError("task_failed", `Connection "${connectionId}" (${config.host}:${config.port}) could not be opened: ${cause.message}.`, {
      cause,
    });
  });
  const onStop = () => void cancel(new pg.Client(config), client);
  context.signal.addEventListener("abort", onStop, { once: true });
  try {
    context.signal.throwIfAborted();
    return await use(client);
  } finally {
    context.signal.removeEventListener("abort", onStop);
    await client.end();
  }
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

function clientConfig({ host, port, login, password, schema, extra }: Connection): ClientConfig {
  return {
    host: host ?? "localhost",
    port: port ?? 5432,
    user: login ?? undefined,
    password: password ?? undefined,
    database: schema ?? undefined,
    application_name: typeof extra.application_name === "string" ? extra.application_name : "tradewind",
    ssl: sslOf(extra.sslmode),
  };
}

/** As libpq: `require` encrypts without a look at the certificate, the `verify-` modes check it. */
function sslOf(sslmode: unknown): ClientConfig["ssl"] {
  if (sslmode === "require") return { rejectUnauthorized: false };
  return sslmode === "verify-ca" || sslmode === "verify-full" ? { rejectUnauthorized: true } : undefined;
}
