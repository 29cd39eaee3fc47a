import { definitionError } from "../definition-error.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import { asJson, asNumber, type CheckReport, type CheckResult, concludeChecks } from "./check-report.ts";
import { assertShare, type CheckOptions } from "./sql-checks.ts";
import { askRow, withTaskSql } from "./sql-task.ts";

const COLUMN_CHECKS = {
  null_check: (column: string) => `sum(case when ${column} is null then 1 else 0 end)`,
  distinct_check: (column: string) => `count(distinct ${column})`,
  unique_check: (column: string) => `count(${column}) - count(distinct ${column})`,
  min: (column: string) => `min(${column})`,
  max: (column: string) => `max(${column})`,
} as const;

/** What can be looked at: rows that are null, distinct values, values that come again, the least and the greatest value. */
export type ColumnCheckName = keyof typeof COLUMN_CHECKS;

/** What the number must be: `equal_to` alone, or one lower and one upper bound. */
export interface ColumnComparison {
  equal_to?: number;
  greater_than?: number;
  geq_to?: number;
  less_than?: number;
  leq_to?: number;
  /** Moves the bounds away, as a share of them: 0.1 allows ten per cent. */
  tolerance?: number;
  /** A condition for this check only, as SQL without `where`; added to the task's. */
  partition_clause?: string;
}

export type ColumnMapping = Record<string, Partial<Record<ColumnCheckName, ColumnComparison>>>;

export interface SqlColumnCheckOptions<Inputs = NoInputs> extends CheckOptions {
  table: Templated<string, Inputs>;
  /** By column, then by check. Names are Airflow's. */
  columnMapping: ColumnMapping;
  /** A condition on the rows that are looked at, as SQL without `where`. */
  partitionClause?: Templated<string, Inputs>;
  /** A check without a result, as of an empty table, counts as 0. Default true. */
  acceptNone?: boolean;
}

/**
 * Checks on columns of a table. Airflow's SQLColumnCheckOperator.
 *
 * @example
 * dag.add(sqlColumnCheck("orders_columns", {
 *   connection: "warehouse", table: "orders", partitionClause: ({ ds }) => `day = '${ds}'`,
 *   columnMapping: {
 *     id: { null_check: { equal_to: 0 }, unique_check: { equal_to: 0 } },
 *     total: { min: { geq_to: 0 }, max: { less_than: 100_000, tolerance: 0.1 } },
 *   },
 * }));
 */
export function sqlColumnCheck<Inputs = NoInputs>(taskId: string, options: SqlColumnCheckOptions<Inputs>): Operator<Inputs, CheckReport> {
  const { connection, retryOnFailure, table, columnMapping, partitionClause, acceptNone, ...taskOptions } = options;
  const plan = planChecks(taskId, columnMapping);
  return operator<Inputs, CheckReport>(taskId, {
    operator: "sql_column_check",
    options: taskOptions,
    handler: async (inputs) => {
      const context = templateContext(inputs);
      const name = await renderTemplate(table, context, "table");
      const clause = partitionClause === undefined ? undefined : await renderTemplate(partitionClause, context, "partitionClause");
      const found = await ask(connection, plan, name, clause, context);
      const checks = plan.map((check, index) => judge(check, found[index], acceptNone ?? true));
      return concludeChecks({ passed: checks.every((check) => check.passed), subject: name, checks }, { retryOnFailure }, context);
    },
  });
}

interface PlannedCheck {
  column: string;
  check: ColumnCheckName;
  comparison: ColumnComparison;
}

/** All checks with the same condition are one query. */
async function ask(
  connection: string,
  plan: readonly PlannedCheck[],
  table: string,
  clause: string | undefined,
  context: TemplateContext<unknown>,
): Promise<unknown[]> {
  const found: unknown[] = Array.from({ length: plan.length });
  const byClause = Map.groupBy(plan.keys(), (index) => plan[index]!.comparison.partition_clause);
  await withTaskSql(connection, context, async (session) => {
    for (const [own, indexes] of byClause) {
      const conditions = [clause, own].filter((one) => one !== undefined && one.trim() !== "").map((one) => `(${one})`);
      const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
      const members = indexes.map((index) => COLUMN_CHECKS[plan[index]!.check](plan[index]!.column));
      const row = await askRow(session, `select ${members.join(", ")} from ${table}${where}`, [], context);
      for (const [place, index] of indexes.entries()) found[index] = row?.values[place];
    }
  });
  return found;
}

