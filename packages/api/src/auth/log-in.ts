import { TradewindError } from "@tradewind/core";
import type { Database } from "@tradewind/metadata";
import { findUser, type UserRow } from "@tradewind/metadata/rest";
import { z } from "zod";
import { createLoginRateLimit } from "./login-rate-limit.ts";
import { isPasswordRight } from "./passwords.ts";

export const Credentials = z.strictObject({ username: z.string().min(1).max(256), password: z.string().min(1).max(1024) });

/** Checks a name and a password; `address` is the client's. @throws TradewindError `unauthenticated`, `too_many_requests` */
export type LogIn = (credentials: z.infer<typeof Credentials>, address: string) => Promise<UserRow>;

/** One limit for all ways to log in: five wrong tries a minute of one user from one address. */
export function createLogIn({ db, now }: { db: Database; now: () => number }): LogIn {
  const limit = createLoginRateLimit({ tries: 5, windowMs: 60_000 });
  return async ({ username, password }, address) => {
    const key = `${username}\n${address}`;
    const waitSeconds = limit.waitSeconds(key, now());
    if (waitSeconds > 0) {
      throw new TradewindError("too_many_requests", `Too many failed log-ins of "${username}" from here: wait ${waitSeconds} seconds.`, {
        details: { waitSeconds },
      });
    }
    // Counted before the password is checked, so that tries at the same time count too.
    limit.recordFailure(key, now());
    const user = await findUser(db, { username });
    const right = await isPasswordRight(user?.passwordHash, password);
    if (!right || user === undefined || !user.isActive)
      throw new TradewindError("unauthenticated", "Invalid credentials: the user name or the password is wrong.");
    limit.recordSuccess(key);
    return user;
  };
}
