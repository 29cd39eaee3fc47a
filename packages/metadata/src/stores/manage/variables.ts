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

export interface VariableRow {
  key: string;
  /** A Fernet token. */
  value: string;
  description: string | null;
}

export const VARIABLE_ORDER_COLUMNS = {
  id: { by: "v.key" },
  key: { by: "v.key" },
  description: { by: "v.description", nullable: true },
  // The value is encrypted: its order would tell nothing, so the key stands in for it.
  _val: { by: "v.key" },
  is_encrypted: { by: "v.key" },
} as const satisfies OrderColumns;

export async function listVariables(
  db: Queryable,
  params: { filter: { keyPattern?: string | undefined; keyPrefixPattern?: string | undefined }; page: Page },
): Promise<Listed<VariableRow>> {
  const { filter, page } = params;
  const conditions = where([matchesPattern("v.key", filter.keyPattern), matchesPrefix("v.key", filter.keyPrefixPattern)]);
  return listWithTotal(db, page, {
    rows: sql`select v.key, v.value, v.description from variable v ${conditions} ${orderBy(VARIABLE_ORDER_COLUMNS, page.orderBy, "v.key")} ${limitTo(page)}`,
    count: sql`select count(*) as total from variable v ${conditions}`,
  });
}

/** `lock`: until the end of the transaction nobody else changes it. */
export async function findVariableRow(db: Queryable, params: { key: string; lock?: boolean }): Promise<VariableRow | undefined> {
  return selectOne(db, sql`select key, value, description from variable where key = ${params.key} ${params.lock === true ? sql`for update` : sql``}`);
}

/** @returns false when there is one with this key already. */
export async function insertVariable(tx: Transaction, { key, value, description }: VariableRow): Promise<boolean> {
  const rows = await select(
    tx,
    sql`insert into variable (key, value, description) values (${key}, ${value}, ${description}) on conflict (key) do nothing returning key`,
  );
  return rows.length === 1;
}

export async function updateVariable(tx: Transaction, { key, value, description }: VariableRow): Promise<void> {
  await select(tx, sql`update variable set value = ${value}, description = ${description}, updated_at = now() where key = ${key}`);
}

/** @returns false when there was none. */
export async function deleteVariableRow(tx: Transaction, params: { key: string }): Promise<boolean> {
  return (await select(tx, sql`delete from variable where key = ${params.key} returning key`)).length === 1;
}
