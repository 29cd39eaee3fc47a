import { findUser } from "@tradewind/metadata/rest";
import { seedDag } from "@tradewind/metadata/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { createApiServer, ensureAdmin } from "../src/index.ts";
import { dagSpec, taskSpec } from "./specs.ts";
import { noEngine, useTestServer } from "./test-server.ts";

const server = useTestServer();
const FROM_OUR_PAGE = { "sec-fetch-site": "same-origin" };
const FIRST = "correct horse battery";
const SECOND = "another good phrase";

beforeAll(async () => {
  await ensureAdmin(server.database.db, { username: "root", password: FIRST });
  await seedDag(server.database.db, { spec: dagSpec("sales", { tasks: [taskSpec("load")] }) });
});

const asUser = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function addUser(username: string, role = "Viewer"): Promise<void> {
  const answer = await server.call("POST", "/api/v2/users", { body: { username, password: FIRST, role } });
  expect(answer.statusCode).toBe(201);
}

/** A browser's cookie, a signed token, and a token for programs: everything a user may have. */
async function logInEverywhere(username: string, password = FIRST) {
  const body = { username, password };
  const session = await server.call("POST", "/auth/login", { role: null, body });
  expect(session.statusCode).toBe(200);
  const cookie = { cookie: String(session.headers["set-cookie"]).split(";")[0]! };
  const signed = asUser((await server.call("POST", "/auth/token", { role: null, body })).json<{ access_token: string }>().access_token);
  const made = await server.call("POST", "/auth/tokens", { role: null, headers: signed, body: { name: "ci" } });
  const program = asUser(made.json<{ token: string }>().token);
  return { cookie, signed, program };
}

const statusWith = async (headers: Record<string, string>): Promise<number> =>
  (await server.call("GET", "/auth/me", { role: null, headers })).statusCode;

async function statusesOf(logins: Awaited<ReturnType<typeof logInEverywhere>>): Promise<Record<string, number>> {
  return { cookie: await statusWith(logins.cookie), signed: await statusWith(logins.signed), program: await statusWith(logins.program) };
}

