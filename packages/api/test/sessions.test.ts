import { run } from "@tradewind/metadata/testing";
import type { LightMyRequestResponse } from "fastify";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureAdmin } from "../src/index.ts";
import { useTestServer } from "./test-server.ts";

let clockMs = Date.UTC(2026, 0, 1);
const server = useTestServer({ now: () => clockMs });
const PASSWORD = "correct horse battery";
/** What a browser says of a request that a page of this server makes. */
const FROM_OUR_PAGE = { "sec-fetch-site": "same-origin" };

beforeAll(async () => {
  await ensureAdmin(server.database.db, { username: "ada", password: PASSWORD });
});

function logIn(headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
  return server.call("POST", "/auth/login", { role: null, body: { username: "ada", password: PASSWORD }, headers });
}

async function sessionCookie(): Promise<string> {
  const answer = await logIn();
  return String(answer.headers["set-cookie"]).split(";")[0]!;
}

function callWith(cookie: string, method: "GET" | "POST" | "PATCH" | "DELETE", path: string, headers: Record<string, string> = {}, body?: unknown) {
  return server.call(method, path, { role: null, headers: { cookie, ...headers }, ...(body === undefined ? {} : { body }) });
}

describe("a session", () => {
  it("begins with a password, and is a cookie that scripts cannot read and other sites do not send along", async () => {
    const answer = await logIn();
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ username: "ada", role: "Admin", permissions: expect.arrayContaining(["dags:read", "audit_logs:read"]) });
    expect(answer.headers["set-cookie"]).toMatch(/^tradewind_session=tw_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=86400$/);
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("reads and changes for pages of this server", async () => {
    const cookie = await sessionCookie();
    expect((await callWith(cookie, "GET", "/api/v2/dags")).statusCode).toBe(200);
    expect((await callWith(cookie, "GET", "/auth/me")).json()).toMatchObject({ username: "ada", role: "Admin" });
    expect((await callWith(cookie, "POST", "/api/v2/pools", FROM_OUR_PAGE, { name: "a", slots: 1 })).statusCode).toBe(201);
    const older = { origin: "http://localhost:8080", host: "localhost:8080" };
    expect((await callWith(cookie, "POST", "/api/v2/pools", older, { name: "b", slots: 1 })).statusCode).toBe(201);
  });

  it.each([
    ["a page of another site", { "sec-fetch-site": "cross-site" }],
    ["a page of another host of the same site", { "sec-fetch-site": "same-site" }],
    ["an address that somebody typed in", { "sec-fetch-site": "none" }],
    ["another origin, in a browser that says no more", { origin: "https://evil.example", host: "localhost:8080" }],
    ["an origin that is none", { origin: "null", host: "localhost:8080" }],
    ["nothing that a browser would say", {}],
  ])("changes nothing for %s", async (_what, headers) => {
    const answer = await callWith(await sessionCookie(), "POST", "/api/v2/pools", headers, { name: "stolen", slots: 1 });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([403, "forbidden"]);
    expect((await server.call("GET", "/api/v2/pools/stolen")).statusCode).toBe(404);
  });

  it("ends with a log-out, also where its cookie was copied to", async () => {
    const cookie = await sessionCookie();
    expect((await callWith(cookie, "GET", "/auth/me")).statusCode).toBe(200);
    const out = await callWith(cookie, "POST", "/auth/logout", FROM_OUR_PAGE);
    expect([out.statusCode, out.headers["set-cookie"]]).toEqual([204, "tradewind_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"]);
    const after = await callWith(cookie, "GET", "/auth/me");
    expect([after.statusCode, after.json<{ detail: string }>().detail]).toEqual([401, "The session has ended: log in again."]);
    expect((await server.call("POST", "/auth/logout", { role: null })).statusCode).toBe(204);
  });

  it("ends when it is over, and leaves nothing behind", async () => {
    const cookie = await sessionCookie();
    await run(server.database.db, { text: "update access_token set expires_at = now() - interval '1 second'", values: [] });
    clockMs += 6000;
    expect((await callWith(cookie, "GET", "/auth/me")).statusCode).toBe(401);
    await sessionCookie();
    const rows = await run(server.database.db, { text: "select id from access_token where expires_at < now()", values: [] });
    expect(rows).toEqual([]);
  });

  it("is no bearer token, and no bearer token is a session", async () => {
    const token = (await sessionCookie()).split("=")[1]!;
    expect((await server.call("GET", "/api/v2/dags", { role: null, headers: { authorization: `Bearer ${token}` } })).statusCode).toBe(401);
    const signed = server.tokens.issue("access", "ada", 60_000);
    expect((await callWith(`tradewind_session=${signed}`, "GET", "/api/v2/dags")).statusCode).toBe(401);
  });

  it("is refused with the same words for a wrong password and for nobody, five times a minute together with tokens", async () => {
    const tries = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        server.call("POST", index % 2 === 0 ? "/auth/login" : "/auth/token", { role: null, body: { username: "eve", password: "guess" } }),
      ),
    );
    expect(tries.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b)).toEqual([401, 401, 401, 401, 401, 429]);
  });
});

