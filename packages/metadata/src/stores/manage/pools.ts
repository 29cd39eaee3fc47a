import { sql } from "kysely";
import type { Queryable, Transaction } from "../../database-handle.ts";
import { select, selectOne } from "../read/list-query.ts";

export interface PoolSettings {
  name: string;
  /** -1: unlimited. */
  slots: number;
  description: string | null;
  includeDeferred: boolean;
}

/** `lock`: until the end of the transaction nobody else changes it. */
export async function findPoolSettings(db: Queryable, params: { name: string; lock?: boolean }): Promise<PoolSettings | undefined> {
  return selectOne(
    db,
    sql`select name, slots, description, include_deferred as "includeDeferred" from pool where name = ${params.name} ${params.lock === true ? sql`for update` : sql``}`,
  );
}

/** @returns false when there is one with this name already. */
export async function insertPool(tx: Transaction, { name, slots, description, includeDeferred }: PoolSettings): Promise<boolean> {
  const rows = await select(
    tx,
    sql`insert into pool (name, slots, description, include_deferred) values (${name}, ${slots}, ${description}, ${includeDeferred})
      on conflict (name) do nothing returning name`,
  );
  return rows.length === 1;
}

export async function updatePool(tx: Transaction, { name, slots, description, includeDeferred }: PoolSettings): Promise<void> {
  await select(tx, sql`update pool set slots = ${slots}, description = ${description}, include_deferred = ${includeDeferred} where name = ${name}`);
}

/** @returns false when there was none. */
export async function deletePool(tx: Transaction, params: { name: string }): Promise<boolean> {
  return (await select(tx, sql`delete from pool where name = ${params.name} returning name`)).length === 1;
}
