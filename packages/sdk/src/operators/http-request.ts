import { type Duration, formatDuration, type Json, parseDuration, TradewindError } from "@tradewind/core";
import { getClient } from "../client.ts";
import { connectionAs } from "../connections/connection-kinds.ts";
import type { HttpSettings } from "../connections/http-kinds.ts";
import { RetryTask } from "../errors.ts";
import { renderTemplate, type TemplateContext, type Templated } from "../operator.ts";

/** What a request is made of; the same for the operator and the sensor. */
export interface HttpRequestOptions<Inputs> {
  /** Absolute, or with `connection` a path below its host. */
  url: Templated<string, Inputs>;
  /** Default `"GET"`. */
  method?: string;
  headers?: Templated<Record<string, string>, Inputs>;
  /** Added to the URL's query. */
  query?: Templated<Record<string, string | number | boolean>, Inputs>;
  /** A string is sent as it is, anything else as JSON. */
  body?: Templated<Json, Inputs>;
  /**
   * Id of a connection: its host, port and schema begin the URL, its login and password are sent as basic authentication (with `extra.auth` "bearer" the password as a token), members of
   * `extra` as headers.
   */
  connection?: string;
  /** For one request, until its answer is complete. Default `"5m"`. */
  timeout?: Duration;
}

/** A request with all its templates rendered. */
export interface HttpRequest {
  url: URL;
  method: string;
  headers: Headers;
  body: string | undefined;
  timeoutMs: number;
}

export interface HttpAnswer {
  status: number;
  statusText: string;
  headers: Headers;
  url: string;
  text: string;
}

/** How much of a bad answer is quoted in the error. */
const QUOTED_LENGTH = 500;
const DEFAULT_TIMEOUT = "5m";

export function checkHttpTimeout(taskId: string, timeout: Duration | undefined): number {
  return parseDuration(timeout ?? DEFAULT_TIMEOUT, `timeout of task "${taskId}"`);
}

export async function prepareRequest<Inputs>(options: HttpRequestOptions<Inputs>, context: TemplateContext<Inputs>): Promise<HttpRequest> {
  const settings = options.connection === undefined ? undefined : connectionAs(await getClient().connections.get(options.connection), "http");
  const headers = new Headers(settings?.headers);
  const body = options.body === undefined ? undefined : await renderTemplate(options.body, context, "body");
  if (body !== undefined && typeof body !== "string") headers.set("content-type", "application/json");
  const given = options.headers === undefined ? {} : await renderTemplate(options.headers, context, "headers");
  for (const [name, value] of Object.entries(given)) headers.set(name, value);
  const url = makeUrl(await renderTemplate(options.url, context, "url"), settings);
  const query = options.query === undefined ? {} : await renderTemplate(options.query, context, "query");
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return {
    url,
    method: (options.method ?? "GET").toUpperCase(),
    headers,
    body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    timeoutMs: checkHttpTimeout(context.task.taskId, options.timeout),
  };
}

function makeUrl(text: string, settings: HttpSettings | undefined): URL {
  const isWhole = /^[a-z]+:\/\//i.test(text);
  const whole = settings !== undefined && !isWhole ? `${settings.baseUrl}/${text.replace(/^\/+/, "")}` : text;
  if (URL.canParse(whole)) return new URL(whole);
  throw failed(
    `"${whole}" is not a URL. ${settings ? `Connection "${settings.connectionId}" has ${settings.baseUrl === "" ? "no host" : `the host ${settings.baseUrl}`}.` : "Write it with https://, or name a connection."}`,
  );
}

/** Sends a request and reads the whole answer, whatever its status. */
export async function sendRequest(request: HttpRequest, context: TemplateContext<unknown>): Promise<HttpAnswer> {
  const what = describeRequest(request);
  context.log.info(what);
  const { url, method, headers, body, timeoutMs } = request;
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const response = await fetch(url, { method, headers, body, signal });
    const text = await response.text();
    const { status, statusText } = response;
    context.log.info({ status, length: text.length }, `${what} was answered with ${status}`);
    return { status, statusText, headers: response.headers, url: response.url, text };
  } catch (cause) {
    context.signal.throwIfAborted();
    if (signal.aborted)
      throw failed(`${what} was not answered within ${formatDuration(timeoutMs)}. Set a longer timeout if it may take so long.`, { cause });
    throw failed(`${what} got no answer: ${reasonOf(cause)}.`, { cause });
  }
}

/**
 * Any status but 2xx is a failure. A server that is busy and says when to come back (429 or 503 with Retry-After) is asked again then, as long as the task has retries.
 */
export function assertGoodStatus(answer: HttpAnswer, request: HttpRequest): void {
  if (answer.status >= 200 && answer.status < 300) return;
  const message = `${describeRequest(request)} was answered with ${answer.status} ${answer.statusText}: ${quote(answer.text)}`;
  const after = answer.status === 429 || answer.status === 503 ? retryAfterMs(answer.headers.get("retry-after")) : undefined;
  if (after !== undefined) throw new RetryTask(`${message} (asked to come back in ${formatDuration(after)})`, { after });
  throw failed(message, { details: { status: answer.status } });
}

const MAX_RETRY_AFTER_MS = 24 * 3_600_000;

function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) : undefined;
}

export function readJsonBody(answer: HttpAnswer, request: HttpRequest): Json {
  try {
    return answer.text === "" ? null : (JSON.parse(answer.text) as Json);
  } catch (cause) {
    throw failed(
      `${describeRequest(request)} was answered with something that is not JSON: ${quote(answer.text)}. For other texts set response: "text".`,
      {
        cause,
      },
    );
  }
}

/** Without the login and password that a URL may hold. */
export function describeRequest({ method, url }: HttpRequest): string {
  return `${method} ${url.origin}${url.pathname}${url.search}`;
}

export function quote(text: string): string {
  return text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text;
}

/** fetch says only "fetch failed"; the reason is in its cause. */
function reasonOf(thrown: unknown): string {
  const { message, cause } = thrown as Error;
  return cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code || message : message;
}

export function failed(message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}): TradewindError {
  return new TradewindError("task_failed", message, options);
}
