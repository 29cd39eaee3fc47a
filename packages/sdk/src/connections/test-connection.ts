import { errorMessage } from "@tradewind/core";
import type { Connection } from "../runtime.ts";
import { connectionAs, type ConnectionKind, connectionKindOf } from "./connection-kinds.ts";

/** As Airflow's answer to a test of a connection. */
export interface ConnectionTestResult {
  /** Whether it works. */
  status: boolean;
  /** What was found, for people; without secrets. */
  message: string;
}

/**
 * Tries a connection: reaches what it points to and, where its kind can, presents its credentials. Writes nothing. Never throws: that it does not work is the answer. Airflow's
 * `test_connection` of a hook.
 *
 * @param signal Ends the test.
 */
export async function testConnection(connection: Connection, signal: AbortSignal): Promise<ConnectionTestResult> {
  try {
    const kind = connection.connType === "memory" ? "generic" : connectionKindOf(connection.connType);
    const message = await TESTS[kind](connection, signal);
    return { status: true, message: withoutSecrets(message, connection) };
  } catch (error) {
    return { status: false, message: withoutSecrets(signal.aborted ? "The test took too long and was given up." : errorMessage(error), connection) };
  }
}

/** One for each kind. Gives what to tell when it works, throws when it does not. Libraries are loaded by the test that needs them. */
const TESTS: Record<ConnectionKind, (connection: Connection, signal: AbortSignal) => Promise<string>> = {
  async postgres(connection, signal) {
    const { openSqlSession } = await import("../sql/sql-driver.ts");
    const session = await openSqlSession(connection, { signal, notice: () => undefined });
    try {
      const row = await session.queryFirst("select current_setting('server_version'), current_user, current_database()", []);
      const [version, user, database] = row!.values as string[];
      return `Connected to PostgreSQL ${version} as ${user}, database ${database}.`;
    } finally {
      await session.close().catch(() => undefined);
    }
  },
  async http(connection, signal) {
    const { baseUrl, headers } = connectionAs(connection, "http");
    if (baseUrl === "") throw new Error("It has no host to ask. Set one, or use whole URLs in tasks.");
    const response = await fetch(baseUrl, { headers, signal }).catch((error: Error) => {
      throw new Error(`${baseUrl} could not be reached: ${errorMessage(error.cause ?? error)}.`);
    });
    await response.body?.cancel();
    const answered = `${baseUrl} answered with ${response.status} ${response.statusText}`.trimEnd();
    if (response.status === 401 || response.status === 403) throw new Error(`${answered}: the credentials were refused.`);
    if (response.status >= 500) throw new Error(`${answered}.`);
    return response.ok ? `${answered}.` : `${answered}: the server is there; whether the credentials are good shows with a path that exists.`;
  },
  async slack_webhook(connection) {
    const { url } = connectionAs(connection, "slack_webhook");
    return `It makes a URL of ${new URL(url).host}. A webhook can only be tried out by posting a message, which a test does not.`;
  },
  async smtp(connection, signal) {
    const settings = connectionAs(connection, "smtp");
    const { openMailer } = await import("./mailer.ts");
    const mailer = await openMailer(settings);
    const stop = () => mailer.close();
    signal.addEventListener("abort", stop, { once: true });
    try {
      await mailer.verify();
      return `${settings.host}:${settings.port} takes mail${settings.user === null ? "" : `, and the login ${settings.user}`}.`;
    } finally {
      signal.removeEventListener("abort", stop);
      mailer.close();
    }
  },
  s3: testStore,
  gcs: testStore,
  azure_blob: testStore,
  fs: testStore,
  async docker(connection, signal) {
    const settings = connectionAs(connection, "docker");
    const { DockerClient } = await import("../docker/docker-client.ts");
    const client = new DockerClient(settings);
    const version = await client.call<{ Version?: string; Platform?: { Name?: string } } | null>("GET", "/version", { signal });
    return `The engine at ${client.name} has version ${version?.Version ?? "unknown"}.`;
  },
  async generic(connection) {
    const types = Object.keys(TESTS).filter((kind) => kind !== "generic");
    throw new Error(`Connections of the type "${connection.connType}" can't be tested. Those of these types can: ${types.join(", ")}.`);
  },
};

async function testStore(connection: Connection): Promise<string> {
  const { openStore } = await import("../files/open-store.ts");
  const store = await openStore(connection, null);
  await store.check();
  return `${store.label("")} can be read.`;
}

const SECRET_NAME = /pass|secret|token|key|credential|auth|cert|sas/i;

/** What servers and libraries say may quote what they were given. */
function withoutSecrets(message: string, { password, extra }: Connection): string {
  const named = Object.entries(extra).flatMap(([name, value]) =>
    SECRET_NAME.test(name) ? [typeof value === "string" ? value : JSON.stringify(value)] : [],
  );
  const secrets = [password ?? "", ...named].filter((secret) => secret.length >= 4);
  return secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]).reduce((text, secret) => text.replaceAll(secret, "***"), message);
}
