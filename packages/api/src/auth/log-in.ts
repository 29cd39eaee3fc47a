import { TradewindError } from "@tradewind/core";
import type { Database } from "@tradewind/metadata";
import { findUser, noteLogin, type UserRow } from "@tradewind/metadata/rest";
import { z } from "zod";
import { addressKey } from "./address-key.ts";
import { auditLogin } from "./audit.ts";
import { createLoginRateLimit } from "./login-rate-limit.ts";
import { isPasswordRight, prepareDecoy } from "./passwords.ts";

export const Credentials = z.strictObject({ username: z.string().min(1).max(256), password: z.string().min(1).max(1024) });

/** How somebody comes in: the page, or a program that wants a token. */
export type LogInKind = "session" | "token";

export interface LogInRequest {
  credentials: z.infer<typeof Credentials>;
  /** Of the client. */
  address: string;
  kind: LogInKind;
}

/** Checks a name and a password, and has both outcomes in the audit log. @throws TradewindError `unauthenticated`, `too_many_requests` */
export type LogIn = (request: LogInRequest) => Promise<UserRow>;

const WINDOW_MS = 60_000;
/** Of one user from one address. */
const TRIES = 5;
/** Of all users from one address: who tries one password on many users. */
const TRIES_OF_ADDRESS = 30;

/** One limit for all ways to log in. */
export function createLogIn({ db, now }: { db: Database; now: () => number }): LogIn {
  void prepareDecoy();
  const ofUser = createLoginRateLimit({ tries: TRIES, windowMs: WINDOW_MS });
  const ofAddress = createLoginRateLimit({ tries: TRIES_OF_ADDRESS, windowMs: WINDOW_MS });
  return async ({ credentials: { username, password }, address, kind }) => {
    const from = addressKey(address);
    const key = `${username}\n${from}`;
    assertNotTooMany(ofUser.waitSeconds(key, now()), `Too many failed log-ins of "${username}" from here`);
    assertNotTooMany(ofAddress.waitSeconds(from, now()), "Too many failed log-ins from here");
    // Counted before the password is checked, so that tries at the same time count too.
    ofUser.recordFailure(key, now());
    ofAddress.recordFailure(from, now());
    const user = await findUser(db, { username });
    const right = await isPasswordRight(user?.passwordHash, password);
    if (!right || user === undefined || !user.isActive) {
      await auditLogin(db, "login_failed", username, { address, kind });
      throw new TradewindError("unauthenticated", "Invalid credentials: the user name or the password is wrong.");
    }
    ofUser.recordSuccess(key);
    ofAddress.takeBack(from);
    await noteLogin(db, { username });
    await auditLogin(db, "login", username, { address, kind });
    return user;
  };
}

function assertNotTooMany(waitSeconds: number, what: string): void {
  if (waitSeconds <= 0) return;
  throw new TradewindError("too_many_requests", `${what}: wait ${waitSeconds} seconds.`, { details: { waitSeconds } });
}
