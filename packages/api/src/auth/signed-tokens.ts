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
  /** `ttlMs` is rounded up to whole seconds. `loginOf`, of people's tokens: the user's `tokensValidFrom` as it was when the log-in was checked; default now. */
  issue(kind: TokenKind, subject: string, ttlMs: number, loginOf?: Date): string;
  /** The subject of a valid token; throws `unauthenticated` (401) otherwise. */
  verify(kind: TokenKind, token: string): string;
  /** As `verify`, and `loginOf` (epoch: it does not say, which only tokens of people do). */
  read(kind: TokenKind, token: string): { subject: string; loginOf: Date };
}

/** Of one that is signed rightly it may be told that it has expired: who holds it could read that in it. Whoever made it with a clock that is wrong has to hear what this one says. */
function whyRefused(error: unknown, now: number): string {
  if ((error as { code?: string }).code === "FAST_JWT_EXPIRED")
    return `it has expired, by this server's clock, which says ${new Date(now).toISOString()}.`;
  return "it is not signed with this server's key, or not of this kind.";
}

export function createSignedTokens(options: { secretKey: string; now?: () => number }): SignedTokens {
  const now = options.now ?? (() => Date.now());
  const sign = createSigner({ key: options.secretKey, algorithm: "HS256", noTimestamp: true });
  const verifiers = Object.fromEntries(
    TOKEN_KINDS.map((kind) => [
      kind,
      createVerifier({ key: options.secretKey, algorithms: ["HS256"], allowedAud: `tradewind:${kind}`, requiredClaims: ["sub", "exp"], cache: 1000 }),
    ]),
  ) as Record<TokenKind, (token: string) => { sub: string; login_of_ms?: number }>;

  return {
    issue(kind, subject, ttlMs, loginOf) {
      const exp = Math.ceil((now() + ttlMs) / 1000);
      // No time of issue: a revocation between the check of a password and the token, or by a server with another clock, would come too early for it. Attempts' tokens are never revoked.
      const login = kind === "access" ? { login_of_ms: loginOf?.getTime() ?? now() } : {};
      return sign({ sub: subject, aud: `tradewind:${kind}`, exp, ...login });
    },
    verify: (kind, token) => read(kind, token).subject,
    read,
  };

  function read(kind: TokenKind, token: string): { subject: string; loginOf: Date } {
    try {
      const { sub, login_of_ms: loginOfMs = 0 } = verifiers[kind](token);
      return { subject: sub, loginOf: new Date(loginOfMs) };
    } catch (error) {
      throw new TradewindError("unauthenticated", `The ${kind} token was refused: ${whyRefused(error, now())}`, { cause: error });
    }
  }
}
