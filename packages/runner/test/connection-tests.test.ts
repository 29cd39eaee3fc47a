import { readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { ConnectionTestGrant, ConnectionValue } from "@tradewind/contract";
import { expect, onTestFinished, test } from "vitest";
import { testConnectionInChild } from "../src/index.ts";
import { isAlive, startHost, until } from "./host-fixture.ts";

/** A server that answers, or never does. */
async function startServer(answers: boolean): Promise<{ port: number; asked: IncomingHttpHeaders[] }> {
  const asked: IncomingHttpHeaders[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.headers);
    if (answers) response.writeHead(request.headers.authorization === undefined ? 401 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

function connectionTo(port: number, more: Partial<ConnectionValue> = {}): ConnectionValue {
  const where = { connectionId: "c", connType: "http", description: null, host: "http://127.0.0.1", port };
  return { ...where, login: "ann", password: "s3cret-word", schema: null, extra: {}, ...more };
}

let made = 0;
const grant = (connection: ConnectionValue, timeoutMs = 15_000): ConnectionTestGrant => ({ testId: `t${++made}`, connection, timeoutMs });
const childPids = (stateDir: string): number[] =>
  readFileSync(join(stateDir, "connection-test-children"), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => Number(line.split(" ")[0]));

test("a host tries what heartbeats bring, with its secrets, and reports what came out of it", async () => {
  const { port, asked } = await startServer(true);
  const { peer } = await startHost("");
  const [works, refused] = [grant(connectionTo(port)), grant(connectionTo(port, { login: null, password: null }))];
  peer.connectionTests.push(works, refused);
  await until(() => peer.connectionTestReports.length === 2, "both reports");
  const reported = new Map(peer.connectionTestReports.map((report) => [report.testId, report]));
  expect(reported.get(works.testId)).toMatchObject({ hostId: "host-1", status: true, message: expect.stringContaining("answered with 200") });
  expect(reported.get(refused.testId)).toMatchObject({ status: false, message: expect.stringContaining("the credentials were refused") });
  expect(asked.map(({ authorization }) => authorization)).toContain(`Basic ${Buffer.from("ann:s3cret-word").toString("base64")}`);
});

test("it tries two at once, none while it is drained, and tasks run meanwhile", async () => {
  const { port, asked } = await startServer(false);
  const { peer, run } = await startHost(`dag.task("t", async () => 1)();`, { slots: 1 });
  peer.connectionTests.push(...[1, 2, 3].map(() => grant(connectionTo(port), 2_000)));
  await until(() => asked.length === 2, "two tests that run");
  expect(peer.connectionTests).toHaveLength(1);
  expect((await run("t")).finish!.outcome.kind).toBe("success");
  peer.wanted = "drain";
  await until(() => peer.connectionTestReports.length === 2, "the end of both");
  expect(peer.connectionTestReports).toEqual(
    [1, 2].map(() => expect.objectContaining({ status: false, message: expect.stringContaining("took too long") })),
  );
  await until(() => peer.hostStates.at(-1) === "drained", "the drained host");
  expect(peer.connectionTests).toHaveLength(1);
  peer.wanted = "run";
  await until(() => peer.connectionTests.length === 0, "the third test");
});

test("a host that stops ends its tests, and reports nothing of them", async () => {
  const { port, asked } = await startServer(false);
  const { peer, host, stateDir } = await startHost("");
  peer.connectionTests.push(grant(connectionTo(port)));
  await until(() => asked.length === 1, "the test that runs");
  await until(() => childPids(stateDir).length === 1, "the record of its process");
  const [pid] = childPids(stateDir);
  await host.stop({ drain: false, timeoutMs: 0 });
  await until(() => !isAlive(pid!), "the end of its process");
  expect(peer.connectionTestReports).toEqual([]);
});

test("what a server or a library quotes of the secrets is masked", async () => {
  const options = { env: { PATH: process.env["PATH"] }, timeoutMs: 15_000 };
  const told = await testConnectionInChild(connectionTo(1, { host: "http://s3cret-word.invalid" }), options);
  expect(told).toMatchObject({ status: false, message: expect.stringContaining("***.invalid") });
  expect(told.message).not.toContain("s3cret-word");
});

test("that its process ends without an answer is an answer", async () => {
  const env = { PATH: process.env["PATH"], NODE_OPTIONS: "--import=data:text/javascript,process.exit(7)" };
  expect(await testConnectionInChild(connectionTo(1), { env, timeoutMs: 15_000 })).toEqual({
    status: false,
    message: "The process of the test ended without an answer (exit code 7).",
  });
});
