import { errorMessage } from "@tradewind/core";
import { Pool } from "undici";
import type { z } from "zod";
import { errorFromAnswer, ExecutionApiError, isExecutionApiError, isTransient } from "./api-error.ts";
import {
  ConnectionAnswer,
  RunAnswer,
  TaskStatesAnswer,
  type TaskStatesQuery,
  type TriggerRequest,
  VariableAnswer,
  type VariableWrite,
  XComAnswer,
  type XComQuery,
  type RenderedFieldsWrite,
  type XComWrite,
} from "./author-api.ts";
import type { ConnectionTestReport } from "./connection-tests.ts";
import {
  type ExchangeRequest,
  ExchangeResponse,
  type HeartbeatRequest,
  HeartbeatResponse,
  type HostRegistration,
  HostRegistrationResponse,
} from "./exchange.ts";
import { AttemptInputs } from "./grant.ts";
import { type HttpAnswer, requestWhole } from "./http-answer.ts";
import type { LogRequest } from "./logs.ts";
import { DEFAULT_RETRY, delay, type RetryPolicy, retryDelayMs } from "./retry.ts";
import { EXECUTION_ROUTES } from "./routes.ts";
import { CONTRACT_VERSION, CONTRACT_VERSION_HEADER } from "./version.ts";

export { ExecutionApiError, isExecutionApiError, isServerFault, isTransient } from "./api-error.ts";
export { delay, retryDelayMs, type RetryPolicy } from "./retry.ts";

export interface ExecutionApiClientOptions {
  /** Base URL of the execution API, e.g. `http://127.0.0.1:8080/execution/v1`. */
  baseUrl: string;
  /** Bearer token of host calls; can be replaced by `setHostToken`. */
  hostToken: string;
  /** Sockets kept open. Calls of author code may be many at once; the exchange, the heartbeat and the logs must never wait behind them. Default 32. */
  connections?: number;
  retry?: RetryPolicy;
  /** Longest wait for an answer of one try, in milliseconds. Default 30 000. */
  answerTimeoutMs?: number;
}

export interface CallOptions {
  /** Ends the call, and its retries. */
  signal?: AbortSignal;
  /**
   * For how long transient failures (network errors, 429, 502, 503, 504) are tried again, in milliseconds; 0: one try only. Every route is safe to repeat. Default 30 000.
   */
  retryForMs?: number;
}

/** What author code may ask for, under one attempt's token. */
export interface AttemptApiClient {
  /** The handler's inputs, where a grant carries none. */
  inputs(options?: CallOptions): Promise<AttemptInputs>;
  getXCom(query: z.input<typeof XComQuery>, options?: CallOptions): Promise<XComAnswer>;
  setXCom(write: XComWrite, options?: CallOptions): Promise<void>;
  setRenderedFields(write: RenderedFieldsWrite, options?: CallOptions): Promise<void>;
  getVariable(key: string, options?: CallOptions): Promise<VariableAnswer>;
  setVariable(key: string, write: VariableWrite, options?: CallOptions): Promise<void>;
  /** False: there was none. */
  deleteVariable(key: string, options?: CallOptions): Promise<boolean>;
  getConnection(connectionId: string, options?: CallOptions): Promise<ConnectionAnswer>;
  triggerDagRun(request: TriggerRequest, options?: CallOptions): Promise<RunAnswer>;
  getDagRun(dagId: string, runId: string, options?: CallOptions): Promise<RunAnswer>;
  getTaskStates(query: TaskStatesQuery, options?: CallOptions): Promise<TaskStatesAnswer>;
}

/**
 * The execution API, typed. Calls reject with {@link ExecutionApiError}; `httpStatus` tells a refusal from an unreachable server.
 */
export interface ExecutionApiClient {
  setHostToken(token: string): void;
  /** The execution API has moved (a restart on another port). Calls in flight end where they began. */
  setBaseUrl(baseUrl: string): void;
  registerHost(registration: HostRegistration, options?: CallOptions): Promise<HostRegistrationResponse>;
  exchange(request: ExchangeRequest, options?: CallOptions): Promise<ExchangeResponse>;
  heartbeat(request: HeartbeatRequest, options?: CallOptions): Promise<HeartbeatResponse>;
  /** What came out of a test that a heartbeat's answer asked for. */
  reportConnectionTest(report: ConnectionTestReport, options?: CallOptions): Promise<void>;
  sendLogs(request: LogRequest, options?: CallOptions): Promise<void>;
  /** The bundle's bytes, not yet checked against the hash. */
  getBundle(sha256: string, options?: CallOptions): Promise<Buffer>;
  /** The bundle's source map as JSON text, with file names relative to the DAG folder; null: there is none. */
  getBundleMap(sha256: string, options?: CallOptions): Promise<string | null>;
  /** `token` is asked at each call: heartbeats renew it. */
  forAttempt(token: () => string): AttemptApiClient;
  close(): Promise<void>;
}

