import { TradewindError } from "@tradewind/core";
import { createSigner, createVerifier } from "fast-jwt";

/**
 * Signed tokens (JWT, HS256), one audience for each use, so that a token of one kind is never accepted as another:
 * - `host`: a runner host; subject = host id.
 * - `attempt`: what author code asks for; subject = attempt id. Made for each grant and heartbeat, so signing must be cheap and synchronous.
 * - `access`: people and clients of the REST API; subject = user name.
 */
export const TOKEN_KINDS = ["host", "attempt", "access"] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

export interface SignedTokens {
  /** `ttlMs` is rounded up to whole seconds. */
  issue(kind: TokenKind, subject: string, ttlMs: number): string;
  /** The subject of a valid token; throws `unauthenticated` (401) otherwise. */
  verify(kind: TokenKind, token: string): string;
  /** As `verify`, and when it was issued (0: it does not say, which only tokens of people do). */
  read(kind: TokenKind, token: string): { subject: string; issuedAtMs: number };
}

export function createSignedTokens(options: { secretKey: string; now?: () => number }): SignedTokens {
  const now = options.now ?? (() => Date.now());
  const sign = createSigner({ key: options.secretKey, algorithm: "HS256", noTimestamp: true });
  const verifiers = Object.fromEntries(
    TOKEN_KINDS.map((kind) => [
      kind,
      createVerifier({ key: options.secretKey, algorithms: ["HS256"], allowedAud: `tradewind:${kind}`, requiredClaims: ["sub", "exp"], cache: 1000 }),
    ]),
  ) as Record<TokenKind, (token: string) => { sub: string; iat_ms?: number }>;

  return {
    issue(kind, subject, ttlMs) {
      const exp = Math.ceil((now() + ttlMs) / 1000);
      // To the millisecond, so that a log-in right after all were revoked counts. Attempts' tokens are many, and are never revoked by time.
      const issued = kind === "access" ? { iat_ms: now() } : {};
      return sign({ sub: subject, aud: `tradewind:${kind}`, exp, ...issued });
    },
    verify: (kind, token) => read(kind, token).subject,
    read,
  };

  function read(kind: TokenKind, token: string): { subject: string; issuedAtMs: number } {
    try {
      const { sub, iat_ms: issuedAtMs = 0 } = verifiers[kind](token);
      return { subject: sub, issuedAtMs };
    } catch (error) {
      throw new TradewindError("unauthenticated", `The ${kind} token was refused: it is not valid, not of this kind, or has expired.`, {
        cause: error,
      });
    }
  }
}
