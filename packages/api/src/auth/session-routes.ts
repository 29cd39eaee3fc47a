import { TradewindError } from "@tradewind/core";
import { type Database, transaction } from "@tradewind/metadata";
import { type AccessTokenRow, deleteAccessToken, insertEventLog, listAccessTokens } from "@tradewind/metadata/rest";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { checkInput } from "../http/check-input.ts";
import { toIso, toIsoOrNull } from "../http/values.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { Credentials, type LogIn } from "./log-in.ts";
import { permissionsOf } from "./permissions.ts";
import { readSessionCookie, setSessionCookie } from "./session-cookie.ts";
import type { User } from "./users.ts";

export interface SessionRouteOptions {
  db: Database;
  logIn: LogIn;
  accessTokens: AccessTokens;
  sessionTtlMs: number;
}

const DAY_MS = 86_400_000;
const TokenBody = z.strictObject({ name: z.string().min(1).max(200), expires_in_days: z.number().int().min(1).max(3650).nullable().default(90) });
const TokenPath = z.object({ token_id: z.uuid() });

/**
 * A browser's way in, and the tokens that a user makes for programs. None of these is in Airflow's API.
 *
 *     POST /login, /logout         a session, by cookie
 *     GET  /me                     who asks, and what they may do
 *     GET, POST /tokens, DELETE /tokens/{token_id}
 */
export function sessionRoutes(app: FastifyInstance, options: SessionRouteOptions): void {
  logInRoutes(app, options);
  app.get("/me", { config: { access: "user" } }, async (request, reply) => {
    const user = userOf(request);
    return reply.header("cache-control", "no-store").send({ username: user.username, role: user.role, permissions: permissionsOf(user.role) });
  });
  apiTokenRoutes(app, options);
}

function logInRoutes(app: FastifyInstance, { db, logIn, accessTokens, sessionTtlMs }: SessionRouteOptions): void {
  app.post("/login", { config: { access: "public" } }, async (request, reply) => {
    const { username, role } = await logIn(checkInput("body", Credentials, request.body), request.ip);
    const made = await accessTokens.create({ username, kind: "session", name: null, ttlMs: sessionTtlMs });
    if (made === undefined) throw new TradewindError("unauthenticated", "Invalid credentials: the user is gone.");
    request.log.info({ username }, "logged in");
    setSessionCookie(request, reply, made.token, Math.floor(sessionTtlMs / 1000));
    return reply.header("cache-control", "no-store").send({ username, role, permissions: permissionsOf(role) });
  });

  // Public: who has no session any more is logged out, and need not be told that they are not logged in.
  app.post("/logout", { config: { access: "public" } }, async (request, reply) => {
    const token = readSessionCookie(request);
    const holder = token === undefined ? undefined : await accessTokens.find(token);
    if (holder?.kind === "session") {
      await deleteAccessToken(db, { id: holder.id, username: holder.username });
      accessTokens.forget(holder.id);
    }
    setSessionCookie(request, reply, null, 0);
    return reply.code(204).send();
  });
}

function apiTokenRoutes(app: FastifyInstance, { db, accessTokens }: SessionRouteOptions): void {
  app.get("/tokens", { config: { access: "user" } }, async (request, reply) => {
    const rows = await listAccessTokens(db, { username: userOf(request).username, kind: "api" });
    return reply.header("cache-control", "no-store").send({ tokens: rows.map(toResponse), total_entries: rows.length });
  });

  app.post("/tokens", { config: { access: "user" } }, async (request, reply) => {
    const { username } = userOf(request);
    const { name, expires_in_days: days } = checkInput("body", TokenBody, request.body);
    const made = await transaction(db, async (tx) => {
      const token = await accessTokens.create({ username, kind: "api", name, ttlMs: days === null ? null : days * DAY_MS }, tx);
      if (token === undefined) throw new TradewindError("unauthenticated", `The user "${username}" is gone.`);
      const { id, expiresAt } = token.row;
      await insertEventLog(tx, { event: "post_access_token", owner: username, extra: { id, name, expires_at: toIsoOrNull(expiresAt) } });
      return token;
    });
    return reply
      .code(201)
      .header("cache-control", "no-store")
      .send({ ...toResponse(made.row), token: made.token });
  });

  app.delete("/tokens/:token_id", { config: { access: "user" } }, async (request, reply) => {
    const { username } = userOf(request);
    const { token_id: id } = checkInput("path", TokenPath, request.params);
    await transaction(db, async (tx) => {
      const deleted = await deleteAccessToken(tx, { id, username });
      if (deleted === undefined) throw new TradewindError("not_found", `The user "${username}" has no token ${id}.`, { details: { id } });
      await insertEventLog(tx, { event: "delete_access_token", owner: username, extra: { id, name: deleted.name } });
    });
    accessTokens.forget(id);
    return reply.code(204).send();
  });
}

function toResponse({ id, name, createdAt, expiresAt, lastUsedAt }: AccessTokenRow) {
  return { id, name, created_at: toIso(createdAt), expires_at: toIsoOrNull(expiresAt), last_used_at: toIsoOrNull(lastUsedAt) };
}

function userOf(request: FastifyRequest): User {
  if (request.user === null) throw new TradewindError("unauthenticated", "Not authenticated.");
  return request.user;
}
