import { TradewindError } from "@tradewind/core";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type AccessTokens, TOKEN_PREFIX } from "./access-tokens.ts";
import { isAllowed, type Permission } from "./permissions.ts";
import { assertSameOrigin, readSessionCookie } from "./session-cookie.ts";
import type { SignedTokens } from "./signed-tokens.ts";
import type { User } from "./users.ts";

/** `public`: for anybody, without a token. `user`: for any user, about nothing but their own. */
export type Access = Permission | "user" | "public";

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    user: User | null;
  }
}

/** How it is found out who a request is from. */
export interface Authentication {
  tokens: SignedTokens;
  accessTokens: AccessTokens;
  findUser: (username: string) => Promise<User | undefined>;
}

/**
 * For a scope whose routes are for people and their clients: every route says who may use it, or the server does not start; every request is checked by that before anything else of
 * it is looked at.
 */
export function requireAccess(app: FastifyInstance, authentication: Authentication): void {
  app.decorateRequest("user", null);
  app.addHook("onRoute", (route) => {
    if (route.config?.access !== undefined) return;
    throw new TypeError(`Route ${String(route.method)} ${route.url} declares no access: name the permission it takes, "user" or "public".`);
  });
  app.addHook("onRequest", async (request) => {
    const access = request.routeOptions.config.access;
    // No access: no route, only the answer that says so.
    if (access === undefined || access === "public") return;
    request.user = await identify(request, authentication);
    if (access === "user" || isAllowed(request.user.role, access)) return;
    throw new TradewindError("forbidden", `User "${request.user.username}" with the role "${request.user.role}" lacks the permission "${access}".`, {
      details: { permission: access },
    });
  });
}

/**
 * Who a request is from. A bearer token wins over a cookie: a program that sends one means it.
 * @throws TradewindError `unauthenticated`; `forbidden` for a cookie that comes from another site's page
 */
export async function identify(request: FastifyRequest, authentication: Authentication): Promise<User> {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (bearer !== undefined) return bearer.startsWith(TOKEN_PREFIX) ? ofHolder(bearer, "api", authentication) : ofSigned(bearer, authentication);
  const cookie = readSessionCookie(request);
  if (cookie === undefined) throw new TradewindError("unauthenticated", "Not authenticated: send a bearer token, as POST /auth/token gives it.");
  assertSameOrigin(request);
  return ofHolder(cookie, "session", authentication);
}

async function ofHolder(token: string, kind: "api" | "session", { accessTokens }: Authentication): Promise<User> {
  const holder = await accessTokens.find(token);
  if (holder?.kind === kind) return { username: holder.username, role: holder.role };
  throw new TradewindError(
    "unauthenticated",
    kind === "session"
      ? "The session has ended: log in again."
      : "The token is not known here: it was revoked, has expired, or its user is switched off.",
  );
}

async function ofSigned(token: string, { tokens, findUser }: Authentication): Promise<User> {
  const username = tokens.verify("access", token);
  const user = await findUser(username);
  if (user === undefined) throw new TradewindError("unauthenticated", `The token is of user "${username}", who does not exist or is switched off.`);
  return user;
}
