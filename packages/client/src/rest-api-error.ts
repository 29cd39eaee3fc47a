/** One thing that is wrong with a request: where (`["body", "conf", "year"]`) and what. */
export interface RequestProblem {
  type: string;
  loc: (string | number)[];
  msg: string;
  input?: unknown;
}

interface ErrorFacts {
  status: number | undefined;
  code: string;
  message: string;
  problems?: readonly RequestProblem[];
  details?: Record<string, unknown>;
  requestId?: string;
  cause?: unknown;
}

/**
 * An answer of the REST API that is not a success, or no answer at all.
 *
 * @example
 * try {
 *   await client.POST("/api/v2/dags/{dag_id}/dagRuns", { params: { path: { dag_id: "sales" } }, body: { logical_date: null } });
 * } catch (error) {
 *   if (isRestApiError(error) && error.code === "dag_not_found") …
 * }
 */
export class RestApiError extends Error {
  /** HTTP status; undefined: the server could not be reached. */
  readonly status: number | undefined;
  /** Stable name of the error (docs/errors.md); `unreachable` when there was no answer. */
  readonly code: string;
  /** For `validation_failed`: everything that is wrong with the request. Else empty. */
  readonly problems: readonly RequestProblem[];
  readonly details: Readonly<Record<string, unknown>>;
  /** The server's log has this id too. */
  readonly requestId: string | undefined;

  constructor({ status, code, message, problems = [], details = {}, requestId, cause }: ErrorFacts) {
    super(message, { cause });
    this.name = "RestApiError";
    this.status = status;
    this.code = code;
    this.problems = problems;
    this.details = details;
    this.requestId = requestId;
  }
}

export function isRestApiError(value: unknown): value is RestApiError {
  return value instanceof RestApiError;
}

/** Reads `{ detail, code, details, request_id }`. What is none of ours (a proxy's page) is shown in part. */
export async function errorOfAnswer(response: Response): Promise<RestApiError> {
  const text = await response.text().catch(() => "");
  const body = parseObject(text);
  const { detail, code, details, request_id: requestId } = body;
  const problems = Array.isArray(detail) ? (detail as RequestProblem[]) : [];
  return new RestApiError({
    status: response.status,
    code: typeof code === "string" ? code : "internal",
    message: typeof detail === "string" ? detail : problems.length > 0 ? problems.map(describe).join("; ") : unknownAnswer(response.status, text),
    problems,
    details: typeof details === "object" && details !== null ? (details as Record<string, unknown>) : {},
    ...(typeof requestId === "string" ? { requestId } : {}),
  });
}

function describe({ loc, msg }: RequestProblem): string {
  return `${loc.join(".")}: ${msg}`;
}

function unknownAnswer(status: number, text: string): string {
  return `The server answered with ${status}${text === "" ? "." : `: ${text.slice(0, 200)}`}`;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
