import type { ConnectionValue } from "@tradewind/contract";
import type { Fernet, Transaction } from "@tradewind/metadata";
import { type ConnectionRow, findConnectionRow, insertConnection, insertEventLog, updateConnection } from "@tradewind/metadata/rest";

/** Stores a connection as it was tried, for who asked for it, with the entry in the audit log. */
export async function storeTestedConnection(tx: Transaction, fernet: Fernet, connection: ConnectionValue, username: string): Promise<void> {
  const { connectionId, password, extra } = connection;
  const row: ConnectionRow = {
    ...openColumns(connection),
    connectionId,
    password: password === null || password === "" ? null : fernet.encrypt(password),
    extra: Object.keys(extra).length === 0 ? null : fernet.encrypt(JSON.stringify(extra)),
  };
  const after = openFields(row);
  if (await insertConnection(tx, row)) {
    return insertEventLog(tx, { event: "post_connection", owner: username, extra: { connection_id: connectionId, after } });
  }
  const before = await findConnectionRow(tx, { connectionId, lock: true });
  await updateConnection(tx, row);
  await insertEventLog(tx, {
    event: "patch_connection",
    owner: username,
    extra: { connection_id: connectionId, before: before === undefined ? null : openFields(before), after },
  });
}

type OpenColumns = Pick<ConnectionRow, "connType" | "description" | "host" | "port" | "login" | "schema">;

function openColumns({ connType, description, host, port, login, schema }: OpenColumns): OpenColumns {
  return { connType, description, host, port, login, schema };
}

/** For the audit log: everything but what is encrypted. */
function openFields(row: OpenColumns): Record<string, unknown> {
  const { connType, ...open } = openColumns(row);
  return { conn_type: connType, ...open };
}
