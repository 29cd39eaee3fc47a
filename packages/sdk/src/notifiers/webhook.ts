import { type Duration, type Json, parseDuration, TradewindError } from "@tradewind/core";
import type { CallbackContext } from "../callback-options.ts";
import { getClient } from "../client.ts";
import { connectionAs } from "../connections/connection-kinds.ts";
import { definitionError } from "../definition-error.ts";
import { describeEvent, type Notifier } from "./notifier.ts";
import { post } from "./post.ts";

/** What is sent unless `body` makes something else. */
export interface WebhookPayload {
  level: "task" | "dag";
  event: string;
  /** The event in one line, for people. */
  text: string;
  dagId: string;
  runId: string;
  logicalDate: string | null;
  taskId: string | null;
  mapIndex: number;
  tryNumber: number | null;
  reason: string | null;
  error: { type: string | null; message: string } | null;
}

export interface WebhookNotifierOptions {
  /** Where to send; absolute, or with `connection` a path below its host. */
  url?: string;
  /** Id of an HTTP connection: its host begins the URL, its login, password and extra make headers. Keep addresses that are secrets there. */
  connection?: string;
  /** Default `"POST"`. */
  method?: string;
  headers?: Record<string, string>;
  /** Makes the body: a text is sent as it is, anything else as JSON. Default: a `WebhookPayload`. */
  body?: (context: CallbackContext) => Json | Promise<Json>;
  /** Until the answer. Default `"10s"`. */
  timeout?: Duration;
}

/**
 * Tells a program over HTTP. Any answer but 2xx is a failure of the callback, which is logged.
 *
 * @example
 * new Dag("sales", { onFailure: webhookNotifier({ url: "https://example.com/hooks/dags" }) });
 * @throws TradewindError `invalid_dag` without `url` and `connection`
 */
export function webhookNotifier(options: WebhookNotifierOptions): Notifier {
  const { url, connection, method = "POST", headers = {}, body = payloadOf, timeout = "10s" } = options;
  if (url === undefined && connection === undefined) throw definitionError("webhookNotifier() needs a url, or the id of a connection that has one.");
  const timeoutMs = parseDuration(timeout, "timeout of webhookNotifier()");
  return async function webhookNotifier(context) {
    const settings = connection === undefined ? undefined : connectionAs(await getClient().connections.get(connection), "http");
    const all = new Headers(settings?.headers);
    const content = await body(context);
    if (typeof content !== "string") all.set("content-type", "application/json");
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    await post({
      what: "webhookNotifier()",
      address: connection === undefined ? url! : `connection "${connection}"`,
      url: urlOf(url ?? "", settings?.baseUrl),
      method,
      headers: all,
      body: typeof content === "string" ? content : JSON.stringify(content),
      timeoutMs,
      signal: context.signal,
    });
  };
}

function urlOf(url: string, base: string | undefined): string {
  const whole = base === undefined || /^[a-z]+:\/\//i.test(url) ? url : url === "" ? base : `${base}/${url.replace(/^\/+/, "")}`;
  if (URL.canParse(whole)) return whole;
  throw new TradewindError(
    "task_failed",
    `webhookNotifier() has no URL to send to: "${whole}" is none. Write it with https://, or give the connection a host.`,
  );
}

function payloadOf(context: CallbackContext): Json {
  const payload: WebhookPayload = {
    level: context.level,
    event: context.event,
    text: describeEvent(context),
    dagId: context.dag.dagId,
    runId: context.run.runId,
    logicalDate: context.logicalDate?.toISOString() ?? null,
    taskId: context.task?.taskId ?? null,
    mapIndex: context.task?.mapIndex ?? -1,
    tryNumber: context.level === "task" ? context.attempt.tryNumber : null,
    reason: context.reason,
    error: context.error === null ? null : { type: context.error.type, message: context.error.message },
  };
  return { ...payload };
}
