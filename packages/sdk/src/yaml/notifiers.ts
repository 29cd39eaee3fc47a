import { z } from "zod";
import type { CallbackContext } from "../callback-options.ts";
import { describeEvent, type Notifier, slackNotifier, smtpNotifier, webhookNotifier } from "../notifiers/index.ts";
import type { JinjaScope } from "../templates/jinja-scope.ts";
import type { JinjaValue } from "../templates/jinja-values.ts";
import { duration, json, plain, template, textMap, texts } from "./fields.ts";
import { renderIn } from "./template-handlers.ts";

const webhook = z.strictObject({
  notifier: z.literal("webhook").describe("Tells a program over HTTP."),
  url: plain.optional().describe("Absolute, or with a connection a path below its host."),
  connection: plain.optional(),
  method: plain.optional(),
  headers: textMap.optional(),
  body: json.optional().describe("Default: what is known of the event."),
  timeout: duration.optional(),
});

const slack = z.strictObject({
  notifier: z.literal("slack").describe("Writes to a Slack channel, or to what takes Slack's webhooks."),
  connection: plain.optional().describe("A connection of type slackwebhook."),
  url: plain.optional(),
  text: template.optional().describe("Default: {{ summary }}, the event in one line."),
  channel: plain.optional(),
  username: plain.optional(),
  iconEmoji: plain.optional(),
  timeout: duration.optional(),
});

const smtp = z.strictObject({
  notifier: z.literal("smtp").describe("Tells people by e-mail."),
  connection: plain.optional().describe("Default smtp_default."),
  to: texts,
  cc: texts.optional(),
  bcc: texts.optional(),
  from: plain.optional(),
  subject: template.optional(),
  text: template.optional(),
  html: template.optional(),
});

const notifier = z.discriminatedUnion("notifier", [webhook, slack, smtp]);
type NotifierDocument = z.infer<typeof notifier>;

/** Who is told of an event. */
export const callbacks = z
  .union([notifier, z.array(notifier)], {
    error: "must be a notifier such as { notifier: slack, connection: alerts }, or a list of them; known are webhook, slack and smtp",
  })
  .meta({ id: "callbacks" });

const EVENTS = ["onExecute", "onSuccess", "onFailure", "onRetry", "onSkipped"] as const;

/** The same options, with functions where notifiers are named. Their texts are templates that also see `summary`, `event`, `exception` and `reason`. */
export function callbackFunctions(scope: JinjaScope, options: Record<string, unknown>): Record<string, unknown> {
  const result = { ...options };
  for (const event of EVENTS) {
    const given = options[event] as NotifierDocument | NotifierDocument[] | undefined;
    if (given !== undefined) result[event] = [given].flat().map((one) => notifierOf(scope, one, event));
  }
  return result;
}

function notifierOf(scope: JinjaScope, given: NotifierDocument, event: string): Notifier {
  const rendered = <T>(option: T, name: string) =>
    option === undefined
      ? undefined
      : (context: CallbackContext): Promise<T & {}> =>
          renderIn(scope, option as T & {}, context, { name: `${event}.${name}`, names: namesOf(context) });
  if (given.notifier === "webhook") {
    const { notifier: _, body, ...options } = given;
    return webhookNotifier({ ...options, body: rendered(body, "body") });
  }
  if (given.notifier === "slack") {
    const { notifier: _, text, ...options } = given;
    return slackNotifier({ ...options, text: rendered(text, "text") });
  }
  const { notifier: _, subject, text, html, ...options } = given;
  return smtpNotifier({ ...options, subject: rendered(subject, "subject"), text: rendered(text, "text"), html: rendered(html, "html") });
}

function namesOf(context: CallbackContext): Record<string, () => JinjaValue> {
  return {
    summary: () => describeEvent(context),
    event: () => context.event,
    exception: () => context.error?.message ?? null,
    reason: () => context.reason,
  };
}
