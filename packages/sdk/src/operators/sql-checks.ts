import { TradewindError } from "@tradewind/core";
import { definitionError } from "../definition-error.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import type { SqlFirstRow, SqlSession } from "../sql/sql-driver.ts";
import type { TaskOptions } from "../task-options.ts";
import { asJson, asNumber, type CheckReport, type CheckResult, concludeChecks } from "./check-report.ts";
import { askRow, quoteSql, withTaskSql } from "./sql-task.ts";

/** What all data-quality checks have in common. */
export interface CheckOptions extends TaskOptions {
  /** Id of the connection. */
  connection: string;
  /** False: data that fails a check fails the task for good, whatever `retries` says. Default true. Airflow's retry_on_failure. */
  retryOnFailure?: boolean;
}

export interface SqlCheckOptions<Inputs = NoInputs> extends CheckOptions {
  /** A query whose first row is judged. */
  sql: Templated<string, Inputs>;
  /** Values for `$1`, `$2` …. */
  parameters?: Templated<readonly unknown[], Inputs>;
}

/**
 * Every value of the query's first row must be truthy: not 0, false, null or empty. No row at all fails too. Airflow's SQLCheckOperator.
 *
 * @example
 * dag.add(sqlCheck("has_orders", { connection: "warehouse", sql: "select count(*), bool_and(total >= 0) from orders where day = $1", parameters: ({ ds }) => [ds] }));
 */
export function sqlCheck<Inputs = NoInputs>(taskId: string, options: SqlCheckOptions<Inputs>): Operator<Inputs, CheckReport> {
  return rowCheck(taskId, "sql_check", options, (row) =>
    cellsOf(row).map(([name, value]) => ({
      name,
      found: asJson(value),
      expected: "a value that is not 0, false, null or empty",
      passed: isTruthy(value),
    })),
  );
}

export interface SqlValueCheckOptions<Inputs = NoInputs> extends SqlCheckOptions<Inputs> {
  /** What each value of the first row must be. A number (or a text that is one) is compared as a number, anything else as text. */
  passValue: Templated<string | number | boolean, Inputs>;
  /** How far a number may be away, as a share of `passValue`: 0.1 allows ten per cent. Default: not at all. */
  tolerance?: number;
}

/**
 * Every value of the query's first row must equal `passValue`, within `tolerance`. Airflow's SQLValueCheckOperator.
 *
 * @example
 * dag.add(sqlValueCheck("row_count", { connection: "warehouse", sql: "select count(*) from stores", passValue: 1200, tolerance: 0.05 }));
 */
export function sqlValueCheck<Inputs = NoInputs>(taskId: string, options: SqlValueCheckOptions<Inputs>): Operator<Inputs, CheckReport> {
  const { passValue, tolerance, ...rest } = options;
  assertShare(tolerance, "tolerance", taskId);
  return rowCheck(taskId, "sql_value_check", rest, async (row, context) => {
    const expected = await renderTemplate(passValue, context, "passValue");
    return cellsOf(row).map(([name, value]) => ({ name, found: asJson(value), ...judgeValue(value, expected, tolerance) }));
  });
}

function judgeValue(value: unknown, expected: string | number | boolean, tolerance: number | undefined): Pick<CheckResult, "expected" | "passed"> {
  const wanted = typeof expected === "boolean" ? undefined : asNumber(expected);
  if (wanted === undefined) return { expected: String(expected), passed: String(value) === String(expected) };
  const number = asNumber(value);
  if (tolerance === undefined) return { expected: String(wanted), passed: number === wanted };
  const [low, high] = [wanted * (1 - tolerance), wanted * (1 + tolerance)].sort((a, b) => a - b) as [number, number];
  return { expected: `${wanted} ± ${tolerance * 100} %`, passed: number !== undefined && low <= number && number <= high };
}

export interface SqlThresholdCheckOptions<Inputs = NoInputs> extends SqlCheckOptions<Inputs> {
  /** A number, or a query whose first value is it. */
  minThreshold: Templated<number | string, Inputs>;
  /** A number, or a query whose first value is it. */
  maxThreshold: Templated<number | string, Inputs>;
}

/**
 * The first value of the query must be from `minThreshold` to `maxThreshold`, both included. Airflow's SQLThresholdCheckOperator.
 *
 * @example
 * dag.add(sqlThresholdCheck("temperature", { connection: "warehouse", sql: "select avg(celsius) from readings", minThreshold: -40, maxThreshold: "select max(limit_c) from limits" }));
 */
