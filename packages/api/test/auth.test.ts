import { createTestDatabase } from "@tradewind/metadata/testing";
import { findUser } from "@tradewind/metadata/rest";
import { describe, expect, it } from "vitest";
import { createAccessTokens } from "../src/auth/access-tokens.ts";
import { createDagGrants } from "../src/auth/dag-access.ts";
import { createUserDirectory } from "../src/auth/users.ts";
import { requireAccess } from "../src/auth/authenticate.ts";
import { createSignedTokens, ensureAdmin, isAllowed, ROLES } from "../src/index.ts";
import fastify from "fastify";
import { useTestServer } from "./test-server.ts";

const server = useTestServer();

describe("POST /auth/token", () => {
  it("gives a token for a password, which then works", async () => {
    await ensureAdmin(server.database.db, { username: "ada", password: "correct horse" });
    for (const path of ["/auth/token", "/auth/token/cli"]) {
      const answer = await server.call("POST", path, { body: { username: "ada", password: "correct horse" }, role: null });
      expect(answer.statusCode).toBe(201);
      const { access_token: token } = answer.json<{ access_token: string }>();
      const dags = await server.call("GET", "/api/v2/dags", { role: null, headers: { authorization: `Bearer ${token}` } });
      expect(dags.statusCode).toBe(200);
    }
  });

  it("refuses a wrong password and an unknown user with the same words", async () => {
    const wrong = await server.call("POST", "/auth/token", { body: { username: "ada", password: "wrong" }, role: null });
    const unknown = await server.call("POST", "/auth/token", { body: { username: "nobody", password: "wrong" }, role: null });
    expect([wrong.statusCode, unknown.statusCode]).toEqual([401, 401]);
    expect(wrong.json<{ detail: string }>().detail).toBe(unknown.json<{ detail: string }>().detail);
  });

  it("looks at no more than five wrong tries a minute of one user, also when they come at once", async () => {
    const tries = await Promise.all(
      Array.from({ length: 8 }, () => server.call("POST", "/auth/token", { body: { username: "eve", password: "guess" }, role: null })),
    );
    expect(tries.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b)).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    const other = await server.call("POST", "/auth/token", { body: { username: "ada", password: "correct horse" }, role: null });
    expect(other.statusCode).toBe(201);
  });

  it("says what is missing in the body", async () => {
    const answer = await server.call("POST", "/auth/token", { body: { username: "ada" }, role: null });
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ detail: [{ loc: ["body", "password"], msg: "Field required", type: "missing" }] });
  });
});

describe("ensureAdmin", () => {
  it("makes one administrator with a generated password, however often and from however many processes it is called", async () => {
    await using database = await createTestDatabase();
    const made = await Promise.all(Array.from({ length: 4 }, () => ensureAdmin(database.db, { username: "admin" })));
    expect(made.filter(({ created }) => created)).toHaveLength(1);
    expect(made.find(({ created }) => created)?.password).toMatch(/^[\w-]{22}$/);
    expect(made.filter(({ created }) => !created).every(({ password }) => password === null)).toBe(true);
    expect(await findUser(database.db, { username: "admin" })).toMatchObject({ role: "Admin", passwordHash: expect.stringMatching(/^\$argon2id\$/) });
  });
});

