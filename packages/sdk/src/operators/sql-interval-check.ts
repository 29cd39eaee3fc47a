import { definitionError } from "../definition-error.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type Templated, templateContext } from "../operator.ts";
import type { SqlFirstRow } from "../sql/sql-driver.ts";
import { asJson, asNumber, type CheckReport, type CheckResult, concludeChecks } from "./check-report.ts";
import type { CheckOptions } from "./sql-checks.ts";
import { askRow, withTaskSql } from "./sql-task.ts";

const RATIO_FORMULAS = {
  max_over_min: (now: number, before: number) => Math.max(now, before) / Math.min(now, before),
  relative_diff: (now: number, before: number) => Math.abs(now - before) / before,
};

export interface SqlIntervalCheckOptions<Inputs = NoInputs> extends CheckOptions {
  table: Templated<string, Inputs>;
  /** Metrics as SQL (`"count(*)"`, `"sum(total)"`), each with the ratio it must stay below. */
  metricsThresholds: Record<string, number>;
  /** The column that holds the day. Default `"ds"`. */
  dateFilterColumn?: string;
  /** How many days before the run's day lies the day to compare with; the sign does not matter. Default -7. */
  daysBack?: number;
  /** `max_over_min` (default): the larger by the smaller. `relative_diff`: the change, as a share of the value before. */
  ratioFormula?: keyof typeof RATIO_FORMULAS;
  /** Whether a metric that is zero on one of the days passes. Default true. */
  ignoreZero?: boolean;
}

/**
 * Compares metrics of a table on the run's day with those some days before: no ratio may reach its threshold. Airflow's SQLIntervalCheckOperator.
 *
 * @example
 * dag.add(sqlIntervalCheck("like_last_week", { connection: "warehouse", table: "orders", dateFilterColumn: "day", metricsThresholds: { "count(*)": 1.5, "sum(total)": 2 } }));
 */
export function sqlIntervalCheck<Inputs = NoInputs>(taskId: string, options: SqlIntervalCheckOptions<Inputs>): Operator<Inputs, CheckReport> {
  const { connection, retryOnFailure, table, metricsThresholds, dateFilterColumn, daysBack, ratioFormula, ignoreZero, ...taskOptions } = options;
  const formula = ratioFormula ?? "max_over_min";
  if (!Object.hasOwn(RATIO_FORMULAS, formula)) {
    throw definitionError(`Option "ratioFormula" of task "${taskId}" is "${formula}": it must be one of ${Object.keys(RATIO_FORMULAS).join(", ")}.`, {
      taskId,
    });
  }
  if (Object.keys(metricsThresholds).length === 0) {
    throw definitionError(`Option "metricsThresholds" of task "${taskId}" is empty. Name at least one metric: { "count(*)": 1.5 }.`, { taskId });
  }
  return operator<Inputs, CheckReport>(taskId, {
    operator: "sql_interval_check",
    options: taskOptions,
    handler: async (inputs) => {
      const context = templateContext(inputs);
      const days = { now: context.ds, before: dayBefore(context.ds, Math.abs(daysBack ?? 7)) };
      const name = await renderTemplate(table, context, "table");
      const query = queryOf(Object.keys(metricsThresholds), name, dateFilterColumn ?? "ds");
      const rows = await withTaskSql(connection, context, async (session) => ({
        before: await askRow(session, query, [days.before], context),
        now: await askRow(session, query, [days.now], context),
      }));
      const checks = Object.entries(metricsThresholds).map(([metric, limit], index) =>
        judge({ metric, limit, index, formula, ignoreZero: ignoreZero ?? true }, rows, days),
      );
      const subject = `${name} on ${days.now} against ${days.before}`;
      return concludeChecks({ passed: checks.every((check) => check.passed), subject, checks }, { retryOnFailure }, context);
    },
  });
}

function queryOf(metrics: readonly string[], table: string, dateColumn: string): string {
  return `select ${metrics.join(", ")} from ${table} where ${dateColumn} = $1`;
}

interface Metric {
  metric: string;
  limit: number;
  /** Its place in the row. */
  index: number;
  formula: keyof typeof RATIO_FORMULAS;
  ignoreZero: boolean;
}

function judge(
  { metric, limit, index, formula, ignoreZero }: Metric,
  rows: { now: SqlFirstRow | undefined; before: SqlFirstRow | undefined },
  days: { now: string; before: string },
): CheckResult {
  const [now, before] = [rows.now?.values[index], rows.before?.values[index]];
  const [current, reference] = [asNumber(now), asNumber(before)];
  const found = { [days.now]: asJson(now), [days.before]: asJson(before) };
  const expected = `${formula} below ${limit}`;
  if (current === undefined || reference === undefined) return { name: metric, found, expected: `a number on both days, ${expected}`, passed: false };
  if (current === 0 || reference === 0)
    return { name: metric, found, expected: ignoreZero ? `${expected}, or zero` : `${expected}, and not zero`, passed: ignoreZero };
  const ratio = RATIO_FORMULAS[formula](current, reference);
  return { name: metric, found: { ...found, ratio: Math.round(ratio * 1e6) / 1e6 }, expected, passed: ratio < limit };
}

/** A day so many days before another. */
function dayBefore(ds: string, days: number): string {
  return new Date(Date.parse(`${ds}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10);
}
