import { TradewindError } from "@tradewind/core";
import { chosenIds, type BranchChoice } from "../branching.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import type { TaskOptions } from "../task-options.ts";
import { asJson } from "./check-report.ts";
import { askRow, quoteSql, withTaskSql } from "./sql-task.ts";

export interface SqlBranchOptions<Inputs = NoInputs> extends TaskOptions {
  /** Id of the connection. */
  connection: string;
  /** A query whose first value is true or false. */
  sql: Templated<string, Inputs>;
  /** Values for `$1`, `$2` …. */
  parameters?: Templated<readonly unknown[], Inputs>;
  /** The direct downstreams to follow when the value is true: tasks, groups, or their ids. */
  followIfTrue: BranchChoice;
  /** The direct downstreams to follow when it is false. */
  followIfFalse: BranchChoice;
}

const TRUE = new Set(["true", "t", "yes", "y", "on", "1"]);
const FALSE = new Set(["false", "f", "no", "n", "off", "0"]);

/**
 * Follows one side or the other by a value in a database; the tasks directly below that are not followed are skipped. The value may be a boolean, a number (0 is false) or a text such
 * as "yes". Airflow's BranchSQLOperator.
 *
 * @example
 * const fresh = dag.add(sqlBranch("is_fresh", { connection: "warehouse", sql: "select max(day) = current_date from orders", followIfTrue: "report", followIfFalse: "reload" }));
 * fresh.before(report, reload);
 */
export function sqlBranch<Inputs = NoInputs>(taskId: string, options: SqlBranchOptions<Inputs>): Operator<Inputs, string[]> {
  const { connection, sql, parameters, followIfTrue, followIfFalse, ...taskOptions } = options;
  return operator<Inputs, string[]>(taskId, {
    operator: "sql_branch",
    kind: "branch",
    options: taskOptions,
    handler: async (inputs) => {
      const context = templateContext(inputs);
      const query = await renderTemplate(sql, context, "sql");
      const values = parameters === undefined ? [] : await renderTemplate(parameters, context, "parameters");
      const row = await withTaskSql(connection, context, (session) => askRow(session, query, values, context));
      const isTrue = readTruth(row?.values[0], query, context);
      const chosen = chosenIds(isTrue ? followIfTrue : followIfFalse);
      context.log.info(`The value is ${isTrue}: following ${chosen.join(", ") || "nothing"}`);
      return chosen;
    },
  });
}

function readTruth(value: unknown, query: string, { task }: TemplateContext<unknown>): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  const text = typeof value === "string" ? value.trim().toLowerCase() : "";
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  const found = value === undefined ? "no rows" : JSON.stringify(asJson(value));
  throw new TradewindError(
    "branch_invalid",
    `The query of task "${task.taskId}" gave ${found}, and not true or false. Select one boolean, number or word such as "yes".\n${quoteSql(query)}`,
  );
}
