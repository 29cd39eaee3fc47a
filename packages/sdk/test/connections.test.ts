import { mkdtempSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Connection, connectionAs } from "../src/index.ts";
import { testConnection } from "../src/internal.ts";
import { S3Server } from "@tradewind/testkit/stand-ins";
import { makeSqlDatabase, type SqlDatabase } from "./sql-database.ts";

let db: SqlDatabase;
beforeAll(async () => {
  db = await makeSqlDatabase("sdk_connections");
});
afterAll(() => db.drop());

function connection(fields: Partial<Connection>): Connection {
  const empty = { description: null, host: null, port: null, login: null, password: null, schema: null, extra: {} };
  return { connectionId: "c", connType: "", ...empty, ...fields };
}

const test = (fields: Partial<Connection>, signal = AbortSignal.timeout(10_000)) => testConnection(connection(fields), signal);

describe("connectionAs", () => {
  it("reads what a kind needs, with its defaults", () => {
    expect(
      connectionAs(connection({ connType: "postgres", schema: "sales", extra: { sslmode: "require", connect_timeout: "3" } }), "postgres"),
    ).toEqual({
      connectionId: "c",
      host: "localhost",
      port: 5432,
      user: null,
      password: null,
      database: "sales",
      sslMode: "require",
      applicationName: "tradewind",
      connectTimeoutMs: 3000,
    });
    expect(connectionAs(connection({ connType: "https", host: "api.example.com", login: "u", password: "p" }), "http")).toEqual({
      connectionId: "c",
      baseUrl: "https://api.example.com",
      headers: { authorization: `Basic ${Buffer.from("u:p").toString("base64")}` },
    });
    expect(
      connectionAs(connection({ connType: "slackwebhook", host: "https://hooks.slack.com/services", password: "T/B/X" }), "slack_webhook").url,
    ).toBe("https://hooks.slack.com/services/T/B/X");
    expect(connectionAs(connection({ connType: "google_cloud_platform", extra: { keyfile_dict: { a: 1 }, bucket: "b" } }), "gcs")).toMatchObject({
      key: '{"a":1}',
      bucket: "b",
    });
    expect(connectionAs(connection({ connType: "wasb", login: "acc", schema: "box" }), "azure_blob")).toMatchObject({
      endpoint: "https://acc.blob.core.windows.net",
      container: "box",
    });
  });

  it.each([
    [null, null, undefined, { port: 465, secure: true }],
    [465, null, undefined, { port: 465, secure: true }],
    [587, null, undefined, { port: 587, secure: false }],
    [null, null, true, { port: 587, secure: false }],
    [2525, null, "false", { port: 2525, secure: true }],
  ])("takes mail on port %s (%s) with disable_ssl %s as %j", (port, _none, disable_ssl, expected) => {
    const extra: Connection["extra"] = disable_ssl === undefined ? {} : { disable_ssl };
    expect(connectionAs(connection({ connType: "smtp", host: "mail", port, extra }), "smtp")).toMatchObject(expected);
  });

  it.each<[Parameters<typeof connectionAs>[1], Partial<Connection>, RegExp]>([
    [
      "postgres",
      { connType: "http" },
      /^Connection "c" can't be used as a PostgreSQL database: it has the type "http", where one of postgres, .*--type postgres/,
    ],
    ["postgres", { extra: { sslmode: "yes" } }, /extra "sslmode" that is "yes", and must be one of disable, allow/],
    ["postgres", { extra: { connect_timeout: "soon" } }, /"connect_timeout" that must be a number of zero or more/],
    ["smtp", {}, /has no host\. Set it: tradewind connections set c --host/],
    ["http", { host: "a b" }, /has the host "a b", which makes no URL/],
    ["http", { host: "a", extra: { auth: "bearer" } }, /has no password/],
    ["s3", { login: "only" }, /has only one of login/],
    ["gcs", { extra: { keyfile_dict: "{" } }, /not JSON/],
    ["azure_blob", {}, /has no login/],
    ["fs", { extra: { path: "data" } }, /has the path "data", which is not absolute/],
    ["docker", { host: "ssh://a" }, /has the address "ssh:\/\/a"/],
  ])("as %s refuses %j", (kind, fields, message) => {
    expect(() => connectionAs(connection(fields), kind)).toThrow(
      expect.objectContaining({ code: "connection_invalid", message: expect.stringMatching(message) }),
    );
  });
});

