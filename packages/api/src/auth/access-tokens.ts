import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Database, Transaction } from "@tradewind/metadata";
import {
  type AccessTokenHolder,
  type AccessTokenKind,
  type AccessTokenRow,
  deleteExpiredAccessTokens,
  insertAccessToken,
  type TokenGround,
  useAccessToken,
} from "@tradewind/metadata/rest";

/** So that a token is known for what it is where it should not be: in a repository, a log, a chat. */
export const TOKEN_PREFIX = "tw_";

const CACHE_MS = 5000;
const MOST_CACHED = 10_000;

/**
 * Tokens that can be taken back: a browser's session, and what a user makes for a program. 256 random bits each; the database has their hashes only.
 *
 * A holder is remembered for some seconds, so that a page with many requests costs few queries; a token that was taken back is good for that long elsewhere, and not at all in the
 * process that took it back (`forget`).
 */
export interface AccessTokens {
  /** undefined: there is no such user, or the ground for it is gone. `token` is given here and never again. */
  create(
    tx: Transaction,
    request: { username: string; kind: AccessTokenKind; name: string | null; ttlMs: number | null; ground: TokenGround },
  ): Promise<{ token: string; row: AccessTokenRow } | undefined>;
  find(token: string): Promise<AccessTokenHolder | undefined>;
  forget(id: string): void;
  /** All of a user, whose role or state changed. */
  forgetUser(username: string): void;
}

export function createAccessTokens(db: Database, now: () => number): AccessTokens {
  const known = new Map<string, { until: number; holder: Promise<AccessTokenHolder | undefined> }>();

  return {
    async create(tx, request) {
      const token = TOKEN_PREFIX + randomBytes(32).toString("base64url");
      await deleteExpiredAccessTokens(tx);
      const row = await insertAccessToken(tx, { ...request, id: randomUUID(), tokenSha256: hashOf(token) });
      return row === undefined ? undefined : { token, row };
    },

    find(token) {
      const tokenSha256 = hashOf(token);
      const cached = known.get(tokenSha256);
      if (cached !== undefined && cached.until > now()) return cached.holder;
      const holder = useAccessToken(db, { tokenSha256 });
      if (known.size >= MOST_CACHED) known.clear();
      known.set(tokenSha256, { until: now() + CACHE_MS, holder });
      // What is not known is asked again: it may be good in a moment, as that of a user who is switched on again.
      holder.then(
        (found) => found === undefined && known.delete(tokenSha256),
        () => known.delete(tokenSha256),
      );
      return holder;
    },

    forget: (id) => forgetThose((holder) => holder.id === id),
    forgetUser: (username) => forgetThose((holder) => holder.username === username),
  };

  function forgetThose(isMeant: (holder: AccessTokenHolder) => boolean): void {
    for (const [key, { holder }] of known) {
      void holder.then(
        (found) => found !== undefined && isMeant(found) && known.delete(key),
        () => undefined,
      );
    }
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
