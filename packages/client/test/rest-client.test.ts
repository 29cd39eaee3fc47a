import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServerOptions, createApiServer, createFileLogStore, createSignedTokens } from "@tradewind/api";
import { dagSpec } from "@tradewind/core/plain-spec";
import { createFernet, generateFernetKey } from "@tradewind/metadata";
import { insertUser } from "@tradewind/metadata/rest";
import { seedDag, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRestClient, type RestApiError, type RestClient } from "../src/index.ts";

const database = useTestDatabase();
const tokens = createSignedTokens({ secretKey: "a secret key for tests, long enough" });
let directory: string;
let baseUrl: string;
let client: RestClient;
let close: () => Promise<void>;

beforeAll(async () => {
  const { db } = database;
  for (const dagId of ["sales", "stock", "weather"]) await seedDag(db, { spec: dagSpec({ dagId, tags: [dagId] }) });
  await insertUser(db, { username: "admin", passwordHash: "none", role: "Admin" });
  directory = await mkdtemp(join(tmpdir(), "tradewind-client-"));
  const logs = createFileLogStore({ dir: directory });
  const engine = {} as ApiServerOptions["engine"];
  const { app } = await createApiServer({ db, engine, fernet: createFernet(generateFernetKey()), tokens, logs, version: "0.1.0" });
  baseUrl = await app.listen({ port: 0, host: "127.0.0.1" });
  client = createRestClient({ baseUrl, token: () => tokens.issue("access", "admin", 60_000) });
  close = async () => {
    await app.close();
    await logs.close();
  };
});

afterAll(async () => {
  await close();
  await rm(directory, { recursive: true, force: true });
});

async function failureOf(call: Promise<unknown>): Promise<RestApiError> {
  return (await call.then(
    () => expect.fail("the call succeeded"),
    (error: unknown) => error,
  )) as RestApiError;
}

it("asks with a query whose lists are repeated members, and gives typed answers", async () => {
  const { data } = await client.GET("/api/v2/dags", { params: { query: { tags: ["sales", "stock"], order_by: ["-dag_id"] } } });
  expect(data!.dags.map((dag) => dag.dag_id)).toEqual(["stock", "sales"]);
  expect(data!.total_entries).toBe(2);
});

it("sends bodies, and gives nothing for an answer without content", async () => {
  const { data: made } = await client.POST("/api/v2/pools", { body: { name: "warehouse", slots: 4 } });
  expect(made).toMatchObject({ name: "warehouse", open_slots: 4 });
  const { data, response } = await client.DELETE("/api/v2/pools/{pool_name}", { params: { path: { pool_name: "warehouse" } } });
  expect([data, response.status]).toEqual([undefined, 204]);
});

it("throws what the server refuses, with its code and the id of the request", async () => {
  const error = await failureOf(client.GET("/api/v2/dags/{dag_id}", { params: { path: { dag_id: "shop" } } }));
  expect(error).toMatchObject({ name: "RestApiError", status: 404, code: "dag_not_found" });
  expect(error.requestId).toMatch(/^[0-9a-f-]{36}$/);
});

it("lists what is wrong with a request", async () => {
  const error = await failureOf(client.POST("/api/v2/pools", { body: { name: "", slots: 1.5 } }));
  expect(error).toMatchObject({ status: 422, code: "validation_failed" });
  expect(error.problems.map(({ loc }) => loc.join("."))).toEqual(["body.name", "body.slots"]);
  expect(error.message).toContain("body.name: ");
});

it("says when it has no right", async () => {
  const error = await failureOf(createRestClient({ baseUrl }).GET("/api/v2/dags"));
  expect(error).toMatchObject({ status: 401, code: "unauthenticated" });
});

it("tells a server that cannot be reached from one that refuses, and shows a page that is not ours in part", async () => {
  const nobody = createRestClient({ baseUrl: "http://127.0.0.1:1" });
  expect(await failureOf(nobody.GET("/api/v2/version"))).toMatchObject({
    status: undefined,
    code: "unreachable",
    message: "http://127.0.0.1:1 could not be reached.",
  });
  const proxy = createRestClient({ baseUrl, fetch: async () => new Response("<h1>Bad gateway</h1>", { status: 502 }) });
  expect(await failureOf(proxy.GET("/api/v2/version"))).toMatchObject({
    status: 502,
    code: "internal",
    message: "The server answered with 502: <h1>Bad gateway</h1>",
  });
});

it("leaves a request that was given up what it is", async () => {
  const given = AbortSignal.abort(new Error("the page was left"));
  expect(await failureOf(client.GET("/api/v2/version", { signal: given }))).toMatchObject({ message: "the page was left" });
});
