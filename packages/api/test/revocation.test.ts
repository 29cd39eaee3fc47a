import { transaction } from "@tradewind/metadata";
import { insertUser, revokeLogins, updateUser, updateUserPassword } from "@tradewind/metadata/rest";
import { run } from "@tradewind/metadata/testing";
import type { LightMyRequestResponse } from "fastify";
import { describe, expect, it } from "vitest";
import { hashPassword } from "../src/auth/passwords.ts";
import { useTestServer } from "./test-server.ts";

const server = useTestServer();
const PASSWORD = "correct horse battery";
const FROM_OUR_PAGE = { "sec-fetch-site": "same-origin" };

type Change = Parameters<Parameters<typeof transaction<void>>[1]>[0];

async function addUser(username: string): Promise<void> {
  await insertUser(server.database.db, { username, passwordHash: await hashPassword(PASSWORD), role: "Viewer" });
}

const logIn = (username: string, path = "/auth/login", headers: Record<string, string> = {}): Promise<LightMyRequestResponse> =>
  server.call("POST", path, { role: null, body: { username, password: PASSWORD }, headers });

async function cookieOf(username: string): Promise<Record<string, string>> {
  return { cookie: String((await logIn(username)).headers["set-cookie"]).split(";")[0]!, ...FROM_OUR_PAGE };
}

const statusWith = async (headers: Record<string, string>): Promise<number> =>
  (await server.call("GET", "/auth/me", { role: null, headers })).statusCode;

/** Asks while a change is made but not yet committed: until the request waits for it, or has been answered without. */
async function during<T>(change: (tx: Change) => Promise<unknown>, ask: () => Promise<T>): Promise<T> {
  const { db } = server.database;
  const [made, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const changing = transaction(db, async (tx) => {
    await change(tx);
    made.resolve();
    await commit.promise;
  });
  await made.promise;
  let isAnswered = false;
  const answer = ask().finally(() => (isAnswered = true));
  const isWaiting = async (): Promise<boolean> => {
    const text = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    return (await run(db, { text, values: [] })).length > 0;
  };
  await expect.poll(async () => isAnswered || (await isWaiting()), { timeout: 10_000 }).toBe(true);
  commit.resolve();
  await changing;
  return answer;
}

describe("what is made while log-ins are ended", () => {
  const reset = async (tx: Change, username: string): Promise<void> => {
    await updateUserPassword(tx, { username, passwordHash: await hashPassword("another good phrase") });
    await revokeLogins(tx, { username, apiTokens: true });
  };

  it("is no session, when its password was reset meanwhile", async () => {
    await addUser("ann");
    const answer = await during(
      (tx) => reset(tx, "ann"),
      () => logIn("ann"),
    );
    expect([answer.statusCode, answer.headers["set-cookie"]]).toEqual([401, undefined]);
  });

  it("is no session of a user who was switched off and on again", async () => {
    await addUser("bob");
    const answer = await during(
      async (tx) => {
        await updateUser(tx, { username: "bob", isActive: false });
        await revokeLogins(tx, { username: "bob", apiTokens: false });
        await updateUser(tx, { username: "bob", isActive: true });
      },
      () => logIn("bob"),
    );
    expect(answer.statusCode).toBe(401);
  });

  it("is a signed token that is worth nothing", async () => {
    await addUser("cid");
    const answer = await during(
      (tx) => reset(tx, "cid"),
      () => logIn("cid", "/auth/token"),
    );
    const { access_token: token } = answer.json<{ access_token: string }>();
    expect(await statusWith({ authorization: `Bearer ${token}` })).toBe(401);
  });

  it.each(["session", "signed token"])("is no API token by a %s that was ended", async (kind) => {
    const username = `dan ${kind}`;
    await addUser(username);
    const signed = async (): Promise<Record<string, string>> => ({
      authorization: `Bearer ${(await logIn(username, "/auth/token")).json<{ access_token: string }>().access_token}`,
    });
    const headers = kind === "session" ? await cookieOf(username) : await signed();
    const answer = await during(
      (tx) => revokeLogins(tx, { username, apiTokens: false }),
      () => server.call("POST", "/auth/tokens", { role: null, headers, body: { name: "late" } }),
    );
    expect(answer.statusCode).toBe(401);
    const made = "select 1 from access_token join user_account on user_account.id = user_account_id where username = $1";
    expect(await run(server.database.db, { text: made, values: [username] })).toEqual([]);
  });

  it("is no new password by the one that was replaced", async () => {
    await addUser("eve");
    const headers = await cookieOf("eve");
    const answer = await during(
      (tx) => reset(tx, "eve"),
      () => server.call("POST", "/auth/password", { role: null, headers, body: { current_password: PASSWORD, new_password: "chosen by the thief" } }),
    );
    expect(answer.statusCode).toBe(403);
  });

  it("counts by what was ended, not by clocks", async () => {
    await addUser("fay");
    const tokenOf = async (): Promise<Record<string, string>> => ({
      authorization: `Bearer ${(await logIn("fay", "/auth/token")).json<{ access_token: string }>().access_token}`,
    });
    // Ended by a server whose clock is ahead, then again.
    await run(server.database.db, {
      text: "update user_account set tokens_valid_from = now() + interval '1 hour' where username = 'fay'",
      values: [],
    });
    const before = await tokenOf();
    expect(await statusWith(before)).toBe(200);
    expect((await server.call("DELETE", "/api/v2/users/fay/sessions")).statusCode).toBe(204);
    expect([await statusWith(before), await statusWith(await tokenOf())]).toEqual([401, 200]);
  });
});

describe("an API token", () => {
  it("makes no other one, so that one that was found does not outlive its end", async () => {
    await addUser("gus");
    const made = await server.call("POST", "/auth/tokens", {
      role: null,
      headers: await cookieOf("gus"),
      body: { name: "short", expires_in_days: 1 },
    });
    const headers = { authorization: `Bearer ${made.json<{ token: string }>().token}` };
    const answer = await server.call("POST", "/auth/tokens", { role: null, headers, body: { name: "eternal", expires_in_days: null } });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([403, "forbidden"]);
  });
});

describe("pages of other sites", () => {
  it.each<[string, Record<string, string>]>([
    ["hal", { "sec-fetch-site": "cross-site" }],
    ["ivy", { origin: "https://evil.example", host: "localhost:8080" }],
  ])("log nobody in or out: %s by %o", async (username, headers) => {
    await addUser(username);
    const answers = [await logIn(username, "/auth/login", headers), await server.call("POST", "/auth/logout", { role: null, headers })];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 403]);
    expect(answers.map((answer) => answer.headers["set-cookie"])).toEqual([undefined, undefined]);
  });

  it("log in and out from pages of this server, and by programs", async () => {
    await addUser("ida");
    const asked: Record<string, string>[] = [FROM_OUR_PAGE, { origin: "http://localhost:8080", host: "localhost:8080" }, {}];
    for (const headers of asked) {
      expect((await logIn("ida", "/auth/login", headers)).statusCode).toBe(200);
      expect((await server.call("POST", "/auth/logout", { role: null, headers })).statusCode).toBe(204);
    }
  });
});
