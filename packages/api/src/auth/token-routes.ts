import type { FastifyInstance } from "fastify";
import { checkInput } from "../http/check-input.ts";
import { Credentials, type LogIn } from "./log-in.ts";
import type { SignedTokens } from "./signed-tokens.ts";

export interface TokenRouteOptions {
  logIn: LogIn;
  tokens: SignedTokens;
  accessTokenTtlMs: number;
}

/** `POST /token` and `/token/cli`: a user's name and password for a bearer token of the REST API. */
export function tokenRoutes(app: FastifyInstance, { logIn, tokens, accessTokenTtlMs }: TokenRouteOptions): void {
  for (const path of ["/token", "/token/cli"]) {
    app.post(path, { config: { access: "public" } }, async (request, reply) => {
      const user = await logIn({ credentials: checkInput("body", Credentials, request.body), address: request.ip, kind: "token" });
      request.log.info({ username: user.username }, "logged in");
      return reply
        .code(201)
        .header("cache-control", "no-store")
        .send({ access_token: tokens.issue("access", user.username, accessTokenTtlMs, user.tokensValidFrom) });
    });
  }
}
