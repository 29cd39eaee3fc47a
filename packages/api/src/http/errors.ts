import { isTradewindError } from "@tradewind/core";
import { retryableKind } from "@tradewind/metadata";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";

/** One thing that is wrong with a request, as Airflow's API tells it. */
export interface ValidationProblem {
  type: string;
  /** Where: `body`, `query` or `path`, then the way to the member. */
  loc: (string | number)[];
  msg: string;
  input?: unknown;
}

/** The request is well formed, but values in it are not acceptable: 422 with the list. */
export class RequestProblems extends Error {
  readonly problems: readonly ValidationProblem[];

  constructor(problems: readonly ValidationProblem[]) {
    super(problems.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; "));
    this.name = "RequestProblems";
    this.problems = problems;
  }
}

export interface ErrorAnswer {
  status: number;
  code: string;
  /** What Airflow's clients read. */
  detail: string | readonly ValidationProblem[];
  /** Facts for programs. */
  details?: Record<string, unknown>;
}

/** PostgreSQL's class 22: a value that no column can hold, as a text with a NUL or a number out of range. Only values of the request reach statements unchecked. */
const DATA_EXCEPTION = /^22[0-9A-Z]{3}$/;

/** What the caller is told. Nothing internal leaves: what is not known here is only "Internal Server Error". */
export function toErrorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof RequestProblems) return { status: 422, code: "validation_failed", detail: error.problems };
  if (isTradewindError(error)) {
    if (error.status === 500 && error.code !== "secret_undecryptable") return internal;
    return { status: error.status, code: error.code, detail: error.message, details: error.details };
  }
  const { code = "", statusCode } = (typeof error === "object" && error !== null ? error : {}) as Partial<FastifyError>;
  if (code === "FST_ERR_CTP_INVALID_JSON_BODY" || code === "FST_ERR_CTP_EMPTY_JSON_BODY") return invalidJson((error as Error).message);
  if (code.startsWith("FST_") && statusCode !== undefined && statusCode < 500) return ofFastify(statusCode, (error as Error).message);
  if (DATA_EXCEPTION.test(code))
    return {
      status: 422,
      code: "validation_failed",
      detail: [{ type: "value_error", loc: ["request"], msg: "A value of the request cannot be stored." }],
    };
  const kind = retryableKind(error);
  if (kind !== undefined)
    return {
      status: 503,
      code: "database_unavailable",
      detail:
        kind === "exhausted"
          ? "The database has no disk or memory left; try again when it has."
          : "The database could not be reached; try again in a moment.",
    };
  return internal;
}

const internal: ErrorAnswer = { status: 500, code: "internal", detail: "Internal Server Error" };

function invalidJson(message: string): ErrorAnswer {
  return { status: 422, code: "validation_failed", detail: [{ type: "json_invalid", loc: ["body"], msg: `JSON decode error: ${message}` }] };
}

const CODE_OF_STATUS: Record<number, string> = {
  404: "not_found",
  405: "method_not_allowed",
  413: "payload_too_large",
  415: "unsupported_media_type",
  429: "too_many_requests",
};

function ofFastify(status: number, message: string): ErrorAnswer {
  return { status, code: CODE_OF_STATUS[status] ?? "invalid_request", detail: message };
}

function log(error: unknown, answer: ErrorAnswer, request: FastifyRequest): void {
  if (answer.status >= 500) request.log.error({ err: error, requestId: request.id }, "request failed");
  else request.log.debug({ code: answer.code, status: answer.status }, "request refused");
}

/** REST API: `detail` as FastAPI writes it, and beside it our stable `code`, facts, and the id under which the log tells more. */
export function sendRestError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = toErrorAnswer(error);
  log(error, answer, request);
  if (answer.status === 401) void reply.header("www-authenticate", "Bearer");
  return reply.code(answer.status).send({ detail: answer.detail, code: answer.code, ...hints(answer), request_id: request.id });
}

/** Execution API: `code` and `message`, as the contract has it. */
export function sendExecutionError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = toErrorAnswer(error);
  log(error, answer, request);
  const message = typeof answer.detail === "string" ? answer.detail : answer.detail.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; ");
  return reply.code(answer.status).send({ code: answer.code, message, ...hints(answer), requestId: request.id });
}

function hints({ details }: ErrorAnswer): { details?: Record<string, unknown> } {
  return details === undefined || Object.keys(details).length === 0 ? {} : { details };
}
