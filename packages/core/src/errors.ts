import { ERROR_CODES, type ErrorCode } from "./error-codes.ts";

/**
 * The mark by which an error of ours is known. `instanceof` fails when two copies of this package are loaded (an author's project may bring its own),
 * a registered symbol does not.
 */
const TRADEWIND_ERROR: unique symbol = Symbol.for("tradewind.error");

export interface TradewindErrorOptions {
  /** Facts for programs: ids, what was found, what was expected. Must be JSON, and hold no secrets. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/**
 * The base of every error that Tradewind throws on purpose. The message is for people and says what was tried, on which id, what was found and what to
 * do; `code` is for programs and never changes its meaning.
 */
export class TradewindError extends Error {
  readonly [TRADEWIND_ERROR] = true;
  readonly code: ErrorCode;
  /** HTTP status of an answer that carries this error. */
  readonly status: number;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: TradewindErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TradewindError";
    this.code = code;
    this.status = ERROR_CODES[code].status;
    this.details = options.details ?? {};
  }
}

/** True for errors of this and of any other loaded copy of this package. */
export function isTradewindError(value: unknown): value is TradewindError {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[TRADEWIND_ERROR] === true;
}

export function hasErrorCode<C extends ErrorCode>(value: unknown, code: C): value is TradewindError & { code: C } {
  return isTradewindError(value) && value.code === code;
}

/** The message of anything thrown; author code may throw what is no Error. */
export function errorMessage(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  if (typeof thrown === "object" && thrown !== null && "message" in thrown && typeof thrown.message === "string") return thrown.message;
  return String(thrown);
}

/** The end of a switch over a union: does not compile while a member is missing, and says what came when data from outside breaks the type. */
export function assertNever(value: never, what = "value"): never {
  throw new TradewindError("internal", `Unexpected ${what}: ${JSON.stringify(value) ?? String(value)}.`);
}
