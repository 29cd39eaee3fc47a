import type { FastifyInstance } from "fastify";
import type { RestRoute } from "../rest/route.ts";
import { openApiDocument } from "./document.ts";
import { documentPage } from "./document-page.ts";

/** `GET /openapi.json`: the REST API's description for programs; `GET /docs`: the same for people. Both are the same for everybody. */
export function openApiRoutes(app: FastifyInstance, { routes, version }: { routes: readonly RestRoute[]; version: string }): void {
  let made: { json: string; html: string } | undefined;
  const texts = () => {
    if (made !== undefined) return made;
    const document = openApiDocument(routes, { version, prefix: "/api/v2" });
    return (made = { json: JSON.stringify(document), html: documentPage(document) });
  };
  app.get("/openapi.json", { config: { access: "public" } }, async (_request, reply) =>
    reply.type("application/json; charset=utf-8").send(texts().json),
  );
  app.get("/docs", { config: { access: "public" } }, async (_request, reply) => reply.type("text/html; charset=utf-8").send(texts().html));
}
