import type { Connection } from "../runtime.ts";
import { ConnectionFields } from "./connection-fields.ts";

/** A server that takes mail. Airflow's connection type `smtp`. */
export interface SmtpSettings {
  connectionId: string;
  host: string;
  port: number;
  /** TLS from the first byte. Else the connection is upgraded where the server can (STARTTLS). */
  secure: boolean;
  /** From `extra.disable_tls`: no upgrade either. */
  plain: boolean;
  /** Certificates are not looked at: `extra.verify` is false. */
  insecure: boolean;
  user: string | null;
  password: string | null;
  /** The sender of mail that names none; from `extra.from_email`. */
  from: string | null;
  /** From `extra.timeout`, in seconds there. Default 30 s. */
  timeoutMs: number;
}

/** TLS from the first byte is for port 465 and for a connection without a port, unless `extra.disable_ssl` (Airflow's name) says otherwise. */
export function readSmtp(connection: Connection): SmtpSettings {
  const fields = new ConnectionFields(connection, { kind: "a mail server", connTypes: ["smtp", "email"] });
  const disableSsl = fields.boolean("disable_ssl");
  const secure = disableSsl === undefined ? connection.port === 465 || connection.port === null : !disableSsl;
  return {
    connectionId: connection.connectionId,
    host: fields.requiredText("host", "host"),
    port: connection.port ?? (secure ? 465 : 587),
    secure,
    plain: fields.boolean("disable_tls") ?? false,
    insecure: fields.boolean("verify") === false,
    user: connection.login,
    password: connection.password,
    from: fields.text("from_email") ?? null,
    timeoutMs: (fields.number("timeout") ?? 30) * 1000,
  };
}
