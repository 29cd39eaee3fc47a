import { ERROR_CODES, type ErrorCode, TradewindError } from "@tradewind/core";

/**
 * An answer of the execution API that is not a success, or no answer at all. `httpStatus` is undefined when the server could not be reached.
 *
 * @example
 * if (isExecutionApiError(error) && error.httpStatus === 404) await registerAgain();
 */
export class ExecutionApiError extends TradewindError {
  readonly httpStatus: number | undefined;
  /** The server's own words, without the call they answer; undefined: it said nothing. */
  readonly told: string | undefined;

  constructor(code: ErrorCode, message: string, httpStatus: number | undefined, cause?: unknown, told?: string) {
    super(code, message, { cause, details: { httpStatus } });
    this.name = "ExecutionApiError";
    this.httpStatus = httpStatus;
    this.told = told;
  }
}

export function isExecutionApiError(value: unknown): value is ExecutionApiError {
  return value instanceof ExecutionApiError;
}

/** The server failed at it (500 …): that says nothing about the request, and whether anything was done is not known. */
export function isServerFault(error: unknown): boolean {
  return isExecutionApiError(error) && (error.httpStatus ?? 0) >= 500;
}

const CODE_BY_STATUS: Record<number, ErrorCode> = {
  400: "invalid_request",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  413: "payload_too_large",
  422: "validation_failed",
  426: "protocol_mismatch",
  429: "too_many_requests",
  503: "database_unavailable",
};

/** Worth another try: the server was not reached, or said that it did nothing and that this will pass. */
export function isTransient(error: unknown): boolean {
  if (!isExecutionApiError(error)) return false;
  const status = error.httpStatus;
  return status === undefined || status === 429 || status === 502 || status === 503 || status === 504;
}

/**
 * Reads the body of a refusal: `{ code, message }`, the same under `error`, or `{ detail }`. Anything else (a proxy's HTML page) is shown in part.
 */
export function errorFromAnswer(call: string, status: number, body: string): ExecutionApiError {
  const told = readBody(body);
  const code = told.code !== undefined && Object.hasOwn(ERROR_CODES, told.code) ? (told.code as ErrorCode) : (CODE_BY_STATUS[status] ?? "internal");
  return new ExecutionApiError(code, `The execution API answered ${call} with ${status}: ${told.message}`, status, undefined, told.message);
}

function readBody(body: string): { code?: string; message: string } {
  try {
    const parsed = JSON.parse(body) as Record<string, unknown>;
    const inner = (typeof parsed.error === "object" && parsed.error !== null ? parsed.error : parsed) as Record<string, unknown>;
    const message = inner.message ?? inner.detail ?? body;
    return {
      code: typeof inner.code === "string" ? inner.code : undefined,
      message: typeof message === "string" ? message : JSON.stringify(message),
    };
  } catch {
    return { message: body === "" ? "(no body)" : body.slice(0, 300) };
  }
}
