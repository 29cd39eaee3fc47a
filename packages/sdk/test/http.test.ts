import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "@tradewind/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection, Operator } from "../src/index.ts";
import { classifyError } from "../src/internal.ts";
import { http } from "../src/operators/index.ts";
import { httpSensor, PokeReturn } from "../src/sensors/index.ts";
import { runOperator } from "./run-operator.ts";
import { SensorClock } from "./sensor-clock.ts";

type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => void;

class TestServer {
  answer: Answer = (_request, _body, response) => response.end("{}");
  origin = "";
  readonly #server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk)).on("end", () => this.answer(request, body, response));
  });

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let server: TestServer;
let clock: SensorClock;
beforeEach(async () => {
  server = await new TestServer().start();
  clock = new SensorClock();
});
afterEach(() => server.stop());

const run = (operator: Operator<never, unknown>) => runOperator(clock.runtime, operator);
const json = (response: ServerResponse, body: unknown) => response.end(JSON.stringify(body));

function setConnection(fields: Partial<Connection>): void {
  const { hostname, port } = new URL(server.origin);
  const empty = { description: null, login: null, password: null, schema: null, extra: {} };
  clock.runtime.connections.set("api", { connectionId: "api", connType: "http", host: hostname, port: Number(port), ...empty, ...fields });
}

describe("pages", () => {
  it("asks one after the other, and results in all of them", async () => {
    const asked: string[] = [];
    server.answer = (request, _body, response) => {
      asked.push(request.url!);
      const page = Number(new URL(request.url!, server.origin).searchParams.get("page") ?? 1);
      json(response, { items: [page * 10], next: page < 3 ? `/list?page=${page + 1}` : null });
    };
    type Page = { items: number[]; next: string | null };
    const pages = http("t", { url: `${server.origin}/list`, nextPage: (page) => (page as Page).next });
    expect(await run(pages)).toEqual([
      { items: [10], next: "/list?page=2" },
      { items: [20], next: "/list?page=3" },
      { items: [30], next: null },
    ]);
    expect(asked).toEqual(["/list", "/list?page=2", "/list?page=3"]);
    const items = http("t", {
      url: `${server.origin}/list`,
      query: { size: 1 },
      nextPage: (page) => ((page as Page).next === null ? null : { query: { page: 3 } }),
      responseFilter: (bodies) => bodies.flatMap((body) => (body as Page).items),
    });
    expect(await run(items)).toEqual([10, 30]);
    expect(asked.slice(3)).toEqual(["/list?size=1", "/list?size=1&page=3"]);
  });

  it("may change the body and the headers, and keeps the rest", async () => {
    server.answer = (request, body, response) => json(response, [request.method, request.headers["x-a"], request.headers["x-b"], body]);
    const operator = http("t", {
      url: server.origin,
      method: "POST",
      headers: { "x-a": "1" },
      body: { from: 0 },
      nextPage: (body) => ((body as Json[])[3] === '{"from":0}' ? { body: { from: 1 }, headers: { "x-b": "2" } } : null),
    });
    expect(await run(operator)).toEqual([
      ["POST", "1", null, '{"from":0}'],
      ["POST", "1", "2", '{"from":1}'],
    ]);
  });

  it("gives no credentials to another host", async () => {
    const other = await new TestServer().start();
    other.answer = (request, _body, response) => json(response, request.headers.authorization ?? "none");
    setConnection({ login: "u", password: "p" });
    server.answer = (request, _body, response) => json(response, request.headers.authorization);
    const operator = http("t", { connection: "api", url: "/", nextPage: (_body, { url }) => (url.startsWith(server.origin) ? other.origin : null) });
    expect(await run(operator)).toEqual([expect.stringMatching(/^Basic /), "none"]);
    await other.stop();
  });

  it("stops at maxPages", async () => {
    await expect(run(http("t", { url: server.origin, nextPage: () => "/", maxPages: 3 }))).rejects.toThrow('Task "t" has read 3 pages');
    expect(() => http("t", { url: "x", nextPage: () => null, maxPages: 0 })).toThrow("it must be a whole number of 1 or more");
  });
});

describe("one request", () => {
  it("names the time it waited in vain", async () => {
    server.answer = () => {};
    await expect(run(http("t", { url: server.origin, timeout: "50ms" }))).rejects.toThrow(
      /^GET .* was not answered within 50ms\. Set a longer timeout/,
    );
    server.answer = (_request, _body, response) => response.write("half");
    await expect(run(http("t", { url: server.origin, timeout: "50ms" }))).rejects.toThrow("was not answered within 50ms");
  });

  it.each<[number, string | undefined, object]>([
    [429, "90", { kind: "retry", afterMs: 90_000 }],
    [503, "0", { kind: "retry", afterMs: 0 }],
    [503, undefined, { kind: "error" }],
    [500, "90", { kind: "error" }],
  ])("takes %i with Retry-After %s as %j", async (status, after, verdict) => {
    server.answer = (_request, _body, response) => response.writeHead(status, after === undefined ? {} : { "retry-after": after }).end("busy");
    const error = await run(http("t", { url: server.origin })).catch((thrown: unknown) => thrown);
    expect(classifyError(error)).toMatchObject({ ...verdict, message: expect.stringContaining(`answered with ${status}`) });
  });

  it("authenticates by a token, and sends the headers of its connection", async () => {
    setConnection({ password: "abc", extra: { auth: "bearer", "X-Tenant": "t1", timeout: "9", headers: { "X-More": "m" } } });
    server.answer = ({ headers }, _body, response) =>
      json(response, [headers.authorization, headers["x-tenant"], headers["x-more"], headers.timeout ?? null]);
    expect(await run(http("t", { connection: "api", url: "a" }))).toEqual(["Bearer abc", "t1", "m", null]);
  });

  it("says what is wrong with a connection", async () => {
    setConnection({ connType: "postgres" });
    await expect(run(http("t", { connection: "api", url: "a" }))).rejects.toMatchObject({
      code: "connection_invalid",
      message: expect.stringMatching(/^Connection "api" can't be used as an HTTP server: it has the type "postgres"/),
    });
    setConnection({ host: null });
    await expect(run(http("t", { connection: "api", url: "a" }))).rejects.toThrow('"/a" is not a URL. Connection "api" has no host.');
  });
});

describe("httpSensor", () => {
  it("waits through 404 until the check says yes", async () => {
    const answers: [number, string][] = [
      [404, ""],
      [200, '{"state":"running"}'],
      [200, '{"state":"done","file":"a"}'],
    ];
    server.answer = (_request, _body, response) => {
      const [status, body] = answers.shift()!;
      response.writeHead(status).end(body);
    };
    type Export = { state: string; file: string };
    const operator = httpSensor("t", {
      url: server.origin,
      response: "json",
      check: (body) => new PokeReturn((body as Export).state === "done", (body as Export).file),
    });
    expect(await clock.attempt(operator)).toEqual({ kind: "success", result: "a" });
    expect(clock.sleeps).toHaveLength(2);
  });

  it("fails its try on other statuses, and may take some for not yet", async () => {
    let status = 500;
    server.answer = (_request, _body, response) => response.writeHead(status).end();
    expect(await clock.attempt(httpSensor("t", { url: server.origin }))).toMatchObject({ kind: "error" });
    const options = { url: server.origin, notYetStatuses: [404, 500], mode: "reschedule" } as const;
    expect(await clock.attempt(httpSensor("t", options))).toMatchObject({ kind: "reschedule" });
    status = 204;
    expect(await clock.attempt(httpSensor("t", options))).toMatchObject({ kind: "success" });
  });
});
