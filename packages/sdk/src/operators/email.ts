import { access, constants } from "node:fs/promises";
import { errorMessage, TradewindError } from "@tradewind/core";
import { getClient } from "../client.ts";
import { connectionAs } from "../connections/connection-kinds.ts";
import { type MailAddresses, type MailAttachment, type MailReceipt, sendMail } from "../connections/mailer.ts";
import type { SmtpSettings } from "../connections/smtp-kind.ts";
import { definitionError } from "../definition-error.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import type { TaskOptions } from "../task-options.ts";

export type { MailAddresses, MailAttachment, MailReceipt } from "../connections/mailer.ts";

export interface EmailOptions<Inputs = NoInputs> extends TaskOptions {
  /** Id of the connection to a mail server. Default `"smtp_default"`. */
  connection?: string;
  to: Templated<MailAddresses, Inputs>;
  cc?: Templated<MailAddresses, Inputs>;
  /** Gets the message unknown to the others. */
  bcc?: Templated<MailAddresses, Inputs>;
  /** Default: the connection's `extra.from_email`. */
  from?: Templated<string, Inputs>;
  replyTo?: Templated<string, Inputs>;
  subject: Templated<string, Inputs>;
  /** What programs show that show no HTML. `text` or `html` must be given, and may be both. */
  text?: Templated<string, Inputs>;
  /** Airflow's html_content. */
  html?: Templated<string, Inputs>;
  /** Paths of files, or contents with a name. Airflow's files. */
  attachments?: Templated<readonly MailAttachment[], Inputs>;
  /** Airflow's custom_headers. */
  headers?: Templated<Record<string, string>, Inputs>;
}

/**
 * Sends a message by e-mail. A retry may send it again: a server can take a message and be lost before it says so. Airflow's EmailOperator.
 *
 * @example
 * dag.add(email("report", { connection: "mail", to: ["ann@example.com", "Bo <bo@example.com>"], subject: ({ ds }) => `Sales of ${ds}`, html: ({ inputs }: TemplateContext<{ html: string }>) => inputs.html, attachments: ["/data/sales.csv"] }), { html: page });
 */
export function email<Inputs = NoInputs>(taskId: string, options: EmailOptions<Inputs>): Operator<Inputs, MailReceipt> {
  const { connection, to, cc, bcc, from, replyTo, subject, text, html, attachments, headers, ...taskOptions } = options;
  if (text === undefined && html === undefined) {
    throw definitionError(`E-mail task "${taskId}" has neither "text" nor "html". Give the message as one of them, or as both.`, { taskId });
  }
  const request = { connection, to, cc, bcc, from, replyTo, subject, text, html, attachments, headers };
  return operator<Inputs, MailReceipt>(taskId, {
    operator: "email",
    handler: (inputs) => sendEmail(request, templateContext(inputs)),
    options: taskOptions,
  });
}

async function sendEmail<Inputs>(options: EmailOptions<Inputs>, context: TemplateContext<Inputs>): Promise<MailReceipt> {
  const settings = connectionAs(await getClient().connections.get(options.connection ?? "smtp_default"), "smtp");
  const render = async <T>(option: Templated<T, Inputs> | undefined): Promise<T | undefined> =>
    option === undefined ? undefined : renderTemplate(option, context, "option");
  const message = {
    from: (await render(options.from)) ?? senderOf(settings, context.task.taskId),
    to: await renderTemplate(options.to, context, "to"),
    cc: await render(options.cc),
    bcc: await render(options.bcc),
    replyTo: await render(options.replyTo),
    subject: await renderTemplate(options.subject, context, "subject"),
    text: await render(options.text),
    html: await render(options.html),
    attachments: await render(options.attachments),
    headers: await render(options.headers),
  };
  await assertReadable(message.attachments ?? [], context.task.taskId);
  context.signal.throwIfAborted();
  context.log.info(`Sending "${message.subject}" to ${[message.to].flat().join(", ")} by ${settings.host}:${settings.port}`);
  const receipt = await sendMail(settings, message, context.signal).catch((cause: unknown) => {
    context.signal.throwIfAborted();
    throw describeFailure(cause, settings, context.task.taskId);
  });
  context.log.info({ ...receipt }, `The server took the message for ${receipt.accepted.join(", ")}`);
  if (receipt.rejected.length > 0) context.log.warn(`The server refused these addresses: ${receipt.rejected.join(", ")}`);
  return receipt;
}

function senderOf({ from, connectionId }: SmtpSettings, taskId: string): string {
  if (from !== null) return from;
  throw new TradewindError(
    "task_failed",
    `Task "${taskId}" names no sender, and connection "${connectionId}" has none either. Set the option "from", or "from_email" in the connection's extra.`,
  );
}

/** Before the server is asked: it would take the message apart only after half of it was sent. */
async function assertReadable(attachments: readonly MailAttachment[], taskId: string): Promise<void> {
  for (const attachment of attachments) {
    const path = typeof attachment === "string" ? attachment : "path" in attachment ? attachment.path : undefined;
    if (path === undefined) continue;
    await access(path, constants.R_OK).catch((cause: unknown) => {
      throw new TradewindError(
        "task_failed",
        `The attachment "${path}" of task "${taskId}" can't be read: ${errorMessage(cause)}. It must be a file on the worker that runs the task.`,
        {
          cause,
        },
      );
    });
  }
}

function describeFailure(cause: unknown, { connectionId, host, port, secure }: SmtpSettings, taskId: string): TradewindError {
  const { code, response, responseCode } = cause as { code?: string; response?: string; responseCode?: number };
  const hint = HINTS[code ?? ""] ?? "";
  const said = response === undefined ? errorMessage(cause) : `the server said: ${response}`;
  return new TradewindError(
    "task_failed",
    `The message of task "${taskId}" was not sent by connection "${connectionId}" (${host}:${port}, ${secure ? "TLS" : "STARTTLS"}): ${said}.${hint}`,
    { cause, details: { connectionId, code: code ?? null, responseCode: responseCode ?? null } },
  );
}

const HINTS: Record<string, string> = {
  EAUTH: " Check the login and password of the connection.",
  ETLS: ' The server offers no encryption: set "disable_tls" in the connection\'s extra if the line may be open.',
  ESOCKET: ' Port 465 speaks TLS from the first byte, 587 and 25 do not: check the port, and "disable_ssl" in the connection\'s extra.',
  EENVELOPE: " Check the addresses.",
};
