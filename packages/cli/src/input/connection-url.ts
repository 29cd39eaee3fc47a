import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";

export interface ConnectionParts {
  connType: string;
  host: string | null;
  port: number | null;
  login: string | null;
  password: string | null;
  schema: string | null;
  extra: Record<string, unknown> | null;
}

/** The forms of a URL's scheme that name the same type of connection. */
const TYPE_OF_SCHEME: Record<string, string> = { postgresql: "postgres" };

/** `type://login:password@host:port/schema?name=value`, as Airflow writes connections. The query is `extra`; parts are percent-decoded. */
export function parseConnectionUrl(text: string, what: string): ConnectionParts {
  const found = /^([a-z][\w+.-]*):\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?(\[[^\]]*\]|[^:/?]*)(?::(\d+))?(?:\/([^?]*))?(?:\?(.*))?$/i.exec(text.trim());
  if (found === null) {
    throw new CliError("invalid_request", `${what} is no URL of a connection.`, {
      exitCode: EXIT.usage,
      hint: "Write it like postgres://login:password@host:5432/database.",
    });
  }
  const [, scheme, login, password, host, port, schema, query] = found;
  const type = scheme!.toLowerCase().replaceAll("-", "_");
  return {
    connType: TYPE_OF_SCHEME[type] ?? type,
    host: decode(host),
    port: port === undefined ? null : Number(port),
    login: decode(login),
    password: decode(password),
    schema: decode(schema),
    extra: readExtra(query),
  };
}

function decode(part: string | undefined): string | null {
  if (part === undefined || part === "") return null;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** `__extra__` holds all of it as one JSON object, as Airflow writes what a query cannot say. */
function readExtra(query: string | undefined): Record<string, unknown> | null {
  if (query === undefined || query === "") return null;
  const extra = Object.fromEntries(new URLSearchParams(query));
  return typeof extra["__extra__"] === "string" ? (JSON.parse(extra["__extra__"]) as Record<string, unknown>) : extra;
}
