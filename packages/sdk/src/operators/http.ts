import { type Json, TradewindError } from "@tradewind/core";
import { getClient } from "../client.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import type { Connection } from "../runtime.ts";
import type { TaskOptions } from "../task-options.ts";

export interface HttpOptions<Inputs = NoInputs, Format extends "json" | "text" = "json", Result = BodyOf<Format>> extends TaskOptions {
  /** Absolute, or with `connection` a path below its host. */
  url: Templated<string, Inputs>;
  /** Default `"GET"`. */
  method?: string;
  headers?: Templated<Record<string, string>, Inputs>;
  /** A string is sent as it is, anything else as JSON. */
  body?: Templated<Json, Inputs>;
  /** How the answer is read. Default `"json"`. */
  response?: Format;
  /** Id of a connection: its host, port and schema begin the URL, its login and password are sent as basic auth, members of `extra` as headers. */
  connection?: string;
  /** False, or an error: the task fails though the status was good. Airflow's response_check. */
  check?: (body: BodyOf<Format>, response: HttpResponse) => boolean | Promise<boolean>;
  /** Makes the result (XCom) from the answer. Default: the body. Airflow's response_filter. */
  responseFilter?: (body: BodyOf<Format>, response: HttpResponse) => Result;
}

export type BodyOf<Format> = Format extends "text" ? string : Json;

export interface HttpResponse {
  status: number;
  headers: Headers;
  url: string;
}

/** How much of a bad answer is quoted in the error. */
const QUOTED_LENGTH = 500;

/**
 * Sends one HTTP request; its answer is the result. Any status but 2xx fails the task (retries are the task's). Airflow's HttpOperator.
 *
 * @example
 * const rates = dag.add(http("rates", { url: ({ ds }) => `https://api.example.com/rates?day=${ds}`, retries: 3 }));
 * @example
 * dag.add(http("notify", { connection: "chat", url: "/messages", method: "POST", body: ({ inputs }: TemplateContext<{ text: string }>) => inputs }), { text: report() });
 */
export function http<Inputs = NoInputs, Format extends "json" | "text" = "json", Result = BodyOf<Format>>(
  taskId: string,
  options: HttpOptions<Inputs, Format, Result>,
): Operator<Inputs, Result> {
  const { url, method, headers, body, response, connection, check, responseFilter, ...taskOptions } = options;
  const request = { url, method, headers, body, response, connection, check, responseFilter };
  return operator<Inputs, Result>(taskId, { operator: "http", handler: (inputs) => send(request, templateContext(inputs)), options: taskOptions });
}

async function send<Inputs, Format extends "json" | "text", Result>(
  options: HttpOptions<Inputs, Format, Result>,
  context: TemplateContext<Inputs>,
): Promise<Result> {
  const { url, init } = await prepare(options, context);
  const method = init.method!;
  context.log.info(`${method} ${withoutSecrets(url)}`);
  const answer = await fetch(url, { ...init, signal: context.signal }).catch((cause: unknown) => {
    context.signal.throwIfAborted();
    throw failed(`${method} ${withoutSecrets(url)} got no answer: ${reasonOf(cause)}.`, { cause });
  });
  const text = await answer.text();
  const what = `${method} ${withoutSecrets(url)}`;
  context.log.info({ status: answer.status, length: text.length }, `${what} was answered with ${answer.status}`);
  if (!answer.ok)
    throw failed(`${what} was answered with ${answer.status} ${answer.statusText}: ${quote(text)}`, { details: { status: answer.status } });
  const body = readBody<Format>(text, options.response ?? "json", what);
  const response: HttpResponse = { status: answer.status, headers: answer.headers, url: answer.url };
  if (options.check && !(await options.check(body, response)))
    throw failed(`The check of task "${context.task.taskId}" refused the answer to ${what}: ${quote(text)}`);
  return options.responseFilter ? options.responseFilter(body, response) : (body as Result);
}

type RequestOptions<Inputs> = Pick<HttpOptions<Inputs>, "url" | "method" | "headers" | "body" | "connection">;

async function prepare<Inputs>(options: RequestOptions<Inputs>, context: TemplateContext<Inputs>): Promise<{ url: URL; init: RequestInit }> {
  const connection = options.connection === undefined ? undefined : await getClient().connections.get(options.connection);
  const headers = new Headers(connection && connectionHeaders(connection));
  const body = options.body === undefined ? undefined : await renderTemplate(options.body, context);
  if (body !== undefined && typeof body !== "string") headers.set("content-type", "application/json");
  for (const [name, value] of Object.entries(options.headers === undefined ? {} : await renderTemplate(options.headers, context)))
    headers.set(name, value);
  const url = makeUrl(await renderTemplate(options.url, context), connection);
  return {
    url,
    init: {
      method: (options.method ?? "GET").toUpperCase(),
      headers,
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    },
  };
}

function makeUrl(text: string, connection: Connection | undefined): URL {
  const base = connection && baseOf(connection);
  const whole = base !== undefined && !/^[a-z]+:\/\//i.test(text) ? `${base}/${text.replace(/^\/+/, "")}` : text;
  if (URL.canParse(whole)) return new URL(whole);
  throw failed(
    `"${whole}" is not a URL. ${connection ? `Check the host of connection "${connection.connectionId}".` : "Write it with https://, or name a connection."}`,
  );
}

/** As Airflow: `schema` holds the protocol, and the host may be a whole URL already. */
function baseOf({ host, schema, port }: Connection): string {
  const base = host?.includes("://") ? host : `${schema || "http"}://${host ?? ""}`;
  return (port === null ? base : `${base.replace(/\/+$/, "")}:${port}`).replace(/\/+$/, "");
}

function connectionHeaders({ login, password, extra }: Connection): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(extra)) if (typeof value === "string") headers[name] = value;
  if (login !== null) headers.authorization = `Basic ${Buffer.from(`${login}:${password ?? ""}`).toString("base64")}`;
  return headers;
}

function readBody<Format>(text: string, format: string, what: string): BodyOf<Format> {
  if (format === "text") return text;
  try {
    return (text === "" ? null : JSON.parse(text)) as BodyOf<Format>;
  } catch (cause) {
    throw failed(`${what} was answered with something that is not JSON: ${quote(text)}. For other texts set response: "text".`, { cause });
  }
}

function withoutSecrets(url: URL): string {
  return `${url.origin}${url.pathname}${url.search}`;
}

function quote(text: string): string {
  return text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text;
}

/** fetch says only "fetch failed"; the reason is in its cause. */
function reasonOf(thrown: unknown): string {
  const { message, cause } = thrown as Error;
  return cause instanceof Error ? ((cause.message || (cause as NodeJS.ErrnoException).code) ?? message) : message;
}

function failed(message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}): TradewindError {
  return new TradewindError("task_failed", message, options);
}
