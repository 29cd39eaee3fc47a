import type { Json } from "@tradewind/core";
import { definitionError } from "../definition-error.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, type TemplateContext, templateContext } from "../operator.ts";
import type { TaskOptions } from "../task-options.ts";
import {
  assertGoodStatus,
  checkHttpTimeout,
  describeRequest,
  failed,
  type HttpRequest,
  type HttpRequestOptions,
  prepareRequest,
  quote,
  readJsonBody,
  sendRequest,
} from "./http-request.ts";

export type BodyOf<Format> = Format extends "text" ? string : Json;

export interface HttpResponse {
  status: number;
  headers: Headers;
  url: string;
}

/** What both forms of the operator take. */
interface CommonHttpOptions<Inputs, Format> extends TaskOptions, HttpRequestOptions<Inputs> {
  /** How the answer is read. Default `"json"`. */
  response?: Format;
  /** False, or an error: the task fails though the status was good. Of several pages each is checked. Airflow's response_check. */
  check?: (body: BodyOf<Format>, response: HttpResponse) => boolean | Promise<boolean>;
}

export interface HttpOptions<Inputs = NoInputs, Format extends "json" | "text" = "json", Result = BodyOf<Format>> extends CommonHttpOptions<
  Inputs,
  Format
> {
  /** Makes the result (XCom) from the answer. Default: the body. Airflow's response_filter. */
  responseFilter?: (body: BodyOf<Format>, response: HttpResponse) => Result;
  nextPage?: undefined;
}

/** What the next request has otherwise than the one before. A string is its URL. */
export type NextPage = string | { url?: string; query?: Record<string, string | number | boolean>; headers?: Record<string, string>; body?: Json };

export interface PagedHttpOptions<Inputs = NoInputs, Format extends "json" | "text" = "json", Result = BodyOf<Format>[]> extends CommonHttpOptions<
  Inputs,
  Format
> {
  /** What to ask next, by the answer to the request before; null or undefined: that was the last page. Airflow's pagination_function. */
  nextPage: (body: BodyOf<Format>, response: HttpResponse) => NextPage | null | undefined;
  /** More pages than this fail the task, so that no mistake asks for ever. Default 1000. */
  maxPages?: number;
  /** Makes the result (XCom) from the bodies of all pages. Default: their list. Airflow's response_filter. */
  responseFilter?: (bodies: BodyOf<Format>[], response: HttpResponse) => Result;
}

const DEFAULT_MAX_PAGES = 1000;

/**
 * Sends an HTTP request; its answer is the result. With `nextPage` one request follows the other, and the result is the list of all answers. Any status but 2xx fails the try (retries are
 * the task's; a Retry-After is heeded). Airflow's HttpOperator.
 *
 * @example
 * const rates = dag.add(http("rates", { url: ({ ds }) => `https://api.example.com/rates?day=${ds}`, retries: 3 }));
 * @example
 * dag.add(http("notify", { connection: "chat", url: "/messages", method: "POST", body: ({ inputs }: TemplateContext<{ text: string }>) => inputs }), { text: report() });
 * @example
 * dag.add(http("orders", { connection: "shop", url: "/orders", nextPage: (page) => (page as { next: string | null }).next, responseFilter: (pages) => pages.flatMap((page) => (page as { items: Json[] }).items) }));
 */
export function http<Inputs = NoInputs, Format extends "json" | "text" = "json", Result = BodyOf<Format>>(
  taskId: string,
  options: HttpOptions<Inputs, Format, Result>,
): Operator<Inputs, Result>;
export function http<Inputs = NoInputs, Format extends "json" | "text" = "json", Result = BodyOf<Format>[]>(
  taskId: string,
  options: PagedHttpOptions<Inputs, Format, Result>,
): Operator<Inputs, Result>;
export function http<Inputs, Format extends "json" | "text">(
  taskId: string,
  options: HttpOptions<Inputs, Format, unknown> | PagedHttpOptions<Inputs, Format, unknown>,
): Operator<Inputs, unknown> {
  const { url, method, headers, query, body, connection, timeout, response, check, responseFilter, nextPage, maxPages, ...taskOptions } =
    options as AnyHttpOptions<Inputs>;
  const request = { url, method, headers, query, body, connection, timeout, response, check, responseFilter, nextPage, maxPages };
  checkHttpTimeout(taskId, timeout);
  if (maxPages !== undefined && !(Number.isSafeInteger(maxPages) && maxPages > 0)) {
    throw definitionError(`Option "maxPages" of task "${taskId}" is ${maxPages}: it must be a whole number of 1 or more.`, { taskId });
  }
  return operator<Inputs, unknown>(taskId, {
    operator: "http",
    handler: (inputs) => fetchPages(request, templateContext(inputs)),
    options: taskOptions,
  });
}

interface AnyHttpOptions<Inputs> extends CommonHttpOptions<Inputs, "json"> {
  responseFilter?: (bodies: never, response: HttpResponse) => unknown;
  nextPage?: PagedHttpOptions<Inputs>["nextPage"];
  maxPages?: number;
}

async function fetchPages<Inputs>(options: AnyHttpOptions<Inputs>, context: TemplateContext<Inputs>): Promise<unknown> {
  const { nextPage, responseFilter, maxPages = DEFAULT_MAX_PAGES } = options;
  const bodies: Json[] = [];
  let request = await prepareRequest(options, context);
  for (;;) {
    const { body, response } = await fetchOne(request, options, context);
    if (nextPage === undefined) return responseFilter ? responseFilter(body as never, response) : body;
    bodies.push(body);
    const next = nextPage(body, response);
    if (next === null || next === undefined) return responseFilter ? responseFilter(bodies as never, response) : bodies;
    if (bodies.length >= maxPages) {
      throw failed(
        `Task "${context.task.taskId}" has read ${maxPages} pages, and there is one more at least. Raise maxPages if that is no mistake of nextPage.`,
      );
    }
    request = follow(request, next);
    context.progress({ message: `${bodies.length} pages` });
  }
}

async function fetchOne<Inputs>(
  request: HttpRequest,
  { response: format, check }: AnyHttpOptions<Inputs>,
  context: TemplateContext<unknown>,
): Promise<{ body: Json; response: HttpResponse }> {
  const answer = await sendRequest(request, context);
  assertGoodStatus(answer, request);
  const body = (format as string) === "text" ? answer.text : readJsonBody(answer, request);
  const response: HttpResponse = { status: answer.status, headers: answer.headers, url: answer.url };
  if (check && !(await check(body, response))) {
    throw failed(`The check of task "${context.task.taskId}" refused the answer to ${describeRequest(request)}: ${quote(answer.text)}`);
  }
  return { body, response };
}

/** The next request: as the one before, with what `nextPage` said in place. Headers, with the credentials among them, stay with the host they are for. */
function follow(request: HttpRequest, next: NextPage): HttpRequest {
  const { url, query = {}, headers = {}, body } = typeof next === "string" ? { url: next } : next;
  const changed = new URL(url ?? request.url, request.url);
  for (const [name, value] of Object.entries(query)) changed.searchParams.set(name, String(value));
  const merged = new Headers(changed.origin === request.url.origin ? request.headers : undefined);
  for (const [name, value] of Object.entries(headers)) merged.set(name, value);
  if (body === undefined) return { ...request, url: changed, headers: merged };
  if (typeof body !== "string") merged.set("content-type", "application/json");
  return { ...request, url: changed, headers: merged, body: typeof body === "string" ? body : JSON.stringify(body) };
}
