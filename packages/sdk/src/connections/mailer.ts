import type { Transporter } from "nodemailer";
import type { SmtpSettings } from "./smtp-kind.ts";

/** A connection to a mail server. The client library is loaded here and not before. To be closed by whoever opens it. */
export async function openMailer(settings: SmtpSettings): Promise<Transporter> {
  const { createTransport } = await import("nodemailer");
  const { host, port, secure, plain, insecure, user, password, timeoutMs } = settings;
  return createTransport({
    host,
    port,
    secure,
    ignoreTLS: plain,
    // A password never goes over a line that anybody can read, unless the connection says that it may.
    requireTLS: !secure && !plain && user !== null,
    auth: user === null ? undefined : { user, pass: password ?? "" },
    tls: insecure ? { rejectUnauthorized: false } : undefined,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  });
}

/** Whom a message may go to: an address, `"Ann <ann@example.com>"`, or several. */
export type MailAddresses = string | readonly string[];

/** A file with a message: a path of the worker's disk, or a content under a name. */
export type MailAttachment = string | { filename: string; content: string | Uint8Array; contentType?: string } | { path: string; filename?: string };

export interface MailMessage {
  from: string;
  to: MailAddresses;
  cc?: MailAddresses;
  bcc?: MailAddresses;
  replyTo?: string;
  subject: string;
  text?: string;
  html?: string;
  attachments?: readonly MailAttachment[];
  headers?: Record<string, string>;
}

export interface MailReceipt {
  messageId: string;
  /** Addresses that the server took the message for. */
  accepted: string[];
  /** Addresses it refused, while it took others. */
  rejected: string[];
}

/** Sends one message and closes the connection. */
export async function sendMail(settings: SmtpSettings, message: MailMessage, signal?: AbortSignal): Promise<MailReceipt> {
  const mailer = await openMailer(settings);
  const stop = () => mailer.close();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const { from, replyTo, subject, text, html, headers } = message;
    const sent = (await mailer.sendMail({
      from,
      to: listed(message.to),
      cc: listed(message.cc),
      bcc: listed(message.bcc),
      replyTo,
      subject,
      text,
      html,
      headers,
      attachments: message.attachments?.map(readAttachment),
      // Addresses of web pages and of files come only from where they are asked for by name.
      disableUrlAccess: true,
      signal,
    })) as Partial<MailReceipt>;
    return { messageId: sent.messageId ?? "", accepted: sent.accepted ?? [], rejected: sent.rejected ?? [] };
  } finally {
    signal?.removeEventListener("abort", stop);
    mailer.close();
  }
}

function listed(addresses: MailAddresses | undefined): string[] | undefined {
  return addresses === undefined ? undefined : [addresses].flat<(string | readonly string[])[]>();
}

function readAttachment(given: MailAttachment): object {
  if (typeof given === "string") return { path: given };
  return "content" in given && given.content instanceof Uint8Array ? { ...given, content: Buffer.from(given.content) } : given;
}