describe("testConnection", () => {
  it("tries a database", async () => {
    const good = db.connection("c");
    expect(await test(good)).toEqual({
      status: true,
      message: expect.stringMatching(/^Connected to PostgreSQL 1\d.* as .*, database sdk_connections_/),
    });
    expect(await test({ ...good, schema: "nope" })).toEqual({ status: false, message: expect.stringContaining('database "nope" does not exist') });
  });

  it("tries an HTTP server, and its credentials as far as it goes", async () => {
    const server = createServer((request, response) => response.writeHead(request.headers.authorization === undefined ? 401 : 404).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const fields = { connType: "http", host: "127.0.0.1", port: (server.address() as AddressInfo).port };
    expect(await test({ ...fields, login: "u", password: "p" })).toEqual({
      status: true,
      message: expect.stringContaining("answered with 404 Not Found: the server is there"),
    });
    expect(await test(fields)).toEqual({ status: false, message: expect.stringContaining("the credentials were refused") });
    expect(await test({ ...fields, port: 1 })).toEqual({ status: false, message: expect.stringContaining("could not be reached") });
  });

  it("tries a mail server with its login, and tells no secret", async () => {
    const server = new SMTPServer({
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        password === "right" ? done(null, { user: username }) : done(new Error(`no: ${password}`)),
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => server.close());
    const { port } = server.server.address() as AddressInfo;
    const fields = { connType: "smtp", host: "127.0.0.1", port, login: "robot", extra: { verify: false } };
    expect(await test({ ...fields, password: "right" })).toEqual({ status: true, message: `127.0.0.1:${port} takes mail, and the login robot.` });
    expect(await test({ ...fields, password: "wrong-secret" })).toEqual({ status: false, message: expect.stringMatching(/no: \*\*\*/) });
  });

  it("tries object stores and folders", async () => {
    const s3 = await new S3Server().start();
    onTestFinished(() => s3.stop());
    const fields = { connType: "aws", login: "AKID", password: "secret-key", extra: { endpoint_url: s3.endpoint, bucket: "b" } };
    expect(await test(fields)).toEqual({ status: true, message: "s3://b/ can be read." });
    expect(await test({ ...fields, extra: { endpoint_url: s3.endpoint } })).toEqual({
      status: false,
      message: expect.stringContaining("names no bucket"),
    });
    const folder = mkdtempSync(join(tmpdir(), "sdk-connection-"));
    expect(await test({ connType: "fs", extra: { path: folder } })).toEqual({ status: true, message: `${folder} can be read.` });
    expect(await test({ connType: "fs", extra: { path: "/no/such" } })).toEqual({ status: false, message: expect.stringContaining("ENOENT") });
  });

  it("tries a Docker API", async () => {
    const socketPath = join(mkdtempSync(join(tmpdir(), "sdk-engine-")), "api.sock");
    const server = createServer((_request, response) => response.end('{"Version":"4.3.1"}'));
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    onTestFinished(() => void server.close());
    expect(await test({ connType: "docker", host: socketPath })).toEqual({ status: true, message: `The engine at ${socketPath} has version 4.3.1.` });
    expect(await test({ connType: "docker", host: "/no/such.sock" })).toEqual({
      status: false,
      message: expect.stringContaining("can't be reached"),
    });
  });

  it("gives up in time", async () => {
    const silent = createTcpServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const fields = { connType: "http", host: "127.0.0.1", port: (silent.address() as AddressInfo).port };
    expect(await test(fields, AbortSignal.timeout(100))).toEqual({ status: false, message: "The test took too long and was given up." });
  });

  it("says what can't be tested", async () => {
    expect(await test({ connType: "ftp" })).toEqual({
      status: false,
      message: expect.stringMatching(/^Connections of the type "ftp" can't be tested\. .*postgres, http/),
    });
    expect(await test({ connType: "slack_webhook", password: "https://hooks.slack.com/services/T/B/X" })).toMatchObject({ status: true });
  });
});