describe("users", () => {
  it("do not inherit the tokens of somebody who had their name", async () => {
    await addUser("lou");
    const before = await logInEverywhere("lou");
    expect((await server.call("DELETE", "/api/v2/users/lou")).statusCode).toBe(204);
    await addUser("lou", "Op");
    expect(await statusesOf(before)).toEqual({ cookie: 401, signed: 401, program: 401 });
  });

  it("are added, shown, changed and deleted by administrators", async () => {
    const body = { username: "ann", password: FIRST, role: "User", first_name: "Ann", last_name: "Lee", email: "ann@example.com" };
    const added = await server.call("POST", "/api/v2/users", { body });
    const { password: _, ...shown } = body;
    expect([added.statusCode, added.json()]).toEqual([201, { ...shown, active: true, created_at: expect.any(String), last_login: null }]);
    expect(added.body).not.toContain(FIRST);
    expect((await findUser(server.database.db, { username: "ann" }))?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await server.call("POST", "/api/v2/users", { body })).statusCode).toBe(409);

    const list = await server.call("GET", "/api/v2/users", { query: { username_pattern: "an", order_by: "-username" } });
    expect(list.json()).toMatchObject({ users: [{ username: "ann", role: "User" }], total_entries: 1 });

    const changed = await server.call("PATCH", "/api/v2/users/ann", { body: { role: "Op", email: "" } });
    expect(changed.json()).toMatchObject({ role: "Op", email: "", first_name: "Ann" });
    expect((await server.call("DELETE", "/api/v2/users/ann")).statusCode).toBe(204);
    expect((await server.call("GET", "/api/v2/users/ann")).statusCode).toBe(404);
  });

  it.each([
    [{ username: "bob", password: "short", role: "User" }, "body.password"],
    [{ username: "bob", password: FIRST, role: "King" }, "body.role"],
    [{ username: " bob", password: FIRST, role: "User" }, "body.username"],
    [{ username: "anonymous", password: FIRST, role: "User" }, "body.username"],
    [{ username: "bob", password: FIRST, role: "User", is_root: true }, "body.is_root"],
  ])("are not added from %o", async (body, where) => {
    const answer = await server.call("POST", "/api/v2/users", { body });
    expect([answer.statusCode, answer.json<{ detail: { loc: string[] }[] }>().detail.map(({ loc }) => loc.join("."))]).toEqual([422, [where]]);
  });

  it("have a role at once, and log in by it", async () => {
    await addUser("cid", "Viewer");
    const { signed, cookie } = await logInEverywhere("cid");
    const variables = (): Promise<number> =>
      server.call("GET", "/api/v2/variables", { role: null, headers: signed }).then(({ statusCode }) => statusCode);
    expect(await variables()).toBe(403);
    await server.call("PATCH", "/api/v2/users/cid", { body: { role: "Op" } });
    expect(await variables()).toBe(200);
    expect((await server.call("GET", "/auth/me", { role: null, headers: cookie })).json()).toMatchObject({ username: "cid", role: "Op" });
    expect((await server.call("GET", "/api/v2/users/cid")).json<{ last_login: string | null }>().last_login).not.toBeNull();
  });

  it("that are switched off can do nothing, and have to log in anew when they are back", async () => {
    await addUser("dan");
    const logins = await logInEverywhere("dan");
    await server.call("PATCH", "/api/v2/users/dan", { body: { active: false } });
    expect(await statusesOf(logins)).toEqual({ cookie: 401, signed: 401, program: 401 });
    expect((await server.call("POST", "/auth/token", { role: null, body: { username: "dan", password: FIRST } })).statusCode).toBe(401);
    await server.call("PATCH", "/api/v2/users/dan", { body: { active: true } });
    expect(await statusesOf(logins)).toEqual({ cookie: 401, signed: 401, program: 200 });
  });

  it("include an administrator always", async () => {
    // The test server has one of its own, beside root.
    await server.call("PATCH", "/api/v2/users/root", { body: { active: false } });
    for (const body of [{ role: "Op" }, { active: false }]) {
      const answer = await server.call("PATCH", "/api/v2/users/admin", { body });
      expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([409, "conflict"]);
    }
    expect((await server.call("DELETE", "/api/v2/users/admin")).statusCode).toBe(409);
    await server.call("PATCH", "/api/v2/users/root", { body: { active: true } });
    expect((await server.call("PATCH", "/api/v2/users/root", { body: { role: "Admin", first_name: "Ruth" } })).statusCode).toBe(200);
  });
});

describe("answers to wrong requests", () => {
  it.each<[string, string, object]>([
    ["a password", "/api/v2/users", { username: "bob", password: "hush-1", role: "User" }],
    ["a password that is a number", "/api/v2/users", { username: "bob", password: 428_117, role: "User" }],
    ["a reset password", "/api/v2/users/admin/password", { password: "hush-1" }],
    ["one's own password", "/auth/password", { current_password: "hush-1-and-more", new_password: "hush-1" }],
    ["a log-in", "/auth/login", { username: "bob", password: ["hush-1"] }],
    ["a connection's extra", "/api/v2/connections", { connection_id: "c", conn_type: "http", extra: "hush-1" }],
    ["a connection's password", "/api/v2/connections", { connection_id: "c", conn_type: "http", password: 428_117 }],
    ["a variable's value", "/api/v2/variables", { key: "", value: "hush-1" }],
    ["a bulk of variables", "/api/v2/variables/bulk", { actions: [{ action: "create", entities: [{ key: "", value: "hush-1" }] }] }],
  ])("do not repeat %s", async (_what, url, body) => {
    const isBulk = url.endsWith("/bulk");
    const answer = await server.call(isBulk ? "PATCH" : "POST", isBulk ? "/api/v2/variables" : url, { body });
    expect([answer.statusCode, answer.body]).toEqual([422, expect.not.stringMatching(/hush|428117/)]);
  });

  it("do not repeat a body that is no JSON", async () => {
    const headers = { "content-type": "application/json" };
    const answer = await server.app.inject({ method: "POST", url: "/auth/login", headers, payload: '{"username": "ann", "password": "hush-1' });
    expect([answer.statusCode, answer.body]).toEqual([422, expect.not.stringContaining("hush")]);
  });
});

