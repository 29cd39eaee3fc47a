import { randomBytes } from "node:crypto";
import type { Database } from "@tradewind/metadata";
import { findUser, insertUser } from "@tradewind/metadata/rest";
import { hashPassword } from "./passwords.ts";

/** Who a request is from. */
export interface User {
  username: string;
  role: string;
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
  const created = await insertUser(db, { username, passwordHash: await hashPassword(password), role: "Admin" });
  return { created, password: created ? password : null };
}

const CACHE_MS = 5000;

/**
 * Users by name, remembered for some seconds: a request should not cost a query only to learn the role again. A role that was changed, or a user that was switched off, is noticed
 * when that time is over.
 */
export function createUserDirectory(db: Database, now: () => number): (username: string) => Promise<User | undefined> {
  const known = new Map<string, { until: number; user: Promise<User | undefined> }>();
  const load = async (username: string): Promise<User | undefined> => {
    const row = await findUser(db, { username });
    return row?.isActive === true ? { username: row.username, role: row.role } : undefined;
  };
  return (username) => {
    const cached = known.get(username);
    if (cached !== undefined && cached.until > now()) return cached.user;
    const user = load(username);
    known.set(username, { until: now() + CACHE_MS, user });
    user.catch(() => known.delete(username));
    return user;
  };
}
