import { TradewindError } from "@tradewind/core";
import type { Database } from "@tradewind/metadata";
import { findUser, type UserRow } from "@tradewind/metadata/rest";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { checkInput } from "../http/check-input.ts";
import { createLoginRateLimit, type LoginRateLimit } from "./login-rate-limit.ts";
import { isPasswordRight } from "./passwords.ts";
import type { SignedTokens } from "./signed-tokens.ts";

export interface TokenRouteOptions {
  db: Database;
  tokens: SignedTokens;
  accessTokenTtlMs: number;
  now: () => number;
}

const Credentials = z.strictObject({ username: z.string().min(1).max(256), password: z.string().min(1).max(1024) });

/** `POST /token` and `/token/cli`: a user's name and password for a bearer token of the REST API. */
export function tokenRoutes(app: FastifyInstance, options: TokenRouteOptions): void {
  const limit = createLoginRateLimit({ tries: 5, windowMs: 60_000 });
  for (const path of ["/token", "/token/cli"]) {
    app.post(path, { config: { access: "public" } }, async (request, reply) => {
      const credentials = checkInput("body", Credentials, request.body);
      const user = await logIn(options, limit, credentials, request.ip);
      request.log.info({ username: user.username }, "logged in");
      const token = options.tokens.issue("access", user.username, options.accessTokenTtlMs);
      return reply.code(201).header("cache-control", "no-store").send({ access_token: token });
    });
  }
}

async function logIn(
  { db, now }: TokenRouteOptions,
  limit: LoginRateLimit,
  { username, password }: z.infer<typeof Credentials>,
  address: string,
): Promise<UserRow> {
  const key = `${username}\n${address}`;
  const waitSeconds = limit.waitSeconds(key, now());
  if (waitSeconds > 0) {
    throw new TradewindError("too_many_requests", `Too many failed log-ins of "${username}" from here: wait ${waitSeconds} seconds.`, {
      details: { waitSeconds },
    });
  }
  // Counted before the password is checked, so that tries at the same time count too.
  limit.recordFailure(key, now());
  const user = await findUser(db, { username });
  const right = await isPasswordRight(user?.passwordHash, password);
  if (!right || user === undefined || !user.isActive)
    throw new TradewindError("unauthenticated", "Invalid credentials: the user name or the password is wrong.");
  limit.recordSuccess(key);
  return user;
}
