import { TradewindError } from "@tradewind/core";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isAllowed, type Permission } from "./permissions.ts";
import type { SignedTokens } from "./signed-tokens.ts";
import type { User } from "./users.ts";

/** `public`: for anybody, without a token. */
export type Access = Permission | "public";

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    user: User | null;
  }
}

/**
 * For a scope whose routes are for people and their clients: every route says who may use it, or the server does not start; every request is checked by that before anything else of
 * it is looked at.
 */
export function requireAccess(
  app: FastifyInstance,
  { tokens, findUser }: { tokens: SignedTokens; findUser: (username: string) => Promise<User | undefined> },
): void {
  app.decorateRequest("user", null);
  app.addHook("onRoute", (route) => {
    if (route.config?.access !== undefined) return;
    throw new TypeError(`Route ${String(route.method)} ${route.url} declares no access: name the permission it takes, or "public".`);
  });
  app.addHook("onRequest", async (request) => {
    const access = request.routeOptions.config.access;
    // No access: no route, only the answer that says so.
    if (access === undefined || access === "public") return;
    request.user = await authenticate(request, tokens, findUser);
    if (isAllowed(request.user.role, access)) return;
    throw new TradewindError("forbidden", `User "${request.user.username}" with the role "${request.user.role}" lacks the permission "${access}".`, {
      details: { permission: access },
    });
  });
}

async function authenticate(request: FastifyRequest, tokens: SignedTokens, findUser: (username: string) => Promise<User | undefined>): Promise<User> {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (token === undefined) throw new TradewindError("unauthenticated", "Not authenticated: send a bearer token, as POST /auth/token gives it.");
  const username = tokens.verify("access", token);
  const user = await findUser(username);
  if (user === undefined) throw new TradewindError("unauthenticated", `The token is of user "${username}", who does not exist or is switched off.`);
  return user;
}
