import { TradewindError } from "@tradewind/core";
import { type Database, transaction } from "@tradewind/metadata";
import { deleteAccessToken, findUser, listAccessTokens, revokeLogins, updateUserPassword } from "@tradewind/metadata/rest";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { checkInput } from "../http/check-input.ts";
import { toIsoOrNull } from "../http/values.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { auditAuth } from "./audit.ts";
import type { Authentication } from "./authenticate.ts";
import type { GrantedDag } from "./dag-access.ts";
import { Credentials, type LogIn } from "./log-in.ts";
import { createLoginRateLimit } from "./login-rate-limit.ts";
import { hashPassword, isPasswordRight } from "./passwords.ts";
import { permissionsOf } from "./permissions.ts";
import { assertNoOtherSite, readSessionCookie, setSessionCookie } from "./session-cookie.ts";
import { toTokenResponse } from "./token-response.ts";
import { actionsOf, Password } from "./user-schemas.ts";
import type { User } from "./users.ts";

export interface SessionRouteOptions {
  db: Database;
  logIn: LogIn;
  authentication: Authentication;
  sessionTtlMs: number;
  now: () => number;
}

const DAY_MS = 86_400_000;
const MOST_DAGS_TOLD = 1000;
const TokenBody = z.strictObject({ name: z.string().min(1).max(200), expires_in_days: z.number().int().min(1).max(3650).nullable().default(90) });
const TokenPath = z.object({ token_id: z.uuid() });
const PasswordBody = z.strictObject({ current_password: z.string().min(1).max(1024), new_password: Password });

/**
 * A browser's way in, and what a user does with their own log-ins. None of these is in Airflow's API.
 *
 *     POST /login, /logout              a session, by cookie
 *     GET  /me                          who asks, and what they may do
 *     POST /password                    one's own
 *     GET, DELETE /sessions             where one is logged in; out everywhere
 *     GET, POST /tokens, DELETE /tokens/{token_id}
 */
export function sessionRoutes(app: FastifyInstance, options: SessionRouteOptions): void {
  logInRoutes(app, options);
  ownRoutes(app, options);
  apiTokenRoutes(app, options.db, options.authentication.accessTokens);
}

function logInRoutes(app: FastifyInstance, { db, logIn, authentication, sessionTtlMs }: SessionRouteOptions): void {
  const { accessTokens } = authentication;
  app.post("/login", { config: { access: "public" } }, async (request, reply) => {
    // Nobody is to be logged in as somebody else, or out, by a page of another site.
    assertNoOtherSite(request);
    const credentials = checkInput("body", Credentials, request.body);
    const { username, role, passwordHash, tokensValidFrom } = await logIn({ credentials, address: request.ip, kind: "session" });
    const ground = { passwordHash, tokensValidFrom };
    const made = await transaction(db, (tx) => accessTokens.create(tx, { username, kind: "session", name: null, ttlMs: sessionTtlMs, ground }));
    if (made === undefined) throw new TradewindError("unauthenticated", "Invalid credentials: they were changed just now, or the user is gone.");
    request.log.info({ username }, "logged in");
    setSessionCookie(request, reply, made.token, Math.floor(sessionTtlMs / 1000));
    return reply.header("cache-control", "no-store").send(await describe({ username, role }, authentication));
  });

  // Public: who has no session any more is logged out, and need not be told that they are not logged in.
  app.post("/logout", { config: { access: "public" } }, async (request, reply) => {
    assertNoOtherSite(request);
    const token = readSessionCookie(request);
    const holder = token === undefined ? undefined : await accessTokens.find(token);
    if (holder?.kind === "session") {
      const { id, username } = holder;
      await transaction(db, async (tx) => {
        if ((await deleteAccessToken(tx, { id, username })) !== undefined) await auditAuth(tx, "logout", username, {});
      });
      accessTokens.forget(id);
    }
    setSessionCookie(request, reply, null, 0);
    return reply.code(204).send();
  });

  app.get("/me", { config: { access: "anyone" } }, async (request, reply) =>
    reply.header("cache-control", "no-store").send(await describe(userOf(request), authentication)),
  );
}

/** What the pages offer: by the role for every DAG, by grants for some. */
async function describe(user: User, { grants }: Authentication): Promise<object> {
  const granted = await grants.find(user);
  return {
    username: user.username,
    role: user.role,
    permissions: permissionsOf(user.role),
    dag_grants: granted.slice(0, MOST_DAGS_TOLD).map((dag: GrantedDag) => ({ dag_id: dag.dagId, actions: actionsOf(dag) })),
    is_anonymous: user.isAnonymous === true,
  };
}