describe("log-ins", () => {
  it("end with a reset password, and everything that was made with them", async () => {
    await addUser("eve");
    const logins = await logInEverywhere("eve");
    expect((await server.call("POST", "/api/v2/users/eve/password", { body: { password: SECOND } })).statusCode).toBe(204);
    expect(await statusesOf(logins)).toEqual({ cookie: 401, signed: 401, program: 401 });
    expect(await statusesOf(await logInEverywhere("eve", SECOND))).toEqual({ cookie: 200, signed: 200, program: 200 });
  });

  it("end everywhere when an administrator or the user says so; programs go on", async () => {
    await addUser("fay");
    const first = await logInEverywhere("fay");
    expect((await server.call("DELETE", "/api/v2/users/fay/sessions")).statusCode).toBe(204);
    expect(await statusesOf(first)).toEqual({ cookie: 401, signed: 401, program: 200 });
    const second = await logInEverywhere("fay");
    const out = await server.call("DELETE", "/auth/sessions", { role: null, headers: { ...second.cookie, ...FROM_OUR_PAGE } });
    expect([out.statusCode, out.headers["set-cookie"]]).toEqual([204, expect.stringContaining("Max-Age=0")]);
    expect(await statusesOf(second)).toEqual({ cookie: 401, signed: 401, program: 200 });
    expect(await statusesOf(await logInEverywhere("fay"))).toEqual({ cookie: 200, signed: 200, program: 200 });
  });

  it("are seen by their user", async () => {
    await addUser("gus");
    const [first] = [await logInEverywhere("gus"), await logInEverywhere("gus")];
    const { sessions } = (await server.call("GET", "/auth/sessions", { role: null, headers: first.cookie })).json<{
      sessions: { is_this: boolean }[];
    }>();
    expect(sessions.map((session) => session.is_this)).toEqual([false, true]);
  });

  it("are ended elsewhere by a new password, which takes the old one", async () => {
    await addUser("hal");
    const [here, elsewhere] = [await logInEverywhere("hal"), await logInEverywhere("hal")];
    const change = (currentPassword: string) =>
      server.call("POST", "/auth/password", {
        role: null,
        headers: { ...here.cookie, ...FROM_OUR_PAGE },
        body: { current_password: currentPassword, new_password: SECOND },
      });
    expect((await change("wrong")).statusCode).toBe(403);
    expect((await change(FIRST)).statusCode).toBe(204);
    expect(await statusesOf(here)).toEqual({ cookie: 200, signed: 401, program: 200 });
    expect(await statusesOf(elsewhere)).toEqual({ cookie: 401, signed: 401, program: 200 });
    expect((await server.call("POST", "/auth/token", { role: null, body: { username: "hal", password: FIRST } })).statusCode).toBe(401);
    await logInEverywhere("hal", SECOND);
  });

  it("do not let anybody guess the password of an open page", async () => {
    await addUser("ida");
    const { cookie } = await logInEverywhere("ida");
    const guess = { role: null, headers: { ...cookie, ...FROM_OUR_PAGE }, body: { current_password: "guess", new_password: SECOND } };
    const statuses: number[] = [];
    for (let index = 0; index < 6; index += 1) statuses.push((await server.call("POST", "/auth/password", guess)).statusCode);
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429]);
  });

  it("fail together for one address, whichever users are tried, and leave other addresses alone", async () => {
    const from = (remoteAddress: string, username: string, password = "guess") =>
      server.app.inject({ method: "POST", url: "/auth/token", remoteAddress, payload: { username, password } });
    const tries = [];
    for (let index = 0; index < 32; index += 1) tries.push((await from("10.0.0.7", `user ${index}`)).statusCode);
    expect(tries.filter((status) => status === 401)).toHaveLength(30);
    expect(tries.slice(30)).toEqual([429, 429]);
    expect((await from("10.0.0.8", "root", FIRST)).statusCode).toBe(201);
  });
});

