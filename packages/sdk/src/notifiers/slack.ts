import { type Duration, type Json, parseDuration } from "@tradewind/core";
import type { CallbackContext } from "../callback-options.ts";
import { getClient } from "../client.ts";
import { connectionAs } from "../connections/connection-kinds.ts";
import { definitionError } from "../definition-error.ts";
import { describeEvent, type Notifier, type NotifierText, renderText } from "./notifier.ts";
import { post } from "./post.ts";

export interface SlackNotifierOptions {
  /** Id of a connection of type `slackwebhook`: its password is the webhook's URL (or what comes after the host). */
  connection?: string;
  /** The webhook's URL, where it is no secret (a proxy of your own). */
  url?: string;
  /** Default: the event in one line. */
  text?: NotifierText;
  /** Slack's blocks or attachments, made of what happened. */
  blocks?: (context: CallbackContext) => Json[];
  attachments?: (context: CallbackContext) => Json[];
  /** Where the webhook allows it. */
  channel?: string;
  username?: string;
  iconEmoji?: string;
  /** Until the answer. Default `"10s"`. */
  timeout?: Duration;
}

/**
 * Writes to a Slack channel, or to what takes Slack's webhooks (Mattermost, Rocket.Chat, Discord under `/slack`). Airflow's SlackWebhookNotifier.
 *
 * @example
 * new Dag("sales", { defaultArgs: { onFailure: slackNotifier({ connection: "slack_alerts" }) } });
 * @throws TradewindError `invalid_dag` without `url` and `connection`
 */
export function slackNotifier(options: SlackNotifierOptions): Notifier {
  const { connection, url, text = describeEvent, blocks, attachments, channel, username, iconEmoji, timeout = "10s" } = options;
  if (url === undefined && connection === undefined)
    throw definitionError("slackNotifier() needs the id of a connection with the webhook's URL, or a url.");
  const timeoutMs = parseDuration(timeout, "timeout of slackNotifier()");
  return async function slackNotifier(context) {
    const address = connection === undefined ? url! : connectionAs(await getClient().connections.get(connection), "slack_webhook").url;
    const message = {
      text: await renderText(text, context),
      ...(blocks === undefined ? {} : { blocks: blocks(context) }),
      ...(attachments === undefined ? {} : { attachments: attachments(context) }),
      ...(channel === undefined ? {} : { channel }),
      ...(username === undefined ? {} : { username }),
      ...(iconEmoji === undefined ? {} : { icon_emoji: iconEmoji }),
    };
    await post({
      what: "slackNotifier()",
      address: connection === undefined ? "the webhook" : `connection "${connection}"`,
      url: address,
      method: "POST",
      headers: new Headers({ "content-type": "application/json" }),
      body: JSON.stringify(message),
      timeoutMs,
      signal: context.signal,
    });
  };
}