function ownRoutes(app: FastifyInstance, { db, authentication, now }: SessionRouteOptions): void {
  const { accessTokens, users } = authentication;
  // Who found an open page is not to guess the password with it.
  const limit = createLoginRateLimit({ tries: 5, windowMs: 60_000 });

  app.post("/password", { config: { access: "user" } }, async (request, reply) => {
    const { username, tokenId } = userOf(request);
    const body = checkInput("body", PasswordBody, request.body);
    const waitSeconds = limit.waitSeconds(username, now());
    if (waitSeconds > 0)
      throw new TradewindError("too_many_requests", `Too many wrong passwords: wait ${waitSeconds} seconds.`, { details: { waitSeconds } });
    limit.recordFailure(username, now());
    const before = (await findUser(db, { username }))?.passwordHash;
    if (before === undefined || !(await isPasswordRight(before, body.current_password))) throw wrongPassword();
    limit.recordSuccess(username);
    const passwordHash = await hashPassword(body.new_password);
    await transaction(db, async (tx) => {
      // An administrator may have reset it meanwhile.
      if (!(await updateUserPassword(tx, { username, passwordHash, before }))) throw wrongPassword();
      // Logged out everywhere else; programs keep their tokens.
      const ended = await revokeLogins(tx, { username, keepTokenId: tokenId ?? null, apiTokens: false });
      await auditAuth(tx, "change_password", username, { ended });
    });
    accessTokens.forgetUser(username);
    users.forget(username);
    return reply.code(204).send();
  });

  app.get("/sessions", { config: { access: "user" } }, async (request, reply) => {
    const { username, tokenId } = userOf(request);
    const rows = await listAccessTokens(db, { username, kind: "session" });
    const sessions = rows.map((row) => {
      const { name: _, ...session } = toTokenResponse(row);
      return { ...session, is_this: row.id === tokenId };
    });
    return reply.header("cache-control", "no-store").send({ sessions, total_entries: sessions.length });
  });

  app.delete("/sessions", { config: { access: "user" } }, async (request, reply) => {
    const { username } = userOf(request);
    await transaction(db, async (tx) => {
      const ended = await revokeLogins(tx, { username, apiTokens: false });
      await auditAuth(tx, "delete_sessions", username, { username, ended });
    });
    accessTokens.forgetUser(username);
    users.forget(username);
    setSessionCookie(request, reply, null, 0);
    return reply.code(204).send();
  });
}

function apiTokenRoutes(app: FastifyInstance, db: Database, accessTokens: AccessTokens): void {
  app.get("/tokens", { config: { access: "user" } }, async (request, reply) => {
    const rows = await listAccessTokens(db, { username: userOf(request).username, kind: "api" });
    return reply.header("cache-control", "no-store").send({ tokens: rows.map(toTokenResponse), total_entries: rows.length });
  });

  app.post("/tokens", { config: { access: "user" } }, async (request, reply) => {
    const { username, tokenId, tokenKind, loginOf } = userOf(request);
    // One that was found somewhere is not to live on in others, when it has expired or was revoked.
    if (tokenKind === "api") throw new TradewindError("forbidden", "An API token cannot make another one: log in with the password to do it.");
    const { name, expires_in_days: days } = checkInput("body", TokenBody, request.body);
    const ttlMs = days === null ? null : days * DAY_MS;
    const made = await transaction(db, async (tx) => {
      const token = await accessTokens.create(tx, { username, kind: "api", name, ttlMs, ground: { tokenId, tokensValidFrom: loginOf } });
      if (token === undefined) throw new TradewindError("unauthenticated", `The log-in of "${username}" has ended: log in again.`);
      const { id, expiresAt } = token.row;
      await auditAuth(tx, "post_access_token", username, { id, name, expires_at: toIsoOrNull(expiresAt) });
      return token;
    });
    return reply
      .code(201)
      .header("cache-control", "no-store")
      .send({ ...toTokenResponse(made.row), token: made.token });
  });

  app.delete("/tokens/:token_id", { config: { access: "user" } }, async (request, reply) => {
    const { username } = userOf(request);
    const { token_id: id } = checkInput("path", TokenPath, request.params);
    await transaction(db, async (tx) => {
      const deleted = await deleteAccessToken(tx, { id, username });
      if (deleted === undefined) throw new TradewindError("not_found", `The user "${username}" has no token ${id}.`, { details: { id } });
      await auditAuth(tx, "delete_access_token", username, { id, name: deleted.name });
    });
    accessTokens.forget(id);
    return reply.code(204).send();
  });
}

function wrongPassword(): TradewindError {
  return new TradewindError("forbidden", "The current password is wrong.");
}

function userOf(request: FastifyRequest): User {
  if (request.user === null) throw new TradewindError("unauthenticated", "Not authenticated.");
  return request.user;
}
