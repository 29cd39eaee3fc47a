import fastify from "fastify";
import type { Authentication } from "../auth/authenticate.ts";
import { restApi } from "../rest/rest-api.ts";
import type { RestContext, RestRoute } from "../rest/route.ts";
import { type OpenApiDocument, openApiDocument } from "./document.ts";

/** The OpenAPI document of the REST API without a server behind it: for tools that make clients. */
export async function describeRestApi({ version }: { version: string }): Promise<OpenApiDocument> {
  const app = fastify();
  let routes: readonly RestRoute[] = [];
  app.register(async (scope) => {
    routes = restApi(scope, { context: noContext, authentication: {} as Authentication });
  });
  await app.ready();
  await app.close();
  return openApiDocument(routes, { version, prefix: "/api/v2" });
}

/** Routes look at their context when they are called, and here none is. */
const noContext = new Proxy({ checkAnswers: false } as RestContext, {
  get(target, name) {
    if (name === "checkAnswers") return target.checkAnswers;
    throw new TypeError(`A route of the REST API asked for "${String(name)}" while it was only being described.`);
  },
});