type Method = "GET" | "POST" | "PUT" | "DELETE";
interface Call extends CallOptions {
  method: Method;
  route: string;
  /** Asked at each try: it may have been renewed since the one before. */
  token: () => string;
  body?: unknown;
}

/**
 * A client with kept-alive connections, retries with backoff, and the contract version on every call.
 *
 * @example
 * const client = createExecutionApiClient({ baseUrl: "http://127.0.0.1:8080/execution/v1", hostToken });
 * const { granted } = await client.exchange({ hostId, starts: [attemptId], finishes: [], want: 0, queues: null });
 */
export function createExecutionApiClient(options: ExecutionApiClientOptions): ExecutionApiClient {
  const http = new HttpCaller(options);
  let hostToken = options.hostToken;
  const post = (route: string, body: unknown, call: CallOptions | undefined) =>
    http.text({ ...call, method: "POST", route, token: () => hostToken, body });

  return {
    setHostToken(token) {
      hostToken = token;
    },
    setBaseUrl: (baseUrl) => http.setBaseUrl(baseUrl),
    registerHost: async (registration, call) => parse(HostRegistrationResponse, await post(EXECUTION_ROUTES.hosts, registration, call)),
    exchange: async (request, call) => parseExchange(await post(EXECUTION_ROUTES.exchange, request, call)),
    heartbeat: async (request, call) => parse(HeartbeatResponse, await post(EXECUTION_ROUTES.heartbeat, request, call)),
    reportConnectionTest: async (report, call) => void (await post(EXECUTION_ROUTES.connectionTests, report, call)),
    sendLogs: async (request, call) => void (await post(EXECUTION_ROUTES.logs, request, call)),
    getBundle: (sha256, call) => http.bytes({ ...call, method: "GET", route: EXECUTION_ROUTES.bundle(sha256), token: () => hostToken }),
    getBundleMap: (sha256, call) =>
      nullIfNotFound(http.text({ ...call, method: "GET", route: EXECUTION_ROUTES.bundleMap(sha256), token: () => hostToken })),
    forAttempt: (token) => attemptClient(http, token),
    close: () => http.close(),
  };
}

function attemptClient(http: HttpCaller, token: () => string): AttemptApiClient {
  const call = (method: Method, route: string, body: unknown, options: CallOptions | undefined) =>
    http.text({ ...options, method, route, token, body });
  return {
    inputs: async (options) => parse(AttemptInputs, await call("GET", EXECUTION_ROUTES.resolvedInputs, undefined, options)),
    getXCom: async (query, options) => parse(XComAnswer, await call("POST", EXECUTION_ROUTES.xcom, query, options)),
    setXCom: async (write, options) => void (await call("PUT", EXECUTION_ROUTES.xcom, write, options)),
    setRenderedFields: async (write, options) => void (await call("PUT", EXECUTION_ROUTES.renderedFields, write, options)),
    getVariable: async (key, options) => parse(VariableAnswer, await call("GET", EXECUTION_ROUTES.variable(key), undefined, options)),
    setVariable: async (key, write, options) => void (await call("PUT", EXECUTION_ROUTES.variable(key), write, options)),
    deleteVariable: async (key, options) => {
      try {
        await call("DELETE", EXECUTION_ROUTES.variable(key), undefined, options);
        return true;
      } catch (error) {
        if (isExecutionApiError(error) && error.httpStatus === 404) return false;
        throw error;
      }
    },
    getConnection: async (connectionId, options) =>
      parse(ConnectionAnswer, await call("GET", EXECUTION_ROUTES.connection(connectionId), undefined, options)),
    triggerDagRun: async (request, options) => parse(RunAnswer, await call("POST", EXECUTION_ROUTES.dagRuns, request, options)),
    getTaskStates: async (query, options) => parse(TaskStatesAnswer, await call("POST", EXECUTION_ROUTES.taskStates, query, options)),
    getDagRun: async (dagId, runId, options) => parse(RunAnswer, await call("GET", EXECUTION_ROUTES.dagRun(dagId, runId), undefined, options)),
  };
}