describe("tokens for programs", () => {
  it("are shown once, stored as hashes, and good until they are revoked", async () => {
    const cookie = await sessionCookie();
    const made = await callWith(cookie, "POST", "/auth/tokens", FROM_OUR_PAGE, { name: "ci", expires_in_days: 30 });
    expect(made.statusCode).toBe(201);
    const { token, id } = made.json<{ token: string; id: string }>();
    expect(token).toMatch(/^tw_[\w-]{43}$/);
    const asProgram = { authorization: `Bearer ${token}` };
    expect((await server.call("GET", "/api/v2/dags", { role: null, headers: asProgram })).statusCode).toBe(200);
    const stored = await run(server.database.db, { text: "select * from access_token", values: [] });
    expect(JSON.stringify(stored)).not.toContain(token);

    const list = (await callWith(cookie, "GET", "/auth/tokens")).json<{ tokens: Record<string, unknown>[] }>();
    expect(list.tokens).toEqual([
      { id, name: "ci", created_at: expect.any(String), expires_at: expect.any(String), last_used_at: expect.any(String) },
    ]);

    expect((await callWith(cookie, "DELETE", `/auth/tokens/${id}`, FROM_OUR_PAGE)).statusCode).toBe(204);
    expect((await server.call("GET", "/api/v2/dags", { role: null, headers: asProgram })).statusCode).toBe(401);
    const log = (await server.call("GET", "/api/v2/eventLogs", { query: { event: "delete_access_token" } })).json<{
      event_logs: { owner: string }[];
    }>();
    expect(log.event_logs.map(({ owner }) => owner)).toEqual(["ada"]);
  });

  it("belong to their user alone", async () => {
    const made = await server.call("POST", "/auth/tokens", { role: "Viewer", body: { name: "mine", expires_in_days: null } });
    const { id, expires_at: expiresAt } = made.json<{ id: string; expires_at: string | null }>();
    expect(expiresAt).toBeNull();
    expect((await server.call("GET", "/auth/tokens", { role: "Admin" })).json()).toMatchObject({ tokens: [] });
    expect((await server.call("DELETE", `/auth/tokens/${id}`, { role: "Admin" })).statusCode).toBe(404);
  });

  it("do what the role of their user may do, and are worth nothing when the user is switched off", async () => {
    const made = await server.call("POST", "/auth/tokens", { role: "Viewer", body: { name: "reader" } });
    const headers = { authorization: `Bearer ${made.json<{ token: string }>().token}` };
    expect((await server.call("GET", "/api/v2/dags", { role: null, headers })).statusCode).toBe(200);
    expect((await server.call("POST", "/api/v2/pools", { role: null, headers, body: { name: "c", slots: 1 } })).statusCode).toBe(403);
    await run(server.database.db, { text: "update user_account set is_active = false where username = 'viewer'", values: [] });
    clockMs += 6000;
    expect((await server.call("GET", "/api/v2/dags", { role: null, headers })).statusCode).toBe(401);
  });

  it("need a name and an end within ten years", async () => {
    const answer = await server.call("POST", "/auth/tokens", { body: { name: "", expires_in_days: 4000 } });
    expect([answer.statusCode, answer.json<{ detail: { loc: string[] }[] }>().detail.map(({ loc }) => loc.join("."))]).toEqual([
      422,
      ["body.name", "body.expires_in_days"],
    ]);
  });
});