describe("tokens for programs", () => {
  it("are seen and revoked by administrators", async () => {
    await addUser("joe");
    const { program } = await logInEverywhere("joe");
    const { tokens } = (await server.call("GET", "/api/v2/users/joe/tokens")).json<{ tokens: { id: string; name: string }[] }>();
    expect(tokens).toMatchObject([{ name: "ci" }]);
    expect(await statusWith(program)).toBe(200);
    expect((await server.call("DELETE", `/api/v2/users/joe/tokens/${tokens[0]!.id}`)).statusCode).toBe(204);
    expect(await statusWith(program)).toBe(401);
    expect((await server.call("DELETE", `/api/v2/users/joe/tokens/${tokens[0]!.id}`)).statusCode).toBe(404);
  });
});

describe("grants", () => {
  const dagsOf = async (headers: Record<string, string>): Promise<number> =>
    (await server.call("GET", "/api/v2/dags/sales", { role: null, headers })).statusCode;

  it("are given to users and roles, by id, pattern or tag, and taken back", async () => {
    await addUser("kim", "Public");
    const { signed } = await logInEverywhere("kim");
    for (const body of [
      { username: "kim", dag_id: "sales", actions: ["read"] },
      { username: "kim", dag_id: "s*", actions: ["read", "edit"] },
      { role: "Public", dag_id: "sale*", actions: ["delete"] },
    ]) {
      expect(await dagsOf(signed)).toBe(403);
      const made = await server.call("POST", "/api/v2/dagGrants", { body });
      expect([made.statusCode, made.json()]).toEqual([
        201,
        expect.objectContaining({ ...body, actions: body.actions.includes("read") ? body.actions : ["read", ...body.actions] }),
      ]);
      expect(await dagsOf(signed)).toBe(200);
      const me = (await server.call("GET", "/auth/me", { role: null, headers: signed })).json<{ dag_grants: { dag_id: string }[] }>();
      expect(me.dag_grants.map((grant) => grant.dag_id)).toEqual(["sales"]);
      expect((await server.call("DELETE", `/api/v2/dagGrants/${made.json<{ id: number }>().id}`)).statusCode).toBe(204);
    }
    expect(await dagsOf(signed)).toBe(403);
  });

  it("are one for the same holder and the same DAGs", async () => {
    const body = { role: "Viewer", dag_tag: "nightly", actions: ["read"] };
    const first = (await server.call("POST", "/api/v2/dagGrants", { body })).json<{ id: number }>();
    const second = (await server.call("POST", "/api/v2/dagGrants", { body: { ...body, actions: ["edit"] } })).json<{
      id: number;
      actions: string[];
    }>();
    expect(second).toMatchObject({ id: first.id, actions: ["read", "edit"] });
    const { dag_grants: grants } = (await server.call("GET", "/api/v2/dagGrants")).json<{ dag_grants: { id: number }[] }>();
    expect(grants.filter(({ id }) => id === first.id)).toHaveLength(1);
  });

  it.each([
    [{ dag_id: "sales", actions: ["read"] }, 422],
    [{ username: "kim", role: "User", dag_id: "sales", actions: ["read"] }, 422],
    [{ role: "User", actions: ["read"] }, 422],
    [{ role: "User", dag_id: "sales", dag_tag: "x", actions: ["read"] }, 422],
    [{ role: "User", dag_id: "sales", actions: [] }, 422],
    [{ username: "nobody at all", dag_id: "sales", actions: ["read"] }, 404],
  ])("are refused: %o", async (body, status) => {
    expect((await server.call("POST", "/api/v2/dagGrants", { body })).statusCode).toBe(status);
  });

  it("go with their user", async () => {
    await addUser("lea", "Public");
    const made = await server.call("POST", "/api/v2/dagGrants", { body: { username: "lea", dag_id: "sales", actions: ["read"] } });
    await server.call("DELETE", "/api/v2/users/lea");
    expect((await server.call("DELETE", `/api/v2/dagGrants/${made.json<{ id: number }>().id}`)).statusCode).toBe(404);
  });
});

