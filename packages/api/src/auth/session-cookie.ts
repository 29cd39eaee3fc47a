import { TradewindError } from "@tradewind/core";
import type { FastifyReply, FastifyRequest } from "fastify";

const NAME = "tradewind_session";
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** The token in a browser's cookie, if it has one. */
export function readSessionCookie(request: FastifyRequest): string | undefined {
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [name, value] = part.trim().split("=", 2);
    if (name === NAME && value !== undefined && value !== "") return value;
  }
  return undefined;
}

/** Scripts cannot read it, and other sites' pages send it only when they lead here. `token` null: takes it away. */
export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, token: string | null, maxAgeSeconds: number): void {
  const parts = [`${NAME}=${token ?? ""}`, "Path=/", "HttpOnly", "SameSite=Lax", `Max-Age=${token === null ? 0 : maxAgeSeconds}`];
  if (request.protocol === "https") parts.push("Secure");
  reply.header("set-cookie", parts.join("; "));
}

/**
 * A browser sends its cookie whoever's page asks. So a request that changes something must come from a page of this very server: browsers say so in `Sec-Fetch-Site`, older ones in
 * `Origin`. A request that says neither is no browser's, and has no business with a cookie.
 * @throws TradewindError `forbidden`
 */
export function assertSameOrigin(request: FastifyRequest): void {
  if (SAFE_METHODS.has(request.method)) return;
  const { origin } = request.headers;
  const site = request.headers["sec-fetch-site"];
  if (site === undefined ? origin !== undefined && isOf(origin, request.host) : site === "same-origin") return;
  throw new TradewindError(
    "forbidden",
    "A session's cookie may change things only from pages of this server. Programs send a bearer token instead.",
    {
      details: { origin: origin ?? null, site: site ?? null },
    },
  );
}

/** For requests without a cookie, of whom one may still do something: pages of other sites must not do it in their place. Programs say nothing of the kind. */
export function assertNoOtherSite(request: FastifyRequest): void {
  if (request.headers.origin !== undefined || request.headers["sec-fetch-site"] !== undefined) assertSameOrigin(request);
}

function isOf(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}
