import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { select, selectOne } from "../read/list-query.ts";

export interface UserRow {
  username: string;
  passwordHash: string;
  role: string;
  isActive: boolean;
}

export async function findUser(db: Queryable, params: { username: string }): Promise<UserRow | undefined> {
  return selectOne(
    db,
    sql`select username, password_hash as "passwordHash", role, is_active as "isActive" from user_account where username = ${params.username}`,
  );
}

/** @returns false when there is a user of this name already. */
export async function insertUser(db: Queryable, { username, passwordHash, role }: Omit<UserRow, "isActive">): Promise<boolean> {
  const rows = await select(
    db,
    sql`insert into user_account (username, password_hash, role) values (${username}, ${passwordHash}, ${role}) on conflict (username) do nothing returning id`,
  );
  return rows.length === 1;
}

/** @returns false when there is no such user. */
export async function updateUserPassword(db: Queryable, params: { username: string; passwordHash: string }): Promise<boolean> {
  return (
    (await select(db, sql`update user_account set password_hash = ${params.passwordHash} where username = ${params.username} returning id`))
      .length === 1
  );
}
