/**
 * Which database errors may be tried again: decided here, once, for the whole system.
 *
 * - `conflict`: this transaction lost against another one. Nothing of it happened; trying at once is right.
 * - `unavailable`: the server or the way to it is gone (restart, failover, cut link). What was under way may or may not have been committed: **the
 *   acknowledgement of a commit can be lost**. Trying again is safe only because every statement that changes state is guarded
 *   (`… where id = $1 and state = 'queued'`) or idempotent (`on conflict do nothing`): the second time it finds nothing left to do.
 * - `exhausted`: the server is there and has no disk or memory left. Nothing of the transaction happened, and whoever looks after the server mends it; what was to be stored is as good as before.
 *
 * Everything else (a broken constraint, a syntax error, a cancelled statement) comes back the same the next time, and is thrown.
 */
export type RetryableKind = "conflict" | "unavailable" | "exhausted";

const conflictCodes = new Set([
  "40001", // serialization_failure
  "40P01", // deadlock_detected
]);

const unavailableCodes = new Set([
  "40003", // statement_completion_unknown
  "57P01", // admin_shutdown: also pg_terminate_backend
  "57P02", // crash_shutdown
  "57P03", // cannot_connect_now: starting up or shutting down
  "57P05", // idle_session_timeout
  "25P03", // idle_in_transaction_session_timeout: this process was held up, the transaction is gone
  "25006", // read_only_sql_transaction: an old primary after a failover; a new connection finds the new one
  "53300", // too_many_connections
]);

const exhaustedCodes = new Set([
  "53000", // insufficient_resources
  "53100", // disk_full
  "53200", // out_of_memory
  "53400", // configuration_limit_exceeded
  "58030", // io_error
]);

/** Of the socket, not of PostgreSQL. */
const socketCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EAI_AGAIN",
]);

/** `pg` gives these no code. */
const driverMessages = [
  /^Connection terminated/,
  /^Client has encountered a connection error and is not queryable/,
  /^timeout exceeded when trying to connect/,
  /^timeout expired$/,
  /^Query read timeout/,
  /^Client was closed and is not queryable/,
  /^Postgres connection has been discarded/,
];

export function retryableKind(error: unknown): RetryableKind | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof AggregateError) return error.errors.map(retryableKind).find((kind) => kind !== undefined);
  const { code } = error as { code?: unknown };
  if (typeof code === "string") {
    if (conflictCodes.has(code)) return "conflict";
    if (unavailableCodes.has(code) || socketCodes.has(code) || /^08...$/.test(code)) return "unavailable";
    return exhaustedCodes.has(code) ? "exhausted" : undefined;
  }
  return driverMessages.some((pattern) => pattern.test(error.message)) ? "unavailable" : undefined;
}

/** It concerns everything that is to be stored now, and not what was to be stored. */
export function isOutage(error: unknown): boolean {
  const kind = retryableKind(error);
  return kind === "unavailable" || kind === "exhausted";
}

/** True when the connection it happened on must not be used again. */
export function breaksConnection(error: unknown): boolean {
  return retryableKind(error) === "unavailable";
}

/** A unique constraint or index was violated; `constraint` narrows it to that one. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return hasCode(error, "23505", constraint);
}

/** A foreign key points to a row that does not exist, or a row others point to was deleted. */
export function isForeignKeyViolation(error: unknown, constraint?: string): boolean {
  return hasCode(error, "23503", constraint);
}

function hasCode(error: unknown, code: string, constraint: string | undefined): boolean {
  if (!(error instanceof Error)) return false;
  const found = error as { code?: unknown; constraint?: unknown };
  return found.code === code && (constraint === undefined || found.constraint === constraint);
}
