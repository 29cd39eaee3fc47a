import { errorMessage, TradewindError } from "@tradewind/core";
import type { CallbackContext } from "../callback-options.ts";
import { getClient } from "../client.ts";
import { connectionAs } from "../connections/connection-kinds.ts";
import { type MailAddresses, sendMail } from "../connections/mailer.ts";
import { describeEvent, type Notifier, type NotifierText, renderText } from "./notifier.ts";

export interface SmtpNotifierOptions {
  /** Id of the connection to a mail server. Default `"smtp_default"`. */
  connection?: string;
  to: MailAddresses;
  cc?: MailAddresses;
  bcc?: MailAddresses;
  /** Default: the connection's `extra.from_email`. */
  from?: string;
  /** Default: the event in one line. */
  subject?: NotifierText;
  /** Default, without `html`: what is known of the event. */
  text?: NotifierText;
  html?: NotifierText;
}

/**
 * Tells people by e-mail. Airflow's SmtpNotifier.
 *
 * @example
 * dag.task("load", load, { onFailure: smtpNotifier({ to: "data@example.com" }) });
 */
export function smtpNotifier(options: SmtpNotifierOptions): Notifier {
  const { connection = "smtp_default", to, cc, bcc, subject = describeEvent, text, html } = options;
  return async function smtpNotifier(context) {
    const settings = connectionAs(await getClient().connections.get(connection), "smtp");
    const from = options.from ?? settings.from;
    if (from === null)
      throw new TradewindError(
        "task_failed",
        `smtpNotifier() names no sender, and connection "${connection}" has none either. Set "from", or "from_email" in the connection's extra.`,
      );
    const message = {
      from,
      to,
      cc,
      bcc,
      subject: await renderText(subject, context),
      text: text === undefined && html !== undefined ? undefined : await renderText(text ?? describeAtLength, context),
      html: html === undefined ? undefined : await renderText(html, context),
    };
    await sendMail(settings, message, context.signal).catch((cause: unknown) => {
      throw new TradewindError(
        "task_failed",
        `smtpNotifier() could not send "${message.subject}" by connection "${connection}" (${settings.host}:${settings.port}): ${errorMessage(cause)}.`,
        { cause },
      );
    });
  };
}

function describeAtLength(context: CallbackContext): string {
  const lines = [
    describeEvent(context),
    "",
    `DAG: ${context.dag.dagId}`,
    `Run: ${context.run.runId} (${context.run.type})`,
    `Logical date: ${context.logicalDate?.toISOString() ?? "none"}`,
    ...(context.level === "task" ? [`Task: ${context.task.taskId}`, `Try: ${context.attempt.tryNumber} of ${context.attempt.maxTries + 1}`] : []),
    ...(context.error?.stack ? ["", context.error.stack] : []),
  ];
  return `${lines.join("\n")}\n`;
}
