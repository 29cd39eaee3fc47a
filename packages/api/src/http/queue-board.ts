import { isTradewindError, TradewindError } from "@tradewind/core";
import type { FastifyInstance, FastifyPluginCallback } from "fastify";
import { type Authentication, requireAccess } from "../auth/authenticate.ts";
import { sendRestError } from "./errors.ts";

/** Pages about the queues in Redis, made by whoever knows them. */
export interface QueueBoardPages {
  plugin: FastifyPluginCallback;
  /** Called before a page is answered. */
  refresh(): Promise<void>;
}

/** The pages are an application of their own: scripts, styles and pictures of this server, nothing from anywhere else. Its styles are partly inline. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'self'",
  "form-action 'none'",
].join("; ");

const READING: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Below `/queues`: what is in Redis, for operators. Browsers come with their session's cookie; those without one are sent to log in. The pages were not made here, so every route of theirs
 * takes the same permission, and one that would change something is closed to everybody, whatever the pages themselves think of it: a job that is taken away by hand would only be sent again.
 */
export function queueBoardRoutes(app: FastifyInstance, pages: QueueBoardPages, authentication: Authentication): void {
  app.addHook("onRoute", (route) => {
    route.config = { ...route.config, access: "workers:edit" };
  });
  requireAccess(app, authentication);
  app.addHook("onRequest", async (request, reply) => {
    if (!READING.has(request.method)) throw new TradewindError("method_not_allowed", "These pages show what is in Redis, and change nothing.");
    reply.header("content-security-policy", CONTENT_SECURITY_POLICY).header("cache-control", "no-store");
    await pages.refresh();
  });
  app.setErrorHandler((error, request, reply) => {
    const isPage = request.headers.accept?.includes("text/html") === true && request.method === "GET";
    if (isPage && isTradewindError(error) && error.code === "unauthenticated") return reply.redirect(`/?next=${encodeURIComponent(request.url)}`);
    return sendRestError(error, request, reply);
  });
  app.register(pages.plugin);
}
