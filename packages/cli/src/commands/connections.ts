import { clientContext } from "../client/client-context.ts";
import type { ConnectionResource } from "../client/resources.ts";
import { path } from "../client/rest-client.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { parseConnectionUrl } from "../input/connection-url.ts";
import { readStandardInput } from "../input/standard-input.ts";
import type { Column } from "../output/table.ts";
import type { ServerOptions } from "../program/options.ts";
import type { ConnectionSetOptions } from "../program/setting-commands.ts";

const COLUMNS: Column<ConnectionResource>[] = [
  { title: "CONNECTION", value: (connection) => connection.connection_id },
  { title: "TYPE", value: (connection) => connection.conn_type },
  { title: "HOST", value: (connection) => connection.host },
  { title: "PORT", value: (connection) => connection.port, align: "right" },
  { title: "SCHEMA", value: (connection) => connection.schema },
  { title: "LOGIN", value: (connection) => connection.login },
  { title: "DESCRIPTION", value: (connection) => connection.description, mayBeCut: true },
];

export async function listConnections(options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const connections = await client.list<ConnectionResource>("/api/v2/connections", "connections", { order_by: "connection_id" });
  output.list(connections, COLUMNS, { none: "There are no connections." });
}

export async function getConnection(id: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const connection = await client.get<ConnectionResource>(path`/api/v2/connections/${id}`);
  output.item(connection, [
    ["Connection", connection.connection_id],
    ["Type", connection.conn_type],
    ["Host", connection.host],
    ["Port", connection.port],
    ["Schema", connection.schema],
    ["Login", connection.login],
    ["Password", connection.password],
    ["Extra", connection.extra],
    ["Description", connection.description],
  ]);
}

export async function setConnection(id: string, given: string | undefined, options: ConnectionSetOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const known = await client.find<ConnectionResource>(path`/api/v2/connections/${id}`);
  const changes = await readChanges(id, given, options);
  if (known === undefined && changes["conn_type"] === undefined) {
    throw new CliError("invalid_request", `Connection "${id}" does not exist yet, and its type is not given.`, {
      exitCode: EXIT.usage,
      hint: "Give a URL, or --type.",
    });
  }
  const body = { connection_id: id, conn_type: known?.conn_type, ...changes };
  const connection =
    known === undefined
      ? await client.send<ConnectionResource>("POST", "/api/v2/connections", body)
      : await client.send<ConnectionResource>("PATCH", path`/api/v2/connections/${id}`, body, { update_mask: Object.keys(changes) });
  output.done(`Connection "${id}" is set.`, connection);
}

async function readChanges(id: string, given: string | undefined, options: ConnectionSetOptions): Promise<Record<string, unknown>> {
  const url = given === "-" ? await readStandardInput(`The URL of connection "${id}"`) : given;
  const changes: Record<string, unknown> = {};
  if (url !== undefined) {
    const { connType, extra, ...parts } = parseConnectionUrl(url, `What was given for connection "${id}"`);
    Object.assign(changes, parts, { conn_type: connType, extra: extra === null ? null : JSON.stringify(extra) });
  }
  const { type, host, login, password, schema, port, extra, description } = options;
  const flags = { conn_type: type, host, login, password, schema, port, extra: extra === undefined ? undefined : JSON.stringify(extra), description };
  for (const [name, value] of Object.entries(flags)) if (value !== undefined) changes[name] = value;
  if (Object.keys(changes).length === 0) {
    throw new CliError("invalid_request", `Nothing was said about connection "${id}".`, {
      exitCode: EXIT.usage,
      hint: "Give a URL, or options such as --host.",
    });
  }
  return changes;
}

/** The server tries it, from where it is; the stored secrets never leave it. */
export async function testConnection(id: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const connection = await client.get<ConnectionResource & { team_name?: unknown }>(path`/api/v2/connections/${id}`);
  const { team_name: _team, ...body } = connection;
  const result = await client.send<{ status: boolean; message: string }>("POST", "/api/v2/connections/test", body);
  if (!result.status) throw new CliError("connection_invalid", `Connection "${id}" does not work: ${result.message}`, { exitCode: EXIT.failed });
  output.done(`Connection "${id}" works. ${result.message}`, { connection_id: id, ...result });
}

export async function deleteConnection(id: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  await client.delete(path`/api/v2/connections/${id}`);
  output.done(`Connection "${id}" is deleted.`, { connection_id: id });
}
