import { TradewindError } from "@tradewind/core";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import { definitionError } from "../definition-error.ts";
import { splitStatements } from "../sql/split-statements.ts";
import { inTransaction, type SqlSession } from "../sql/sql-driver.ts";
import type { TaskOptions } from "../task-options.ts";
import { quoteSql, runStatement, withTaskSql } from "./sql-task.ts";

export interface TransferOptions<Inputs = NoInputs> extends TaskOptions {
  /** Connection that is read. */
  source: string;
  /** One query. */
  sql: Templated<string, Inputs>;
  /** Values for `$1`, `$2` … of the query. */
  parameters?: Templated<readonly unknown[], Inputs>;
  /** Connection that is written. */
  destination: string;
  /** The table to insert into: a name, with its schema where it needs one. */
  table: Templated<string, Inputs>;
  /** Columns of the table, in the order of the query's. Default: named as the query's. */
  columns?: readonly string[];
  /** Statements that run in the destination first, in the same transaction, such as `truncate orders`. */
  preoperators?: Templated<string | readonly string[], Inputs>;
  /** Statements that run in the destination last, in the same transaction. */
  postoperators?: Templated<string | readonly string[], Inputs>;
  /** Rows in memory, and in one insert. Default 1000. */
  batchSize?: number;
}

const DEFAULT_BATCH_SIZE = 1000;

/** A bare or quoted name, with those it is in before it. Anything else would be SQL, and is refused: a table's name may come from a run's conf. */
const TABLE_NAME =
  /^(?:[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|"(?:[^"]|"")+")(?:\.(?:[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|"(?:[^"]|"")+"))*$/;

/**
 * Copies what a query gives in one database into a table of another, batch by batch. All that is written is one transaction: either all rows arrive, or none. The result tells how
 * many. Airflow's GenericTransfer.
 *
 * @example
 * dag.add(transfer("copy_orders", {
 *   source: "shop", sql: "select id, day, total from orders where day = $1", parameters: ({ ds }) => [ds],
 *   destination: "warehouse", table: "staging.orders", preoperators: "truncate staging.orders",
 * }));
 */
export function transfer<Inputs = NoInputs>(taskId: string, options: TransferOptions<Inputs>): Operator<Inputs, { rows: number }> {
  const { source, sql, parameters, destination, table, columns, preoperators, postoperators, batchSize, ...taskOptions } = options;
  if (batchSize !== undefined && !(Number.isSafeInteger(batchSize) && batchSize > 0)) {
    throw definitionError(`Option "batchSize" of task "${taskId}" is ${String(batchSize)}: it must be a whole number of 1 or more.`, { taskId });
  }
  const request = { source, sql, parameters, destination, table, columns, preoperators, postoperators, batchSize };
  return operator<Inputs, { rows: number }>(taskId, {
    operator: "transfer",
    handler: (inputs) => copyRows(request, templateContext(inputs)),
    options: taskOptions,
  });
}

async function copyRows<Inputs>(options: TransferOptions<Inputs>, context: TemplateContext<Inputs>): Promise<{ rows: number }> {
  const query = oneQuery(await renderTemplate(options.sql, context, "sql"), context.task.taskId);
  const parameters = options.parameters === undefined ? [] : await renderTemplate(options.parameters, context, "parameters");
  const table = checkedTable(await renderTemplate(options.table, context, "table"), context.task.taskId);
  const before = options.preoperators === undefined ? [] : [await renderTemplate(options.preoperators, context, "preoperators")].flat();
  const after = options.postoperators === undefined ? [] : [await renderTemplate(options.postoperators, context, "postoperators")].flat();
  const run = (target: SqlSession, texts: readonly string[]) => runStatements(target, texts, options.destination, context);
  return withTaskSql(options.source, context, (from) =>
    withTaskSql(options.destination, context, (target) =>
      inTransaction(from, () =>
        inTransaction(target, async () => {
          await run(target, before);
          context.log.info(`Copying into ${table}: ${quoteSql(query)}`);
          const rows = await copyBatches(from, target, { query, parameters, table, columns: options.columns, batchSize: options.batchSize }, context);
          await run(target, after);
          context.log.info({ rows }, `Copied ${rows} rows from "${options.source}" to ${table} on "${options.destination}"`);
          return { rows };
        }),
      ),
    ),
  );
}

async function copyBatches(
  from: SqlSession,
  target: SqlSession,
  plan: { query: string; parameters: readonly unknown[]; table: string; columns?: readonly string[]; batchSize?: number },
  context: TemplateContext<unknown>,
): Promise<number> {
  let rows = 0;
  // Between two servers of a kind values travel as the server's own text, which loses nothing.
  const asText = from.driver === target.driver;
  for await (const batch of from.readBatches(plan.query, plan.parameters, { batchSize: plan.batchSize ?? DEFAULT_BATCH_SIZE, asText })) {
    const columns = plan.columns ?? batch.columns;
    if (columns.length !== batch.columns.length) {
      throw new TradewindError(
        "task_failed",
        `The query of task "${context.task.taskId}" gives ${batch.columns.length} columns (${batch.columns.join(", ")}), and its option "columns" names ${columns.length} (${columns.join(", ")}). Give one for each.`,
      );
    }
    rows += await target.insertRows(plan.table, columns, batch.rows);
    context.progress({ current: rows, message: `${rows} rows` });
    context.signal.throwIfAborted();
  }
  return rows;
}

async function runStatements(session: SqlSession, texts: readonly string[], connectionId: string, context: TemplateContext<unknown>): Promise<void> {
  const statements = texts.flatMap(splitStatements);
  const facts = { connectionId, total: statements.length, maxRows: Number.MAX_SAFE_INTEGER, inTransaction: true };
  for (const [index, statement] of statements.entries()) await runStatement(session, statement, [], { ...facts, number: index + 1 }, context);
}

function oneQuery(text: string, taskId: string): string {
  const statements = splitStatements(text);
  if (statements.length === 1) return statements[0]!.text;
  throw new TradewindError(
    "task_failed",
    `The sql of task "${taskId}" has ${statements.length} statements; a transfer reads one query. Run the others in an sql task before it.`,
  );
}

function checkedTable(table: string, taskId: string): string {
  if (TABLE_NAME.test(table)) return table;
  throw new TradewindError(
    "task_failed",
    `Task "${taskId}" can't insert into ${JSON.stringify(table)}: that is no name of a table. Write it like orders, staging.orders or "Orders".`,
  );
}
