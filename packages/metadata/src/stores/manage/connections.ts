import { sql } from "kysely";
import type { Queryable, Transaction } from "../../database-handle.ts";
import {
  limitTo,
  type Listed,
  listWithTotal,
  matchesPattern,
  matchesPrefix,
  orderBy,
  type OrderColumns,
  type Page,
  select,
  selectOne,
  where,
} from "../read/list-query.ts";

export interface ConnectionRow {
  connectionId: string;
  connType: string;
  description: string | null;
  host: string | null;
  port: number | null;
  login: string | null;
  schema: string | null;
  /** Fernet tokens. */
  password: string | null;
  extra: string | null;
}

const columns = `c.connection_id as "connectionId", c.conn_type as "connType", c.description, c.host, c.port, c.login, c.schema, c.password, c.extra`;

export const CONNECTION_ORDER_COLUMNS = {
  id: { by: "c.connection_id" },
  conn_id: { by: "c.connection_id" },
  connection_id: { by: "c.connection_id" },
  conn_type: { by: "c.conn_type" },
  description: { by: "c.description", nullable: true },
  host: { by: "c.host", nullable: true },
  port: { by: "c.port", nullable: true },
} as const satisfies OrderColumns;

export async function listConnections(
  db: Queryable,
  params: { filter: { idPattern?: string | undefined; idPrefixPattern?: string | undefined }; page: Page },
): Promise<Listed<ConnectionRow>> {
  const { filter, page } = params;
  const conditions = where([matchesPattern("c.connection_id", filter.idPattern), matchesPrefix("c.connection_id", filter.idPrefixPattern)]);
  return listWithTotal(db, page, {
    rows: sql`select ${sql.raw(columns)} from connection c ${conditions} ${orderBy(CONNECTION_ORDER_COLUMNS, page.orderBy, "c.connection_id")} ${limitTo(page)}`,
    count: sql`select count(*) as total from connection c ${conditions}`,
  });
}

/** `lock`: until the end of the transaction nobody else changes it. */
export async function findConnectionRow(db: Queryable, params: { connectionId: string; lock?: boolean }): Promise<ConnectionRow | undefined> {
  return selectOne(
    db,
    sql`select ${sql.raw(columns)} from connection c where c.connection_id = ${params.connectionId} ${params.lock === true ? sql`for update` : sql``}`,
  );
}

/** @returns false when there is one with this id already. */
export async function insertConnection(tx: Transaction, row: ConnectionRow): Promise<boolean> {
  const rows = await select(
    tx,
    sql`insert into connection (connection_id, conn_type, description, host, port, login, schema, password, extra)
      values (${row.connectionId}, ${row.connType}, ${row.description}, ${row.host}, ${row.port}, ${row.login}, ${row.schema}, ${row.password}, ${row.extra})
      on conflict (connection_id) do nothing returning connection_id`,
  );
  return rows.length === 1;
}

export async function updateConnection(tx: Transaction, row: ConnectionRow): Promise<void> {
  await select(
    tx,
    sql`update connection set conn_type = ${row.connType}, description = ${row.description}, host = ${row.host}, port = ${row.port}, login = ${row.login},
      schema = ${row.schema}, password = ${row.password}, extra = ${row.extra} where connection_id = ${row.connectionId}`,
  );
}

/** @returns false when there was none. */
export async function deleteConnectionRow(tx: Transaction, params: { connectionId: string }): Promise<boolean> {
  return (await select(tx, sql`delete from connection where connection_id = ${params.connectionId} returning connection_id`)).length === 1;
}
