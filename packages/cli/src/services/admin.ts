import { rmSync } from "node:fs";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { ensureAdmin } from "@tradewind/api";
import type { TradewindConfig } from "@tradewind/config";
import type { Database } from "@tradewind/metadata";
import { ADMIN_PASSWORD_FILE } from "../client/credentials.ts";
import { readOrCreateSecret } from "./secret-file.ts";

export interface Admin {
  username: string;
  /** Only when it was generated just now; it is shown once. */
  newPassword: string | null;
  /** The file that holds the generated password; null: the configuration gave one, or another installation made the user. */
  passwordFile: string | null;
}

/**
 * Makes the first user. The password is on disk before the user exists, so that no crash in between leaves a user whose password nobody knows.
 */
export async function makeFirstUser(db: Database, config: TradewindConfig, home: string): Promise<Admin> {
  const username = config.security.adminUsername;
  const given = config.security.adminPassword;
  if (given !== null) {
    await ensureAdmin(db, { username, password: given });
    return { username, newPassword: null, passwordFile: null };
  }
  const passwordFile = join(home, ADMIN_PASSWORD_FILE);
  const { secret, isNew } = readOrCreateSecret(passwordFile, () => randomBytes(15).toString("base64url"));
  const { created } = await ensureAdmin(db, { username, password: secret });
  if (created) return { username, newPassword: secret, passwordFile };
  // The user was made elsewhere: the password that was just invented is not his.
  if (isNew) rmSync(passwordFile, { force: true });
  return { username, newPassword: null, passwordFile: isNew ? null : passwordFile };
}
