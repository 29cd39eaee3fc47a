import { TradewindError } from "@tradewind/core";
import { z } from "zod";
import { text } from "../http/query-values.ts";
import type { RestContext, RestRoutes } from "./route.ts";

/** Where Airflow's clients send browsers to log in and out: the page of the user interface, which gives a session and ends it. */
export function loginPageRoutes(routes: RestRoutes, _context: RestContext): void {
  routes.add(
    { method: "GET", path: "/auth/login", access: "public", query: z.object({ next: text }), status: 200, answer: z.any() },
    async ({ query, reply }) => {
      if (query.next !== undefined && !isOwnPath(query.next)) {
        throw new TradewindError("invalid_request", "Invalid or unsafe next URL: give a path on this server, such as /dags.");
      }
      return reply.redirect(query.next === undefined ? "/login" : `/login?${new URLSearchParams({ next: query.next }).toString()}`, 307);
    },
  );
  routes.add({ method: "GET", path: "/auth/logout", access: "public", status: 200, answer: z.any() }, async ({ reply }) =>
    reply.redirect("/login", 307),
  );
}

/** A path and nothing that a browser would take for another server's address. */
function isOwnPath(next: string): boolean {
  return /^\/(?![/\\])/.test(next) && !/[\\\p{Cc}]/u.test(next);
}
