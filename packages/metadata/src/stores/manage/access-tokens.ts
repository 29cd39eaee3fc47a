import { sql } from "kysely";
import type { Queryable, Transaction } from "../../database-handle.ts";
import { isEqual, select, selectOne, where } from "../read/list-query.ts";

export type AccessTokenKind = "session" | "api";

export interface AccessTokenRow {
  id: string;
  username: string;
  kind: AccessTokenKind;
  name: string | null;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}

/** The holder of a token that is still good. */
export interface AccessTokenHolder {
  id: string;
  kind: AccessTokenKind;
  username: string;
  role: string;
  expiresAt: Date | null;
}

const USED_EVERY = "1 minute";

/**
 * Who a token belongs to; undefined when it is not known, has expired, or its user is switched off. Notes that it was used, at most once a minute: reading is not to cost a write
 * each time.
 */
export async function useAccessToken(db: Queryable, { tokenSha256 }: { tokenSha256: string }): Promise<AccessTokenHolder | undefined> {
  return selectOne(
    db,
    sql`with found as (
        select token.id, token.kind, account.username, account.role, token.expires_at, token.last_used_at
        from access_token as token join user_account as account on account.id = token.user_account_id
        where token.token_sha256 = ${tokenSha256} and account.is_active and (token.expires_at is null or token.expires_at > now())
      ), noted as (
        update access_token set last_used_at = now()
        from found
        where access_token.id = found.id and (found.last_used_at is null or found.last_used_at < now() - ${USED_EVERY}::interval)
      )
      select id, kind, username, role, expires_at as "expiresAt" from found`,
  );
}

/** What showed that somebody may have a token: all that is given has to hold still when it is made. */
export interface TokenGround {
  /** The password that was right was of this hash. */
  passwordHash?: string | undefined;
  /** The request came with this session or token. */
  tokenId?: string | undefined;
  /** The signed token of the request is good as long as the user's log-ins were not ended since. */
  tokensValidFrom?: Date | undefined;
}

/**
 * `ttlMs` null: it never expires. Locks the user, then the token of the ground: whoever ends log-ins changes the user first, and so either finds this token and deletes it, or comes first, and
 * the ground is gone.
 * @returns undefined when there is no such user, they may not log in, or the ground does not hold any more.
 */
export async function insertAccessToken(
  tx: Transaction,
  token: { id: string; username: string; kind: AccessTokenKind; name: string | null; tokenSha256: string; ttlMs: number | null; ground: TokenGround },
): Promise<AccessTokenRow | undefined> {
  const { id, username, kind, name, tokenSha256, ttlMs, ground } = token;
  const account = await lockGround(tx, username, ground);
  if (account === undefined) return undefined;
  return selectOne(
    tx,
    sql`insert into access_token (id, user_account_id, kind, name, token_sha256, expires_at)
      values (${id}, ${account.id}, ${kind}, ${name}, ${tokenSha256}, now() + ${ttlMs}::double precision * interval '1 millisecond')
      returning id, ${username} as username, kind, name, created_at as "createdAt", expires_at as "expiresAt", last_used_at as "lastUsedAt"`,
  );
}

async function lockGround(tx: Transaction, username: string, ground: TokenGround): Promise<{ id: number } | undefined> {
  const conditions = [
    sql`username = ${username} and is_active`,
    isEqual("password_hash", ground.passwordHash),
    ground.tokensValidFrom === undefined ? undefined : sql`tokens_valid_from <= ${ground.tokensValidFrom}`,
  ];
  const account = await selectOne<{ id: number }>(tx, sql`select id from user_account ${where(conditions)} for share`);
  if (account === undefined || ground.tokenId === undefined) return account;
  const isGood = sql`id = ${ground.tokenId} and user_account_id = ${account.id} and (expires_at is null or expires_at > now())`;
  return (await selectOne(tx, sql`select id from access_token where ${isGood} for share`)) === undefined ? undefined : account;
}

/** A user's tokens of one kind that are still good, newest first. */
export async function listAccessTokens(db: Queryable, { username, kind }: { username: string; kind: AccessTokenKind }): Promise<AccessTokenRow[]> {
  return select(
    db,
    sql`select token.id, account.username, token.kind, token.name, token.created_at as "createdAt", token.expires_at as "expiresAt", token.last_used_at as "lastUsedAt"
      from access_token as token join user_account as account on account.id = token.user_account_id
      where account.username = ${username} and token.kind = ${kind} and (token.expires_at is null or token.expires_at > now())
      order by token.created_at desc, token.id desc`,
  );
}

/** @returns its name; undefined when this user has no such token. */
export async function deleteAccessToken(
  db: Queryable,
  { id, username }: { id: string; username: string },
): Promise<{ name: string | null } | undefined> {
  return selectOne(
    db,
    sql`delete from access_token as token using user_account as account
      where token.id = ${id} and account.id = token.user_account_id and account.username = ${username}
      returning token.name`,
  );
}

/** @returns how many had expired. */
export async function deleteExpiredAccessTokens(db: Queryable): Promise<number> {
  // Those that another transaction has locked are left to the next time: nobody waits here, and nobody is waited for in two orders.
  const expired = sql`select id from access_token where expires_at < now() for update skip locked`;
  return (await select(db, sql`delete from access_token where id in (${expired}) returning id`)).length;
}
