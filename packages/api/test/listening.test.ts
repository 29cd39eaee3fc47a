import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { createTestDatabase, run, seedDag, seedDagRun, seedTaskInstance, type TestDatabase } from "@tradewind/metadata/testing";
import { createFernet, generateFernetKey } from "@tradewind/metadata";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { FastifyBaseLogger } from "fastify";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type ApiServer, createApiServer, createFileLogStore, createSignedTokens, ensureAdmin, type TaskLogStore } from "../src/index.ts";
import { dagSpec, taskSpec } from "./specs.ts";
import { noEngine } from "./test-server.ts";

const ATTEMPT = "019b76da-a800-7000-8000-000000000001";
const LOG = "/api/v2/dags/sales/dagRuns/r1/taskInstances/load/logs/1?follow=true";
const WAIT = "/api/v2/dags/sales/dagRuns/r1/wait?interval=0.2";
const tokens = createSignedTokens({ secretKey: "a secret key for tests, long enough" });

let database: TestDatabase;
let directory: string;
let logs: TaskLogStore;
let server: ApiServer;
let address: string;
let clockMs = 0;
/** What the server logged as errors. */
const errors: unknown[] = [];
const logger: FastifyBaseLogger = {
  level: "error",
  silent: () => undefined,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: (...told: unknown[]) => void errors.push(told),
  error: (...told: unknown[]) => void errors.push(told),
  fatal: (...told: unknown[]) => void errors.push(told),
  child: () => logger,
};

beforeEach(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), "tradewind-logs-"));
  logs = createFileLogStore({ dir: directory });
  const fernet = createFernet(generateFernetKey());
  clockMs = Date.UTC(2026, 0, 1);
  errors.splice(0);
  server = await createApiServer({
    ...{ db: database.db, engine: noEngine, fernet, tokens, logs, version: "0.1.0", checkAnswers: true, logger },
    live: { heartbeatMs: 50, followedLogsPerUser: 2 },
    now: () => clockMs,
  });
  address = await server.app.listen({ host: "127.0.0.1", port: 0 });
  await ensureAdmin(database.db, { username: "admin", password: "right" });
  await seedDag(database.db, { spec: dagSpec("sales", { tasks: [taskSpec("load")] }) });
  const dagRunId = await seedDagRun(database.db, { dagId: "sales", runId: "r1", state: "running" });
  await seedTaskInstance(database.db, { dagRunId, taskId: "load", state: "running", tryNumber: 1, attemptId: ATTEMPT });
  await logs.append(ATTEMPT, { offset: 0, lines: [{ at: 0, level: "info", stream: "log", message: "begun" }] });
});

afterEach(async () => {
  await server.app.close();
  await logs.close();
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

async function follow(path = LOG): Promise<IncomingMessage> {
  const authorization = `Bearer ${tokens.issue("access", "admin", 60_000)}`;
  const request = get(`${address}${path}`, { headers: { authorization, accept: "application/x-ndjson" }, agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response.setEncoding("utf8");
}

it("a log is followed while the attempt writes it, to its end", async () => {
  const response = await follow();
  const [first] = (await once(response, "data")) as [string];
  expect(first).toContain("begun");
  await logs.append(ATTEMPT, { offset: 1, lines: [{ at: 1, level: "info", stream: "log", message: "going on" }] });
  const [second] = (await once(response, "data")) as [string];
  expect(second).toContain("going on");
  await logs.append(ATTEMPT, { offset: 2, lines: [], last: true });
  await once(response.resume(), "end");
});

describe.each([LOG, WAIT])("%s", (path) => {
  it("is no error when who reads it leaves before its end", async () => {
    const response = await follow(path);
    await once(response, "data");
    response.destroy();
    const connections = (): Promise<number> => new Promise((resolve) => server.app.server.getConnections((_error, count) => resolve(count)));
    await expect.poll(connections).toBe(0);
    // What the end of the connection set off has come to its own end by the time of another answer.
    expect((await fetch(`${address}/api/v2/version`)).status).toBe(200);
    expect(errors).toEqual([]);
  });

  it.each([
    ["a user who is switched off", "is_active = false"],
    ["a role that may read no more", "role = 'Public'"],
    ["log-ins that were ended", "tokens_valid_from = now() + interval '1 hour'"],
  ])("ends for %s", async (_who, change) => {
    const response = await follow(path);
    await once(response, "data");
    const ended = once(response.resume(), "end");
    await run(database.db, { text: `update user_account set ${change} where username = 'admin'`, values: [] });
    clockMs += 6000;
    await ended;
    expect(errors).toEqual([]);
  });
});

it("nobody follows more logs at a time than the limit; one that was left makes room", async () => {
  const [first, second] = [await follow(), await follow()];
  const refused = await follow();
  expect(refused.statusCode).toBe(429);
  expect(await text(refused)).toContain('The user \\"admin\\" has 2 logs open that are followed: close some.');
  second.destroy();
  await vi.waitFor(async () => {
    const again = await follow();
    onTestFinished(() => void again.destroy());
    expect(again.statusCode).toBe(200);
  });
  first.destroy();
});

it("a close ends what would go on, and does not wait for the attempt", async () => {
  const response = await follow();
  await once(response, "data");
  const ended = once(response.resume(), "end");
  await server.app.close();
  await ended;
  await expect(fetch(`${address}/api/v2/version`)).rejects.toThrow("fetch failed");
});

it("a database that is away is told as such, and nothing of the inside", async () => {
  await database.drop();
  const health = (await (await fetch(`${address}/api/v2/monitor/health`)).json()) as { metadatabase: { status: string } };
  expect(health.metadatabase.status).toBe("unhealthy");
  const dags = await fetch(`${address}/api/v2/dags`, { headers: { authorization: `Bearer ${tokens.issue("access", "admin", 60_000)}` } });
  expect([500, 503]).toContain(dags.status);
  expect(await dags.text()).not.toMatch(/pool|pg|select/i);
});

it("a connection that is busy when the server stops, and that its client then keeps, does not hold up the end", async () => {
  const agent = new Agent({ keepAlive: true });
  const authorization = `Bearer ${tokens.issue("access", "admin", 60_000)}`;
  const request = get(`${address}${LOG}`, { headers: { authorization, accept: "application/x-ndjson" }, agent });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  await once(response, "data");
  const closed = server.app.close();
  await once(response.resume(), "end");
  await expect(closed).resolves.not.toThrow();
  agent.destroy();
});
