import { definitionError } from "../definition-error.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type Templated, templateContext } from "../operator.ts";
import { asNumber, type CheckReport, type CheckResult, concludeChecks } from "./check-report.ts";
import type { CheckOptions } from "./sql-checks.ts";
import { askRow, withTaskSql } from "./sql-task.ts";

export interface TableCheck {
  /** A condition as SQL: of each row (`total >= 0`), or with aggregates of all of them (`count(*) > 100`). */
  check_statement: string;
  /** A condition on the rows of this check only, as SQL without `where`; added to the task's. */
  partition_clause?: string;
}

export interface SqlTableCheckOptions<Inputs = NoInputs> extends CheckOptions {
  table: Templated<string, Inputs>;
  /** By name. */
  checks: Record<string, TableCheck>;
  /** A condition on the rows that are looked at, as SQL without `where`. */
  partitionClause?: Templated<string, Inputs>;
}

/**
 * Conditions on a table as a whole, or on each of its rows. An empty table passes no condition on rows. Airflow's SQLTableCheckOperator.
 *
 * @example
 * dag.add(sqlTableCheck("orders_table", {
 *   connection: "warehouse", table: "orders",
 *   checks: { enough: { check_statement: "count(*) >= 100" }, adds_up: { check_statement: "net + tax = total" } },
 * }));
 */
export function sqlTableCheck<Inputs = NoInputs>(taskId: string, options: SqlTableCheckOptions<Inputs>): Operator<Inputs, CheckReport> {
  const { connection, retryOnFailure, table, checks, partitionClause, ...taskOptions } = options;
  if (Object.keys(checks).length === 0) {
    throw definitionError(`Option "checks" of task "${taskId}" is empty. Name a check: { enough: { check_statement: "count(*) > 0" } }.`, { taskId });
  }
  return operator<Inputs, CheckReport>(taskId, {
    operator: "sql_table_check",
    options: taskOptions,
    handler: async (inputs) => {
      const context = templateContext(inputs);
      const name = await renderTemplate(table, context, "table");
      const clause = partitionClause === undefined ? undefined : await renderTemplate(partitionClause, context, "partitionClause");
      const results: CheckResult[] = [];
      await withTaskSql(connection, context, async (session) => {
        for (const [check, { check_statement: statement, partition_clause: own }] of Object.entries(checks)) {
          const row = await askRow(session, queryOf(statement, name, [clause, own]), [], context);
          const found = row?.values[0];
          const passed = found !== null && found !== undefined && asNumber(found) === 1;
          results.push({ name: check, found: found === null || found === undefined ? "no rows" : passed, expected: statement, passed });
        }
      });
      return concludeChecks({ passed: results.every((one) => one.passed), subject: name, checks: results }, { retryOnFailure }, context);
    },
  });
}

/** As Airflow: the least of all rows, so that one that breaks the condition fails the check. */
function queryOf(statement: string, table: string, clauses: readonly (string | undefined)[]): string {
  const conditions = clauses.filter((one) => one !== undefined && one.trim() !== "").map((one) => `(${one})`);
  const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
  return `select min(passed) from (select case when ${statement} then 1 else 0 end as passed from ${table}${where}) as checked`;
}