describe("access", () => {
  it("needs a bearer token of an existing user on every route of the REST API but those that tell nothing", async () => {
    const open = server.restRoutes.filter((route) => route.access === "public").map(({ path }) => path);
    expect(open.filter((path) => !["/auth/login", "/auth/logout", "/monitor/health", "/version"].includes(path))).toEqual([]);
    for (const route of server.restRoutes) {
      const url = `/api/v2${route.path.replaceAll(/\{\w+\}/g, "1")}`;
      const answer = await server.call(route.method, url, { role: null });
      if (route.access === "public") expect(answer.statusCode).toBeLessThan(400);
      else
        expect({ url, status: answer.statusCode, challenge: answer.headers["www-authenticate"] }).toEqual({ url, status: 401, challenge: "Bearer" });
    }
  });

  it.each([
    ["no token at all", ""],
    ["a token of another kind", createSignedTokens({ secretKey: "a secret key for tests, long enough" }).issue("host", "admin", 60_000)],
    ["a token signed with another key", createSignedTokens({ secretKey: "another key, just as long as it is" }).issue("access", "admin", 60_000)],
    [
      "an expired token",
      createSignedTokens({ secretKey: "a secret key for tests, long enough", now: () => Date.now() - 120_000 }).issue("access", "admin", 60_000),
    ],
    ["a token of a user who is gone", createSignedTokens({ secretKey: "a secret key for tests, long enough" }).issue("access", "gone", 60_000)],
  ])("refuses %s", async (_what, token) => {
    const answer = await server.call("GET", "/api/v2/dags", { role: null, headers: { authorization: `Bearer ${token}` } });
    expect(answer.statusCode).toBe(401);
  });

  it("gives each role what it may do and nothing else", async () => {
    for (const role of ROLES) {
      for (const route of server.restRoutes) {
        if (route.access === "public" || route.access === "user" || route.access === "anyone" || isAllowed(role, route.access)) continue;
        const answer = await server.call(route.method, `/api/v2${route.path.replaceAll(/\{\w+\}/g, "1")}`, { role });
        expect({ role, path: route.path, status: answer.statusCode }).toEqual({ role, path: route.path, status: 403 });
      }
    }
    const statuses = await Promise.all(ROLES.map(async (role) => (await server.call("GET", "/api/v2/variables", { role })).statusCode));
    expect(statuses).toEqual([403, 403, 403, 200, 200]);
  });

  it("does not start with a route that declares no access", async () => {
    const app = fastify();
    const accessTokens = createAccessTokens(server.database.db, Date.now);
    const users = createUserDirectory(server.database.db, Date.now);
    requireAccess(app, { tokens: server.tokens, accessTokens, users, grants: createDagGrants(server.database.db, Date.now), publicRole: null });
    expect(() => app.get("/open", async () => "")).toThrow('Route GET /open declares no access: name the permission it takes, "user" or "public".');
  });
});

describe("around the API", () => {
  it("tells browsers to trust nothing, and lets no other origin in", async () => {
    const answer = await server.call("GET", "/api/v2/version", { role: null, headers: { origin: "https://evil.example" } });
    expect(answer.headers).toMatchObject({ "x-content-type-options": "nosniff", "x-frame-options": "DENY", "cache-control": "no-store" });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("answers an unknown path as FastAPI does", async () => {
    const answer = await server.call("GET", "/api/v2/nothing", { role: null });
    expect([answer.statusCode, answer.json<{ detail: string }>().detail]).toEqual([404, "Not Found"]);
  });

  it("shows what this is at /", async () => {
    const page = await server.call("GET", "/", { role: null, headers: { accept: "text/html" } });
    expect(page.headers["content-type"]).toContain("text/html");
    expect(page.body).toContain("Tradewind 0.1.0");
    expect((await server.call("GET", "/", { role: null })).json()).toMatchObject({ name: "Tradewind" });
  });

  it("keeps the execution API apart: no token of a person is good there", async () => {
    const answer = await server.call("POST", "/execution/v1/exchange", { body: {}, headers: { "x-tradewind-contract": "1" } });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ code: "unauthenticated", message: expect.any(String) });
  });

  it("refuses a body that is too large, no JSON, or not an object", async () => {
    const large = await server.call("POST", "/api/v2/variables", { body: { key: "a", value: "x".repeat(1024 * 1024) } });
    expect(large.statusCode).toBe(413);
    const broken = await server.app.inject({
      method: "POST",
      url: "/auth/token",
      headers: { "content-type": "application/json" },
      payload: "{",
    });
    expect([broken.statusCode, broken.json<{ detail: { type: string }[] }>().detail[0]?.type]).toEqual([422, "json_invalid"]);
    const list = await server.call("POST", "/api/v2/variables", { body: [] });
    expect(list.statusCode).toBe(422);
  });
});
