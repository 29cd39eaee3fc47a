import { FailTask } from "../errors.ts";
import { getClient } from "../client.ts";
import type { TaskContext } from "../context.ts";
import { TradewindError, type Json } from "@tradewind/core";

/** One finding of a data-quality check. */
export interface CheckResult {
  /** What was looked at: a column and its check, a metric, a column of the row. */
  name: string;
  /** What was found. */
  found: Json;
  /** What it should have been, for people. */
  expected: string;
  passed: boolean;
}

/** The result (XCom) of a data-quality check. Of one that failed it is kept under the key `check_report`. */
export interface CheckReport {
  passed: boolean;
  /** What was checked: a table, or a query. */
  subject: string;
  checks: CheckResult[];
}

/** XCom key under which a check that fails leaves its report, since a failed task has no result. */
export const CHECK_REPORT_KEY = "check_report";

/** Writes the report to the log, and fails the task when a check did not pass. */
export async function concludeChecks(
  report: CheckReport,
  { retryOnFailure }: { retryOnFailure?: boolean },
  context: TaskContext,
): Promise<CheckReport> {
  context.log[report.passed ? "info" : "error"]({ passed: report.passed, subject: report.subject }, reportText(report));
  if (report.passed) return report;
  await getClient().xcom.set(CHECK_REPORT_KEY, report as unknown as Json);
  const failed = report.checks.filter((check) => !check.passed);
  const message = `${failed.length} of ${report.checks.length} checks of ${report.subject} failed in task "${context.task.taskId}": ${failed.map((check) => `${check.name} is ${showFound(check.found)}, expected ${check.expected}`).join("; ")}. The whole report is in the log above and in the XCom "${CHECK_REPORT_KEY}".`;
  throw retryOnFailure === false
    ? new FailTask(message)
    : new TradewindError("task_failed", message, { details: { failed: failed.map(({ name }) => name) } });
}

/** A table of what was found, failed checks marked. */
export function reportText({ passed, subject, checks }: CheckReport): string {
  const rows = [
    ["", "check", "found", "expected"],
    ...checks.map((check) => [check.passed ? "ok" : "FAILED", check.name, showFound(check.found), check.expected]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column]!) : cell))
      .join("  ")
      .trimEnd(),
  );
  const failures = checks.filter((check) => !check.passed).length;
  const headline = passed ? `All ${checks.length} checks of ${subject} passed` : `${failures} of ${checks.length} checks of ${subject} failed`;
  return [headline, ...lines].join("\n");
}

export function showFound(found: Json): string {
  const text = typeof found === "string" ? found : JSON.stringify(found);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** A value of a driver as it may stand in a report. */
export function asJson(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint") return value.toString();
  return JSON.parse(JSON.stringify(value) ?? "null") as Json;
}

/** A value as a number: databases give large and exact ones as text. undefined: it is none. */
export function asNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))) return Number(value);
  return undefined;
}
