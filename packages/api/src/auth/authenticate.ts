import { hasErrorCode, TradewindError } from "@tradewind/core";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type AccessTokens, TOKEN_PREFIX } from "./access-tokens.ts";
import { type DagAccess, dagAccessOf, type DagGrants } from "./dag-access.ts";
import { grantNeeded, isAllowed, type Permission, type Role } from "./permissions.ts";
import { assertNoOtherSite, assertSameOrigin, readSessionCookie } from "./session-cookie.ts";
import type { SignedTokens } from "./signed-tokens.ts";
import type { User, UserDirectory } from "./users.ts";

/**
 * `public`: for anybody, without a token. `user`: for any user, about nothing but their own. `anyone`: as `user`, and also for who says nothing about themselves, where the installation
 * has a role for them.
 */
export type Access = Permission | "user" | "anyone" | "public";

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    user: User | null;
    /** The DAGs that the request may be about; null: it takes no permission. */
    dags: DagAccess | null;
    /** Whether who sent it may have its answer still: for answers that go on for long. Of a log-in that ended, or a role or grant that was taken back, it is false. */
    isStillAllowed: () => Promise<boolean>;
  }
}

/** How it is found out who a request is from, and what they may do. */
export interface Authentication {
  tokens: SignedTokens;
  accessTokens: AccessTokens;
  users: UserDirectory;
  grants: DagGrants;
  /** The role of who says nothing about themselves; null: they have to log in. */
  publicRole: Role | null;
}

export const ANONYMOUS = "anonymous";

/**
 * For a scope whose routes are for people and their clients: every route says who may use it, or the server does not start; every request is checked by that before anything else of
 * it is looked at. What is about one DAG by its path is checked here whole; routes about several narrow what they read to `request.dags`.
 */
export function requireAccess(app: FastifyInstance, authentication: Authentication): void {
  app.decorateRequest("user", null);
  app.decorateRequest("dags", null);
  app.decorateRequest("isStillAllowed");
  app.addHook("onRoute", (route) => {
    if (route.config?.access !== undefined) return;
    throw new TypeError(`Route ${String(route.method)} ${route.url} declares no access: name the permission it takes, "user" or "public".`);
  });
  app.addHook("onRequest", async (request) => {
    const { user, dags } = await checkAccess(request, authentication);
    request.user = user;
    request.dags = dags;
    request.isStillAllowed = async () => {
      try {
        await checkAccess(request, authentication);
        return true;
      } catch (error) {
        if (hasErrorCode(error, "unauthenticated") || hasErrorCode(error, "forbidden")) return false;
        throw error;
      }
    };
  });
}

/** @throws TradewindError `unauthenticated`, `forbidden` */
async function checkAccess(request: FastifyRequest, authentication: Authentication): Promise<{ user: User | null; dags: DagAccess | null }> {
  const access = request.routeOptions.config.access;
  // No access: no route, only the answer that says so.
  if (access === undefined || access === "public") return { user: null, dags: null };
  const user = await identify(request, authentication);
  if (access === "anyone") return { user, dags: null };
  if (access === "user") return user.isAnonymous === true ? refuse(user, access) : { user, dags: null };
  if (!isAllowed(user.role, access) && grantNeeded(access) === undefined) return refuse(user, access);
  const dags = await dagAccessOf(user, access, authentication.grants);
  if (dags.ids?.length === 0) return refuse(user, access);
  const { dag_id: dagId } = request.params as { dag_id?: string };
  if (dagId !== undefined && dagId !== "~") dags.assert(dagId);
  return { user, dags };
}

/** Who has not said who they are may be allowed more when they do. */
function refuse(user: User, access: Permission | "user"): never {
  if (user.isAnonymous === true) throw notAuthenticated();
  throw new TradewindError("forbidden", `User "${user.username}" with the role "${user.role}" lacks the permission "${access}".`, {
    details: { permission: access },
  });
}

function notAuthenticated(): TradewindError {
  return new TradewindError("unauthenticated", "Not authenticated: send a bearer token, as POST /auth/token gives it.");
}

/**
 * Who a request is from. A bearer token wins over a cookie: a program that sends one means it.
 * @throws TradewindError `unauthenticated`; `forbidden` for a change that comes from another site's page
 */
export async function identify(request: FastifyRequest, authentication: Authentication): Promise<User> {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (bearer !== undefined) return bearer.startsWith(TOKEN_PREFIX) ? ofHolder(bearer, "api", authentication) : ofSigned(bearer, authentication);
  const cookie = readSessionCookie(request);
  if (cookie !== undefined) {
    assertSameOrigin(request);
    return ofHolder(cookie, "session", authentication);
  }
  if (authentication.publicRole === null || request.headers.authorization !== undefined) throw notAuthenticated();
  assertNoOtherSite(request);
  return { username: ANONYMOUS, role: authentication.publicRole, isAnonymous: true };
}

async function ofHolder(token: string, kind: "api" | "session", { accessTokens }: Authentication): Promise<User> {
  const holder = await accessTokens.find(token);
  if (holder?.kind === kind) return { username: holder.username, role: holder.role, tokenId: holder.id, tokenKind: kind };
  throw new TradewindError(
    "unauthenticated",
    kind === "session"
      ? "The session has ended: log in again."
      : "The token is not known here: it was revoked, has expired, or its user is switched off.",
  );
}

async function ofSigned(token: string, { tokens, users }: Authentication): Promise<User> {
  const { subject, loginOf } = tokens.read("access", token);
  const user = await users.find(subject);
  if (user === undefined) throw new TradewindError("unauthenticated", `The token is of user "${subject}", who does not exist or is switched off.`);
  if (loginOf.getTime() < user.tokensValidFrom.getTime()) throw new TradewindError("unauthenticated", "The token was revoked: log in again.");
  return { username: user.username, role: user.role, loginOf };
}