export function sqlThresholdCheck<Inputs = NoInputs>(taskId: string, options: SqlThresholdCheckOptions<Inputs>): Operator<Inputs, CheckReport> {
  const { minThreshold, maxThreshold, ...rest } = options;
  return rowCheck(taskId, "sql_threshold_check", rest, async (row, context, session) => {
    const least = await threshold("minThreshold", await renderTemplate(minThreshold, context, "minThreshold"), session, context);
    const most = await threshold("maxThreshold", await renderTemplate(maxThreshold, context, "maxThreshold"), session, context);
    const [[name, value] = ["result", undefined]] = cellsOf(row);
    const number = asNumber(value);
    return [{ name, found: asJson(value), expected: `from ${least} to ${most}`, passed: number !== undefined && least <= number && number <= most }];
  });
}

async function threshold(name: string, given: number | string, session: SqlSession, context: TemplateContext<unknown>): Promise<number> {
  const value = typeof given === "number" ? given : (await askRow(session, given, [], context))?.values[0];
  const number = asNumber(value);
  if (number !== undefined) return number;
  throw new TradewindError(
    "task_failed",
    `The ${name} of task "${context.task.taskId}" is ${JSON.stringify(asJson(value))}, and not a number. Give a number, or a query whose first value is one.`,
  );
}

export interface SqlUniqueCheckOptions<Inputs = NoInputs> extends CheckOptions {
  table: Templated<string, Inputs>;
  /** The columns that together must not come twice. */
  columns: readonly string[];
  /** A condition on the rows that are looked at, as SQL without `where`. */
  partitionClause?: Templated<string, Inputs>;
}

/**
 * No two rows have the same values in these columns. The report shows some that do. Airflow's unique_check, over several columns.
 *
 * @example
 * dag.add(sqlUniqueCheck("one_row_per_day", { connection: "warehouse", table: "daily_sales", columns: ["store", "day"] }));
 */
export function sqlUniqueCheck<Inputs = NoInputs>(taskId: string, options: SqlUniqueCheckOptions<Inputs>): Operator<Inputs, CheckReport> {
  const { connection, table, columns, partitionClause, retryOnFailure, ...taskOptions } = options;
  if (columns.length === 0)
    throw definitionError(`Option "columns" of task "${taskId}" is empty. Name the columns that together must not come twice.`, { taskId });
  return operator<Inputs, CheckReport>(taskId, {
    operator: "sql_unique_check",
    options: taskOptions,
    handler: async (inputs) => {
      const context = templateContext(inputs);
      const from = await renderTemplate(table, context, "table");
      const where = partitionClause === undefined ? "" : ` where ${await renderTemplate(partitionClause, context, "partitionClause")}`;
      const list = columns.join(", ");
      const query = `select ${list}, count(*) as times from ${from}${where} group by ${list} having count(*) > 1 order by count(*) desc limit 5`;
      const rows = await withTaskSql(connection, context, async (session) => (await session.query(query, [])).rows);
      const check = {
        name: `unique (${list})`,
        found: rows.length === 0 ? 0 : asJson(rows),
        expected: "no values that come twice",
        passed: rows.length === 0,
      };
      return concludeChecks({ passed: check.passed, subject: from, checks: [check] }, { retryOnFailure }, context);
    },
  });
}

type JudgeRow<Inputs> = (row: SqlFirstRow, context: TemplateContext<Inputs>, session: SqlSession) => CheckResult[] | Promise<CheckResult[]>;

/** A check that looks at the first row of a query. */
function rowCheck<Inputs>(taskId: string, name: string, options: SqlCheckOptions<Inputs>, judge: JudgeRow<Inputs>): Operator<Inputs, CheckReport> {
  const { connection, sql, parameters, retryOnFailure, ...taskOptions } = options;
  return operator<Inputs, CheckReport>(taskId, {
    operator: name,
    options: taskOptions,
    handler: async (inputs) => {
      const context = templateContext(inputs);
      const query = await renderTemplate(sql, context, "sql");
      const values = parameters === undefined ? [] : await renderTemplate(parameters, context, "parameters");
      const checks = await withTaskSql(connection, context, async (session) => {
        const row = await askRow(session, query, values, context);
        return row === undefined ? [noRow()] : judge(row, context, session);
      });
      const passed = checks.every((check) => check.passed);
      return concludeChecks({ passed, subject: `"${quoteSql(query)}"`, checks }, { retryOnFailure }, context);
    },
  });
}

function cellsOf({ columns, values }: SqlFirstRow): [name: string, value: unknown][] {
  return columns.map((name, index) => [name, values[index]]);
}

function noRow(): CheckResult {
  return { name: "rows", found: 0, expected: "a row", passed: false };
}

/** As Python's truth of a value: databases give numbers as text where they must be exact. */
function isTruthy(value: unknown): boolean {
  const number = asNumber(value);
  return number === undefined ? Boolean(value) : number !== 0;
}

export function assertShare(value: number | undefined, name: string, taskId: string): void {
  if (value === undefined || (Number.isFinite(value) && value >= 0)) return;
  throw definitionError(`Option "${name}" of task "${taskId}" is ${value}: it must be a share of zero or more, such as 0.1 for ten per cent.`, {
    taskId,
  });
}
