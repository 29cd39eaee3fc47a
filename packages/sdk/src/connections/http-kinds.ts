import type { Connection } from "../runtime.ts";
import { ConnectionFields } from "./connection-fields.ts";

/** An HTTP server. Airflow's connection type `http`. */
export interface HttpSettings {
  connectionId: string;
  /** Without a slash at the end; `""` when the connection has no host, for requests with whole URLs. */
  baseUrl: string;
  /** Sent with each request: `authorization` from the login and password, and members of `extra`. */
  headers: Record<string, string>;
}

/** Members of `extra` that are settings of Airflow's client, and no headers. */
const NO_HEADERS = new Set(
  "auth headers timeout allow_redirects proxies stream verify trust_env cert max_redirects check_response auth_type auth_kwargs".split(" "),
);

/**
 * As Airflow: `schema` holds the protocol, the host may be a whole URL already, login and password are sent as basic authentication, text members of `extra` (or of
 * `extra.headers`) as headers. With `extra.auth` "bearer" the password is sent as a bearer token.
 */
export function readHttp(connection: Connection): HttpSettings {
  const fields = new ConnectionFields(connection, { kind: "an HTTP server", connTypes: ["http", "https", "slack_webhook", "slackwebhook"] });
  const { connectionId, extra, login, password } = connection;
  const headers: Record<string, string> = {};
  const members = [...Object.entries(extra).filter(([name]) => !NO_HEADERS.has(name)), ...Object.entries(fields.object("headers") ?? {})];
  for (const [name, value] of members) if (typeof value === "string") headers[name.toLowerCase()] = value;
  const bearer = fields.oneOf("auth", ["basic", "bearer"]) === "bearer";
  if (bearer) headers.authorization = `Bearer ${fields.requiredText("password", "password")}`;
  else if (login !== null) headers.authorization = `Basic ${Buffer.from(`${login}:${password ?? ""}`).toString("base64")}`;
  return { connectionId, baseUrl: baseUrlOf(connection, fields), headers };
}

function baseUrlOf({ host, schema, port, connType }: Connection, fields: ConnectionFields): string {
  if (host === null || host === "") return "";
  const protocol = schema || (connType === "https" ? "https" : "http");
  const base = host.includes("://") ? host : `${protocol}://${host}`;
  const whole = (port === null ? base : `${base.replace(/\/+$/, "")}:${port}`).replace(/\/+$/, "");
  if (URL.canParse(whole)) return whole;
  throw fields.invalid(`has the host "${host}", which makes no URL ("${whole}"). Write a name such as "api.example.com", or a whole URL.`);
}

/** A webhook that takes Slack's messages. Airflow's connection type `slackwebhook`. */
export interface SlackWebhookSettings {
  connectionId: string;
  /** A secret: whoever knows it may post. */
  url: string;
}

/** The URL is the password, or host and password together as Airflow writes it: `https://hooks.slack.com/services` and `T000/B000/XXX`. */
export function readSlackWebhook(connection: Connection): SlackWebhookSettings {
  const fields = new ConnectionFields(connection, { kind: "a Slack webhook", connTypes: ["slack_webhook", "slackwebhook", "http", "https"] });
  const { connectionId, password, host, schema, port } = connection;
  if (!password && !host)
    throw fields.invalid(`has no password. Store the webhook's whole URL there: tradewind connections set ${connectionId} --password …`);
  if (password?.includes("://") && URL.canParse(password)) return { connectionId, url: password };
  const base = host?.includes("://") ? host : `${schema || "https"}://${host || "hooks.slack.com/services"}${port === null ? "" : `:${port}`}`;
  const url = `${base.replace(/\/+$/, "")}/${(password ?? "").replace(/^\/+/, "")}`;
  if (URL.canParse(url)) return { connectionId, url };
  throw fields.invalid(`has a host and a password that make no URL together. Store the webhook's whole URL as its password.`);
}