async function nullIfNotFound(answer: Promise<string>): Promise<string | null> {
  try {
    return await answer;
  } catch (error) {
    if (isExecutionApiError(error) && error.httpStatus === 404) return null;
    throw error;
  }
}

class HttpCaller {
  readonly #options: ExecutionApiClientOptions;
  readonly #retry: RetryPolicy;
  #baseUrl: string;
  /** Path of the base URL. */
  #basePath: string;
  #pool: Pool;

  constructor(options: ExecutionApiClientOptions) {
    this.#options = options;
    this.#retry = options.retry ?? DEFAULT_RETRY;
    this.#baseUrl = withoutSlash(options.baseUrl);
    this.#basePath = new URL(this.#baseUrl).pathname;
    this.#pool = this.#open();
  }

  setBaseUrl(baseUrl: string): void {
    if (withoutSlash(baseUrl) === this.#baseUrl) return;
    this.#baseUrl = withoutSlash(baseUrl);
    this.#basePath = new URL(this.#baseUrl).pathname;
    const old = this.#pool;
    this.#pool = this.#open();
    old.close().catch(() => undefined);
  }

  #open(): Pool {
    const answerTimeoutMs = this.#options.answerTimeoutMs ?? 30_000;
    return new Pool(new URL(this.#baseUrl).origin, {
      connections: this.#options.connections ?? 32,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
      connect: { timeout: 5_000 },
    });
  }

  async text(call: Call): Promise<string> {
    return (await this.bytes(call)).toString("utf8");
  }

  async bytes(call: Call): Promise<Buffer> {
    const startedAt = performance.now();
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    for (let failures = 0; ; failures++) {
      try {
        return await this.#once(call, body);
      } catch (error) {
        if (call.signal?.aborted || !isTransient(error)) throw error;
        const waitMs = retryDelayMs(this.#retry, failures, Math.random());
        if (performance.now() - startedAt + waitMs > (call.retryForMs ?? 30_000)) throw error;
        await delay(waitMs, call.signal);
      }
    }
  }

  /** Ends calls in flight too: whoever closes has waited for those it needs. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #once(call: Call, body: string | undefined): Promise<Buffer> {
    let answer: HttpAnswer;
    try {
      const request = {
        method: call.method,
        path: `${this.#basePath}/${call.route}`,
        headers: headersFor(call.token(), body !== undefined),
        body: body ?? null,
      };
      answer = await requestWhole(this.#pool, request, call.signal);
    } catch (error) {
      throw new ExecutionApiError(
        "executor_failed",
        `The execution API could not be reached for ${nameOf(call)}: ${describe(error)}`,
        undefined,
        error,
      );
    }
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer.body;
    throw errorFromAnswer(nameOf(call), answer.statusCode, answer.body.toString("utf8"));
  }
}

function nameOf({ method, route }: Call): string {
  return `${method} ${route}`;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/u, "");
}

/** Names and values in turn. */
function headersFor(token: string, hasBody: boolean): string[] {
  const headers = ["authorization", `Bearer ${token}`, CONTRACT_VERSION_HEADER, String(CONTRACT_VERSION)];
  if (hasBody) headers.push("content-type", "application/json");
  return headers;
}

function describe(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? `${String(error.code)} ` : "";
  return `${code}${errorMessage(error)}`;
}

function parse<T extends z.ZodType>(schema: T, text: string): z.infer<T> {
  const result = schema.safeParse(parseJson(text));
  if (result.success) return result.data;
  throw new ExecutionApiError("protocol_mismatch", `The execution API's answer is not what the contract says: ${result.error.message}`, 200);
}

// The hot path: thousands of grants per second. The server is of the same contract version and answers from the same types, so only the shape that everything else
// hangs on is looked at.
function parseExchange(text: string): ExchangeResponse {
  const answer = parseJson(text) as Partial<ExchangeResponse>;
  if (Array.isArray(answer.granted) && Array.isArray(answer.refused) && Array.isArray(answer.finished) && Array.isArray(answer.next))
    return answer as ExchangeResponse;
  return parse(ExchangeResponse, text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ExecutionApiError("protocol_mismatch", `The execution API's answer is not JSON: ${text.slice(0, 200)}`, 200, error);
  }
}
