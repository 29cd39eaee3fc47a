import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerAddress } from "./server-address.ts";

export type Credentials =
  | { kind: "token"; token: string }
  /** `from` is for messages. */
  | { kind: "password"; username: string; password: string; from: string };

export const ADMIN_PASSWORD_FILE = "admin-password";

/** How to log in: a token, a user and a password, or the generated password of this installation, which never goes to another server. */
export function findCredentials(options: { env: NodeJS.ProcessEnv; home: string; server: ServerAddress }): Credentials | null {
  const { env, home, server } = options;
  if (env["TRADEWIND_API_TOKEN"]) return { kind: "token", token: env["TRADEWIND_API_TOKEN"] };
  const username = env["TRADEWIND_API_USER"] || env["TRADEWIND__SECURITY__ADMIN_USERNAME"] || "admin";
  if (env["TRADEWIND_API_PASSWORD"]) return { kind: "password", username, password: env["TRADEWIND_API_PASSWORD"], from: "TRADEWIND_API_PASSWORD" };
  if (!server.isOwn) return null;
  if (env["TRADEWIND__SECURITY__ADMIN_PASSWORD"]) {
    return { kind: "password", username, password: env["TRADEWIND__SECURITY__ADMIN_PASSWORD"], from: "TRADEWIND__SECURITY__ADMIN_PASSWORD" };
  }
  const file = join(home, ADMIN_PASSWORD_FILE);
  const password = readText(file);
  return password === null ? null : { kind: "password", username, password, from: file };
}

/**
 * Keeps the access token of the last log-in, since checking a password costs the server a tenth of a second on purpose. The name holds a digest of server, user and
 * password, so that a changed password is a new log-in.
 */
export class TokenCache {
  readonly #path: string;

  constructor(home: string, server: ServerAddress, credentials: Extract<Credentials, { kind: "password" }>) {
    const key = createHash("sha256")
      .update(JSON.stringify([server.url, credentials.username, credentials.password]))
      .digest("hex");
    this.#path = join(home, "run", `cli-token-${key.slice(0, 16)}`);
  }

  read(): string | null {
    return readText(this.#path);
  }

  /** A home that cannot be written only costs the next command a log-in. */
  write(token: string): void {
    try {
      mkdirSync(join(this.#path, ".."), { recursive: true, mode: 0o700 });
      const draft = `${this.#path}.${process.pid}`;
      writeFileSync(draft, token, { mode: 0o600 });
      renameSync(draft, this.#path);
    } catch {
      // As said.
    }
  }

  forget(): void {
    rmSync(this.#path, { force: true });
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim() || null;
  } catch {
    return null;
  }
}
