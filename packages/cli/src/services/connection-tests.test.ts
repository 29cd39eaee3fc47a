import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { testInChild } from "./connection-tests.ts";

let server: Server | undefined;
afterEach(() => void server?.close());

const connection = {
  connectionId: "c",
  connType: "http",
  description: null,
  host: "127.0.0.1",
  port: 1,
  login: null,
  password: null,
  schema: null,
  extra: {},
};

test("a connection is tried in a process of its own", async () => {
  server = createServer((_request, response) => response.end("ok"));
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  expect(await testInChild({ ...connection, port })).toEqual({ status: true, message: `http://127.0.0.1:${port} answered with 200 OK.` });
  expect(await testInChild(connection)).toEqual({ status: false, message: expect.stringContaining("http://127.0.0.1:1 could not be reached") });
});

test("no more than a few at once", async () => {
  const answers = await Promise.all(Array.from({ length: 6 }, () => testInChild(connection)));
  expect(answers.filter(({ message }) => message.startsWith("Too many connections are being tested"))).toHaveLength(2);
});
