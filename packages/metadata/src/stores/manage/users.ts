import { sql } from "kysely";
import type { Queryable, Transaction } from "../../database-handle.ts";
import {
  isEqual,
  limitTo,
  type Listed,
  listWithTotal,
  matchesPattern,
  orderBy,
  type OrderColumns,
  type Page,
  select,
  selectOne,
  where,
} from "../read/list-query.ts";

export interface UserRow {
  username: string;
  passwordHash: string;
  role: string;
  isActive: boolean;
  /** Signed tokens of a log-in before are refused. Grows with every time that log-ins are ended. */
  tokensValidFrom: Date;
}

/** A user as administrators see them. */
export interface UserProfile {
  username: string;
  firstName: string;
  lastName: string;
  email: string;
  role: string;
  isActive: boolean;
  createdAt: Date;
  lastLoginAt: Date | null;
}

export type NewUser = Pick<UserRow, "username" | "passwordHash" | "role"> &
  Partial<Pick<UserProfile, "firstName" | "lastName" | "email" | "isActive">>;
export type UserChanges = Partial<Pick<UserProfile, "firstName" | "lastName" | "email" | "role" | "isActive">>;

const profileColumns = sql`username, first_name as "firstName", last_name as "lastName", email, role, is_active as "isActive", created_at as "createdAt",
  last_login_at as "lastLoginAt"`;

export const USER_ORDER_COLUMNS = {
  username: { by: "username" },
  role: { by: "role" },
  email: { by: "email" },
  first_name: { by: "first_name" },
  last_name: { by: "last_name" },
  active: { by: "is_active" },
  created_at: { by: "created_at" },
  last_login: { by: "last_login_at", nullable: true },
} as const satisfies OrderColumns;

export async function findUser(db: Queryable, params: { username: string }): Promise<UserRow | undefined> {
  return selectOne(
    db,
    sql`select username, password_hash as "passwordHash", role, is_active as "isActive", tokens_valid_from as "tokensValidFrom"
      from user_account where username = ${params.username}`,
  );
}

export async function listUsers(
  db: Queryable,
  params: { filter: { usernamePattern?: string | undefined; role?: string | undefined; isActive?: boolean | undefined }; page: Page },
): Promise<Listed<UserProfile>> {
  const { filter, page } = params;
  const conditions = where([matchesPattern("username", filter.usernamePattern), isEqual("role", filter.role), isEqual("is_active", filter.isActive)]);
  return listWithTotal(db, page, {
    rows: sql`select ${profileColumns} from user_account ${conditions} ${orderBy(USER_ORDER_COLUMNS, page.orderBy, "id")} ${limitTo(page)}`,
    count: sql`select count(*) as total from user_account ${conditions}`,
  });
}

export async function findUserProfile(
  db: Queryable,
  { username, lock = false }: { username: string; lock?: boolean },
): Promise<UserProfile | undefined> {
  return selectOne(db, sql`select ${profileColumns} from user_account where username = ${username} ${lock ? sql`for update` : sql``}`);
}

/** Tokens of an earlier user of the same name are not theirs. @returns false when there is a user of this name already. */
export async function insertUser(db: Queryable, user: NewUser): Promise<boolean> {
  const { username, passwordHash, role, firstName = "", lastName = "", email = "", isActive = true } = user;
  const rows = await select(
    db,
    sql`insert into user_account (username, password_hash, role, first_name, last_name, email, is_active, tokens_valid_from)
      values (${username}, ${passwordHash}, ${role}, ${firstName}, ${lastName}, ${email}, ${isActive}, date_trunc('milliseconds', now()))
      on conflict (username) do nothing returning id`,
  );
  return rows.length === 1;
}

export async function updateUser(tx: Transaction, { username, ...changes }: UserChanges & { username: string }): Promise<void> {
  await select(
    tx,
    sql`update user_account set first_name = coalesce(${changes.firstName ?? null}, first_name), last_name = coalesce(${changes.lastName ?? null}, last_name),
        email = coalesce(${changes.email ?? null}, email), role = coalesce(${changes.role ?? null}, role),
        is_active = coalesce(${changes.isActive ?? null}::boolean, is_active)
      where username = ${username} returning id`,
  );
}

/** @param before the hash that it replaces; absent: whichever. @returns false when there is no such user, or their password is another one by now. */
export async function updateUserPassword(db: Queryable, params: { username: string; passwordHash: string; before?: string }): Promise<boolean> {
  const which = where([isEqual("username", params.username), isEqual("password_hash", params.before)]);
  return (await select(db, sql`update user_account set password_hash = ${params.passwordHash} ${which} returning id`)).length === 1;
}

/** @returns false when there is no such user. */
export async function deleteUser(tx: Transaction, { username }: { username: string }): Promise<boolean> {
  return (await select(tx, sql`delete from user_account where username = ${username} returning id`)).length === 1;
}

/** How many could still log in and administer if this one could not. Locks them, so that two changes at once do not lock everybody out. */
export async function countOtherActiveUsers(tx: Transaction, { username, role }: { username: string; role: string }): Promise<number> {
  const rows = await select(
    tx,
    sql`select id from user_account where role = ${role} and is_active and username <> ${username} order by id for update`,
  );
  return rows.length;
}

export async function noteLogin(db: Queryable, { username }: { username: string }): Promise<void> {
  await select(db, sql`update user_account set last_login_at = now() where username = ${username} returning id`);
}

/**
 * Ends every log-in of a user: sessions (but the one to keep) and signed tokens. API tokens only when asked for. Locks the user first, as who makes a token does.
 * @returns how many sessions and API tokens went.
 */
export async function revokeLogins(
  tx: Transaction,
  { username, keepTokenId = null, apiTokens }: { username: string; keepTokenId?: string | null; apiTokens: boolean },
): Promise<number> {
  // It grows whatever the clock says: tokens carry the value that it had, not a time.
  const next = sql`greatest(date_trunc('milliseconds', now()), tokens_valid_from + interval '1 millisecond')`;
  await select(tx, sql`update user_account set tokens_valid_from = ${next} where username = ${username} returning id`);
  const gone = await select(
    tx,
    sql`delete from access_token as token using user_account as account
      where account.id = token.user_account_id and account.username = ${username} and (token.kind = 'session' or ${apiTokens})
        and token.id is distinct from ${keepTokenId}::uuid
      returning token.id`,
  );
  return gone.length;
}
