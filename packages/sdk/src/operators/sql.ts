import { TradewindError } from "@tradewind/core";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import { splitStatements, type SqlStatement } from "../sql/split-statements.ts";
import { inTransaction, type SqlAnswer, type SqlRow, type SqlSession } from "../sql/sql-driver.ts";
import type { TaskOptions } from "../task-options.ts";
import { runStatement, withTaskSql } from "./sql-task.ts";

export type { SqlRow } from "../sql/sql-driver.ts";

/** What a `handler` may know beside the rows. */
export interface SqlStatementInfo {
  statement: string;
  /** Rows returned, or changed; null: the statement does neither. */
  rowCount: number | null;
}

export interface SqlOptions<Inputs = NoInputs, Result = SqlRow[]> extends TaskOptions {
  /** Id of the connection. PostgreSQL is built in; `registerSqlDriver` adds other databases. */
  connection: string;
  /** One statement or several, split at semicolons; or a list of such texts. A `.sql` file may be imported as text. */
  sql: Templated<string | readonly string[], Inputs>;
  /** Values for `$1`, `$2` …: each statement gets as many as it names. */
  parameters?: Templated<readonly unknown[], Inputs>;
  /**
   * False (the default): all statements are one transaction. True: each counts by itself, also when a later one fails; needed by `vacuum`, `create database` and their like. Airflow's
   * autocommit.
   */
  autocommit?: boolean;
  /** False: each text goes to the server as it is. Default true. Airflow's split_statements. */
  splitStatements?: boolean;
  /** Makes the result (XCom) from the rows of the last statement. Default: the rows. */
  handler?: (rows: SqlRow[], info: SqlStatementInfo) => Result;
  /** More rows than this fail the task, so that no query fills its memory by mistake. Default 100 000. */
  maxRows?: number;
}

const DEFAULT_MAX_ROWS = 100_000;

/**
 * Runs SQL. The rows of the last statement are the result; with `returnLast: false` it is the list of what each statement gave. Airflow's SQLExecuteQueryOperator.
 *
 * @example
 * dag.add(sql("count_orders", { connection: "warehouse", sql: "select count(*)::int as n from orders where day = $1", parameters: ({ ds }) => [ds], handler: ([row]) => row!.n as number }));
 * @example
 * import createTables from "./create-tables.sql";
 * dag.add(sql("create_tables", { connection: "warehouse", sql: createTables }));
 */
export function sql<Inputs = NoInputs, Result = SqlRow[]>(
  taskId: string,
  options: SqlOptions<Inputs, Result> & { returnLast: false },
): Operator<Inputs, Result[]>;
export function sql<Inputs = NoInputs, Result = SqlRow[]>(
  taskId: string,
  options: SqlOptions<Inputs, Result> & { returnLast?: true },
): Operator<Inputs, Result>;
export function sql<Inputs, Result>(
  taskId: string,
  options: SqlOptions<Inputs, Result> & { returnLast?: boolean },
): Operator<Inputs, Result | Result[]> {
  const { connection, sql: text, parameters, autocommit, splitStatements: split, handler, maxRows, returnLast, ...taskOptions } = options;
  const request = { connection, sql: text, parameters, autocommit, splitStatements: split, handler, maxRows, returnLast };
  return operator<Inputs, Result | Result[]>(taskId, {
    operator: "sql",
    handler: (inputs) => runSql(request, templateContext(inputs)),
    options: taskOptions,
  });
}

type SqlRequest<Inputs, Result> = SqlOptions<Inputs, Result> & { returnLast?: boolean };

async function runSql<Inputs, Result>(options: SqlRequest<Inputs, Result>, context: TemplateContext<Inputs>): Promise<Result | Result[]> {
  const texts = [await renderTemplate(options.sql, context, "sql")].flat();
  const parameters = options.parameters === undefined ? [] : await renderTemplate(options.parameters, context, "parameters");
  const statements = texts.flatMap((text) => (options.splitStatements === false ? [asOne(text, parameters)] : splitStatements(text)));
  if (statements.length === 0) throw nothingToRun(context.task.taskId);
  assertAllUsed(statements, parameters, context.task.taskId);
  const each = options.handler ?? ((rows: SqlRow[]) => rows as Result);
  return withTaskSql(options.connection, context, async (session) => {
    const work = () => runAll(session, statements, parameters, options, context);
    const answers = options.autocommit === true ? await work() : await inTransaction(session, work);
    const results = answers.map(
      ({ rows, rowCount }, index) =>
        () =>
          each(rows, { statement: statements[index]!.text, rowCount }),
    );
    return options.returnLast === false ? results.map((make) => make()) : results.at(-1)!();
  });
}

async function runAll(
  session: SqlSession,
  statements: readonly SqlStatement[],
  parameters: readonly unknown[],
  options: { connection: string; maxRows?: number; autocommit?: boolean },
  context: TemplateContext<unknown>,
): Promise<SqlAnswer[]> {
  const facts = {
    connectionId: options.connection,
    total: statements.length,
    maxRows: options.maxRows ?? DEFAULT_MAX_ROWS,
    inTransaction: options.autocommit !== true,
  };
  const answers: SqlAnswer[] = [];
  for (const [index, statement] of statements.entries()) {
    answers.push(await runStatement(session, statement, parameters, { ...facts, number: index + 1 }, context));
  }
  return answers;
}

function asOne(text: string, parameters: readonly unknown[]): SqlStatement {
  return { text, highestParameter: parameters.length };
}

function nothingToRun(taskId: string): TradewindError {
  return new TradewindError("task_failed", `Task "${taskId}" has no statement to run: its sql is empty, or nothing but comments.`, {
    details: { taskId },
  });
}

/** A value that no statement names is a mistake more often than not, and the server would refuse it with less to say. */
function assertAllUsed(statements: readonly SqlStatement[], parameters: readonly unknown[], taskId: string): void {
  const highest = Math.max(...statements.map((one) => one.highestParameter));
  if (highest === parameters.length) return;
  throw new TradewindError(
    "task_failed",
    `Task "${taskId}" has ${parameters.length} parameters, and its sql names ${highest === 0 ? "none" : `values up to $${highest}`}. Write one $1, $2 … for each parameter.`,
    { details: { taskId, parameters: parameters.length, highest } },
  );
}