describe("who says nothing about themselves", () => {
  it("reads what the public role may, and logs in for more", async () => {
    const { database, fernet, tokens, logs } = server;
    const open = await createApiServer({
      db: database.db,
      engine: noEngine,
      fernet,
      tokens,
      logs,
      version: "1",
      publicRole: "Viewer",
      checkAnswers: true,
    });
    const call = (method: "GET" | "POST", url: string, headers: Record<string, string> = {}) =>
      open.app.inject({ method, url, headers, ...(method === "POST" ? { payload: {} } : {}) });
    expect((await call("GET", "/api/v2/dags")).statusCode).toBe(200);
    expect((await call("GET", "/auth/me")).json()).toMatchObject({ username: "anonymous", role: "Viewer", is_anonymous: true });
    expect((await call("GET", "/api/v2/variables")).statusCode).toBe(401);
    expect((await call("POST", "/auth/tokens")).statusCode).toBe(401);
    expect((await call("GET", "/api/v2/dags", { authorization: "Bearer wrong" })).statusCode).toBe(401);
    await open.app.close();
  });

  it("changes nothing by a page of another site", async () => {
    const { database, fernet, tokens, logs } = server;
    const open = await createApiServer({ db: database.db, engine: noEngine, fernet, tokens, logs, version: "1", publicRole: "Op" });
    const add = (headers: Record<string, string>, name: string) =>
      open.app.inject({ method: "POST", url: "/api/v2/pools", headers, payload: { name, slots: 1 } });
    expect((await add({ "sec-fetch-site": "cross-site" }, "a")).statusCode).toBe(403);
    expect((await add({ origin: "https://evil.example" }, "b")).statusCode).toBe(403);
    expect((await add({}, "c")).statusCode).toBe(201);
    await open.app.close();
  });
});

describe("changes", () => {
  it("are limited for each user, reading is not", async () => {
    const { database, fernet, tokens, logs } = server;
    const limited = await createApiServer({ db: database.db, engine: noEngine, fernet, tokens, logs, version: "1", changesPerMinute: 3 });
    const call = (method: "GET" | "POST", url: string, user: string, payload?: object) =>
      limited.app.inject({ method, url, headers: asUser(tokens.issue("access", user, 60_000)), ...(payload === undefined ? {} : { payload }) });
    const add = (user: string, name: string) => call("POST", "/api/v2/pools", user, { name, slots: 1 });
    const statuses = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await add("admin", `pool ${index}`)).statusCode);
    expect(statuses).toEqual([201, 201, 201, 429]);
    const refused = await add("admin", "one more");
    expect([refused.json<{ code: string }>().code, Number(refused.headers["retry-after"])]).toEqual(["too_many_requests", expect.any(Number)]);
    expect((await call("POST", "/api/v2/dags/~/dagRuns/list", "admin", {})).statusCode).toBe(200);
    expect((await add("op", "of another user")).statusCode).toBe(201);
    await limited.app.close();
  });

  it("of many in one request count one by one, and are at most a thousand", async () => {
    const { database, fernet, tokens, logs } = server;
    const limited = await createApiServer({ db: database.db, engine: noEngine, fernet, tokens, logs, version: "1", changesPerMinute: 3 });
    const bulk = (count: number, user: string) => {
      const entities = Array.from({ length: count }, (_, index) => ({ key: `bulk ${index}`, value: 1 }));
      const half = Math.ceil(count / 2);
      const actions = [entities.slice(0, half), entities.slice(half)].map((some) => ({
        action: "create",
        entities: some,
        action_on_existence: "skip",
      }));
      return limited.app.inject({
        method: "PATCH",
        url: "/api/v2/variables",
        headers: asUser(tokens.issue("access", user, 60_000)),
        payload: { actions },
      });
    };
    const answers = [await bulk(10, "admin"), await bulk(1, "admin")];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 429]);
    expect(Number(answers[1]!.headers["retry-after"])).toBeGreaterThan(100);
    const tooMany = await bulk(1001, "op");
    expect([tooMany.statusCode, tooMany.json<{ detail: { loc: string[] }[] }>().detail.map(({ loc }) => loc.join("."))]).toEqual([
      422,
      ["body.actions"],
    ]);
    await limited.app.close();
  });
});