function judge({ column, check, comparison }: PlannedCheck, value: unknown, acceptNone: boolean): CheckResult {
  const isNone = value === null || value === undefined;
  const number = isNone && acceptNone ? 0 : asNumber(value);
  const passed = number !== undefined && boundsOf(comparison).every(({ holds }) => holds(number));
  return { name: `${column}.${check}`, found: asJson(value), expected: describe(comparison), passed };
}

interface Bound {
  text: string;
  holds: (found: number) => boolean;
}

/** As Airflow: the tolerance is a share of each bound, and moves it outwards. */
function boundsOf({ tolerance = 0, ...bounds }: ColumnComparison): Bound[] {
  const { equal_to, greater_than, geq_to, less_than, leq_to } = bounds;
  const lower = (bound: number) => bound - Math.abs(bound) * tolerance;
  const upper = (bound: number) => bound + Math.abs(bound) * tolerance;
  const found: Bound[] = [];
  if (equal_to !== undefined) found.push({ text: `equal to ${equal_to}`, holds: (value) => lower(equal_to) <= value && value <= upper(equal_to) });
  if (greater_than !== undefined) found.push({ text: `greater than ${greater_than}`, holds: (value) => value > lower(greater_than) });
  if (geq_to !== undefined) found.push({ text: `${geq_to} or more`, holds: (value) => value >= lower(geq_to) });
  if (less_than !== undefined) found.push({ text: `less than ${less_than}`, holds: (value) => value < upper(less_than) });
  if (leq_to !== undefined) found.push({ text: `${leq_to} or less`, holds: (value) => value <= upper(leq_to) });
  return found;
}

function describe(comparison: ColumnComparison): string {
  const text = boundsOf(comparison)
    .map((bound) => bound.text)
    .join(" and ");
  return comparison.tolerance === undefined ? text : `${text}, ± ${comparison.tolerance * 100} %`;
}

function planChecks(taskId: string, mapping: ColumnMapping): PlannedCheck[] {
  const wrong = (problem: string) => definitionError(`Option "columnMapping" of task "${taskId}" ${problem}`, { taskId });
  const plan: PlannedCheck[] = [];
  for (const [column, checks] of Object.entries(mapping)) {
    for (const [check, comparison] of Object.entries(checks)) {
      if (!Object.hasOwn(COLUMN_CHECKS, check))
        throw wrong(`has the check "${check}" for column "${column}"; known are ${Object.keys(COLUMN_CHECKS).join(", ")}.`);
      const problem = problemOf(comparison);
      if (problem !== null) throw wrong(`compares ${column}.${check} in a way that can't be: ${problem}.`);
      assertShare(comparison.tolerance, `columnMapping.${column}.${check}.tolerance`, taskId);
      plan.push({ column, check: check as ColumnCheckName, comparison });
    }
  }
  if (plan.length === 0) throw wrong("has no checks. Name a column and what to check: { id: { null_check: { equal_to: 0 } } }.");
  return plan;
}

function problemOf(comparison: ColumnComparison): string | null {
  const given = (["equal_to", "greater_than", "geq_to", "less_than", "leq_to"] as const).filter((name) => comparison[name] !== undefined);
  if (given.length === 0) return "it names none of equal_to, greater_than, geq_to, less_than, leq_to";
  if (given.includes("equal_to") && given.length > 1) return "equal_to stands alone";
  if (given.includes("greater_than") && given.includes("geq_to")) return "it has two lower bounds";
  if (given.includes("less_than") && given.includes("leq_to")) return "it has two upper bounds";
  return null;
}
