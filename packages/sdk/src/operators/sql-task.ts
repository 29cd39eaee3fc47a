import { errorMessage, TradewindError } from "@tradewind/core";
import { getClient } from "../client.ts";
import type { TaskContext } from "../context.ts";
import type { SqlStatement } from "../sql/split-statements.ts";
import { type SqlAnswer, type SqlFirstRow, type SqlSession, withSqlSession } from "../sql/sql-driver.ts";

/** How much of a statement a log line or an error quotes. */
const QUOTED_LENGTH = 2_000;

/** Opens a session on a connection for the task that is running; what the server has to say is in the task's log. */
export async function withTaskSql<T>(connectionId: string, { signal, log }: TaskContext, use: (session: SqlSession) => Promise<T>): Promise<T> {
  const connection = await getClient().connections.get(connectionId);
  return withSqlSession(connection, { signal, notice: (message) => log.info(`The database says: ${message}`) }, use);
}

/** The first row of a query that a check asks, with the query in the log. */
export async function askRow(
  session: SqlSession,
  query: string,
  parameters: readonly unknown[],
  { log }: TaskContext,
): Promise<SqlFirstRow | undefined> {
  log.info(`Asking: ${quoteSql(query)}`);
  try {
    return await session.queryFirst(query, parameters);
  } catch (cause) {
    throw new TradewindError("task_failed", `A query failed: ${errorMessage(cause)}${codeOf(cause)}.\n${quoteSql(query)}`, { cause });
  }
}

export interface StatementFacts {
  connectionId: string;
  /** From 1. */
  number: number;
  total: number;
  maxRows: number;
  inTransaction: boolean;
}

/** Runs one statement of a task with as many of the values as it names, and tells it in the log. */
export async function runStatement(
  session: SqlSession,
  statement: SqlStatement,
  parameters: readonly unknown[],
  facts: StatementFacts,
  { log }: TaskContext,
): Promise<SqlAnswer> {
  log.info(`Running: ${quoteSql(statement.text)}`);
  const values = parameters.slice(0, statement.highestParameter);
  const answer = await session.query(statement.text, values, { maxRows: facts.maxRows }).catch((cause: unknown) => {
    throw describeFailure(cause, statement, facts);
  });
  const count = answer.rowCount ?? 0;
  log.info({ command: answer.command, rows: answer.rowCount }, `${answer.command ?? "statement"}: ${count} row${count === 1 ? "" : "s"}`);
  return answer;
}

function describeFailure(cause: unknown, statement: SqlStatement, { connectionId, number, total, inTransaction }: StatementFacts): Error {
  const which = total === 1 ? "The statement" : `Statement ${number} of ${total}`;
  const hint = codeOf(cause) === " (25001)" && inTransaction ? " Set autocommit: true to run it outside of a transaction." : "";
  const undone = inTransaction && number > 1 ? " The statements before it were rolled back." : "";
  return new TradewindError(
    "task_failed",
    `${which} failed on connection "${connectionId}": ${errorMessage(cause)}${codeOf(cause)}.${hint}${undone}\n${quoteSql(statement.text)}`,
    { cause, details: { connectionId, statement: number, sqlState: (cause as { code?: unknown }).code ?? null } },
  );
}

function codeOf(cause: unknown): string {
  const { code } = cause as { code?: unknown };
  return typeof code === "string" ? ` (${code})` : "";
}

export function quoteSql(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > QUOTED_LENGTH ? `${trimmed.slice(0, QUOTED_LENGTH)}…` : trimmed;
}
