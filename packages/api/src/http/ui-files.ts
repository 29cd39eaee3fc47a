import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";

/** Its scripts and styles come from here and nowhere else; style attributes are how its components place themselves. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** Paths that are for programs: an unknown one below them is an error, not a page. */
const PROGRAM_PATHS = /^\/(?:api|auth|ui|execution|openapi\.json|assets|queues)(?:\/|$|\?)/;

const YEAR_MS = 365 * 86_400_000;

/** A built user interface. */
export interface UiFiles {
  /** The page, for every address that is one of its own. */
  sendPage(reply: FastifyReply): FastifyReply;
  isPage(method: string, url: string, accept: string | undefined): boolean;
}

/**
 * Serves the built user interface from `directory`: files named by their content for ever, the page itself never from a cache. Everybody may read them: they hold no data.
 * @returns undefined when there is none: it was not built
 */
export async function uiFiles(app: FastifyInstance, directory: string | undefined): Promise<UiFiles | undefined> {
  if (directory === undefined || !existsSync(join(directory, "index.html"))) return undefined;
  // Files below assets are named by their content, and have their compressed forms beside them.
  await app.register(fastifyStatic, {
    root: join(directory, "assets"),
    prefix: "/assets/",
    index: false,
    immutable: true,
    maxAge: YEAR_MS,
    preCompressed: true,
  });
  app.get("/tradewind.svg", (_request, reply) => reply.sendFile("tradewind.svg", directory, { maxAge: 0, immutable: false }));
  return {
    sendPage: (reply) => reply.header("content-security-policy", PAGE_POLICY).sendFile("index.html", directory, { maxAge: 0, immutable: false }),
    isPage: (method, url, accept) => method === "GET" && accept?.includes("text/html") === true && !PROGRAM_PATHS.test(url),
  };
}
