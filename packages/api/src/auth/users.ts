import { randomBytes } from "node:crypto";
import { type Database, transaction } from "@tradewind/metadata";
import { findUser, insertUser } from "@tradewind/metadata/rest";
import { auditAuth } from "./audit.ts";
import { hashPassword } from "./passwords.ts";

/** Who a request is from. */
export interface User {
  username: string;
  role: string;
  /** Of the session or API token that the request came with. */
  tokenId?: string;
  tokenKind?: "api" | "session";
  /** Of a signed token: it is good as long as the user's `tokensValidFrom` is not later. */
  loginOf?: Date;
  /** Nobody said who they are, and that is allowed here. */
  isAnonymous?: boolean;
}

/**
 * Makes the first administrator, when there is no user of this name. Several processes may call it at once: one of them makes it.
 * `password` is given back only to the one that made it (the given one, or a generated one with 128 random bits); it is stored nowhere in clear.
 */
export async function ensureAdmin(
  db: Database,
  { username, password = randomBytes(16).toString("base64url") }: { username: string; password?: string | undefined },
): Promise<{ created: boolean; password: string | null }> {
  if ((await findUser(db, { username })) !== undefined) return { created: false, password: null };
  const passwordHash = await hashPassword(password);
  const created = await transaction(db, async (tx) => {
    const isNew = await insertUser(tx, { username, passwordHash, role: "Admin" });
    if (isNew) await auditAuth(tx, "post_user", "tradewind", { username, after: { role: "Admin", active: true } });
    return isNew;
  });
  return { created, password: created ? password : null };
}

const CACHE_MS = 5000;

/** A user as tokens are checked by. */
export interface KnownUser {
  username: string;
  role: string;
  tokensValidFrom: Date;
}

export interface UserDirectory {
  /** undefined: there is no such user, or they are switched off. */
  find(username: string): Promise<KnownUser | undefined>;
  forget(username: string): void;
}

/**
 * Users by name, remembered for some seconds: a request should not cost a query only to learn the role again. A role that was changed, or a user that was switched off, is noticed in
 * other processes when that time is over.
 */
export function createUserDirectory(db: Database, now: () => number): UserDirectory {
  const known = new Map<string, { until: number; user: Promise<KnownUser | undefined> }>();
  const load = async (username: string): Promise<KnownUser | undefined> => {
    const row = await findUser(db, { username });
    return row?.isActive === true ? row : undefined;
  };
  return {
    find(username) {
      const cached = known.get(username);
      if (cached !== undefined && cached.until > now()) return cached.user;
      const user = load(username);
      known.set(username, { until: now() + CACHE_MS, user });
      user.catch(() => known.delete(username));
      return user;
    },
    forget: (username) => void known.delete(username),
  };
}
