import { afterEach, describe, expect, it } from "vitest";
import type { ConnectionToTest } from "../src/index.ts";
import { useTestServer } from "./test-server.ts";

const asked: ConnectionToTest[] = [];
const server = useTestServer({
  testConnection: async (connection) => {
    asked.push(connection);
    return { status: connection.host === "db", message: `asked ${connection.host}` };
  },
});
const closed = useTestServer();
afterEach(() => void asked.splice(0));

const body = {
  connection_id: "warehouse",
  conn_type: "postgres",
  host: "db",
  port: 5432,
  login: "ann",
  password: "s3cret",
  extra: '{"token":"t0ken","ssl":true}',
};
const test = (sent: object, role?: "User" | "Op") => server.call("POST", "/api/v2/connections/test", { body: sent, ...(role && { role }) });

describe("POST /connections/test", () => {
  it("tries what is sent, stored or not", async () => {
    const answer = await test(body);
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: true, message: "asked db" }]);
    expect(asked).toEqual([
      {
        connectionId: "warehouse",
        connType: "postgres",
        description: null,
        host: "db",
        port: 5432,
        login: "ann",
        password: "s3cret",
        schema: null,
        extra: { token: "t0ken", ssl: true },
      },
    ]);
    expect((await test({ ...body, host: "other" })).json()).toEqual({ status: false, message: "asked other" });
  });

  it("takes hidden secrets from the stored connection", async () => {
    await server.call("POST", "/api/v2/connections", { body });
    const { team_name: _team, ...read } = (await server.call("GET", "/api/v2/connections/warehouse")).json<Record<string, unknown>>();
    expect(read).toMatchObject({ password: "***", extra: '{"token":"***","ssl":true}' });
    expect((await test(read)).statusCode).toBe(200);
    expect(asked).toEqual([expect.objectContaining({ password: "s3cret", extra: { token: "t0ken", ssl: true } })]);
  });

  // Or whoever may edit connections could have a password sent to a server of their own.
  it.each<[string, object]>([
    ["another host", { host: "mine" }],
    ["another type", { conn_type: "http" }],
    ["another port", { port: 1 }],
    ["another extra", { extra: '{"token":"***","ssl":true,"endpoint_url":"https://mine"}' }],
    ["another connection", { connection_id: "none" }],
  ])("does not take them for %s", async (_what, change) => {
    const answer = await test({ ...body, password: "***", ...change });
    expect([answer.statusCode, asked]).toEqual([422, []]);
    expect(answer.body).toContain("Give the secrets again");
  });

  it("is for those who may edit connections", async () => {
    expect((await test(body, "User")).statusCode).toBe(403);
    expect((await test(body, "Op")).statusCode).toBe(200);
    expect((await test({ ...body, port: 70_000 })).statusCode).toBe(422);
  });

  it("is disabled unless it is configured, as in Airflow", async () => {
    const answer = await closed.call("POST", "/api/v2/connections/test", { body });
    expect(answer.statusCode).toBe(403);
    expect(answer.body).toContain("api.testConnection");
  });
});
