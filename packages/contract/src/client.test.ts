import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createExecutionApiClient } from "./client.ts";
import { retryDelayMs } from "./retry.ts";
import { CONTRACT_VERSION_HEADER } from "./version.ts";

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/execution/v1/`;
}

function clientFor(baseUrl: string) {
  const client = createExecutionApiClient({ baseUrl, hostToken: "t1", retry: { minDelayMs: 1, maxDelayMs: 5 } });
  onTestFinished(() => client.close());
  return client;
}

const EMPTY = { granted: [], refused: [], finished: [], next: [] };
const REQUEST = { hostId: "h", starts: [], finishes: [], want: 0, queues: null };

test("a call carries the token and the contract's version", async () => {
  const seen: unknown[] = [];
  const client = clientFor(
    await serve((request, response) => {
      seen.push([request.method, request.url, request.headers.authorization, request.headers[CONTRACT_VERSION_HEADER]]);
      response.end(JSON.stringify(EMPTY));
    }),
  );
  await client.exchange(REQUEST);
  client.setHostToken("t2");
  await client.exchange(REQUEST);
  expect(seen).toEqual([
    ["POST", "/execution/v1/exchange", "Bearer t1", "1"],
    ["POST", "/execution/v1/exchange", "Bearer t2", "1"],
  ]);
});

test("503 and broken connections are tried again, refusals are not", async () => {
  let calls = 0;
  const client = clientFor(
    await serve((request, response) => {
      calls++;
      if (request.url!.endsWith("logs")) response.writeHead(400).end(JSON.stringify({ code: "invalid_request", message: "a gap" }));
      else if (calls === 1) response.writeHead(503).end();
      else if (calls === 2) request.socket.destroy();
      else response.end(JSON.stringify(EMPTY));
    }),
  );
  expect(await client.exchange(REQUEST)).toEqual(EMPTY);
  expect(calls).toBe(3);
  await expect(client.sendLogs({ hostId: "h", chunks: [] })).rejects.toMatchObject({
    code: "invalid_request",
    httpStatus: 400,
    message: expect.stringContaining("a gap"),
  });
  expect(calls).toBe(4);
});

test("retries end with the time they are given, or with the signal", async () => {
  const client = clientFor(await serve((_, response) => response.writeHead(503).end("later")));
  await expect(client.exchange(REQUEST, { retryForMs: 0 })).rejects.toMatchObject({ httpStatus: 503 });
  const stop = new AbortController();
  const call = client.exchange(REQUEST, { signal: stop.signal, retryForMs: 60_000 });
  stop.abort(new Error("enough"));
  await expect(call).rejects.toThrow();
});

test("an answer that is not the contract's is an error that says so", async () => {
  const client = clientFor(await serve((_, response) => response.end("{}")));
  await expect(client.exchange(REQUEST)).rejects.toMatchObject({ code: "protocol_mismatch" });
});

test("deleting a variable that is not there is an answer, not an error", async () => {
  const client = clientFor(await serve((_, response) => response.writeHead(404).end()));
  expect(await client.forAttempt(() => "a").deleteVariable("x")).toBe(false);
});

test("delays grow up to their bound, with jitter", () => {
  const policy = { minDelayMs: 10, maxDelayMs: 100 };
  expect([0, 1, 2, 3, 4, 50].map((failures) => retryDelayMs(policy, failures, 1))).toEqual([10, 20, 40, 80, 100, 100]);
  expect(retryDelayMs(policy, 0, 0)).toBe(5);
});

test("a bundle without a source map is no error, since servers before it had none; other refusals are", async () => {
  const answers: Record<string, [number, string]> = {
    "/execution/v1/bundles/aa/map": [200, '{"version":3}'],
    "/execution/v1/bundles/bb/map": [404, '{"code":"bundle_not_found","message":"none"}'],
    "/execution/v1/bundles/cc/map": [401, '{"code":"unauthenticated","message":"who?"}'],
  };
  const client = clientFor(
    await serve((request, response) => {
      const [status, body] = answers[request.url ?? ""] ?? [500, ""];
      response.writeHead(status).end(body);
    }),
  );
  expect(await client.getBundleMap("aa")).toBe('{"version":3}');
  expect(await client.getBundleMap("bb")).toBeNull();
  await expect(client.getBundleMap("cc")).rejects.toMatchObject({ httpStatus: 401 });
});

test("a call ends with its signal while the server is silent, and the next one does not wait for it", async () => {
  const client = clientFor(
    await serve((request, response) => {
      if (!request.url!.endsWith("heartbeat")) response.end(JSON.stringify(EMPTY));
    }),
  );
  const stop = new AbortController();
  const silent = client.heartbeat({ hostId: "h", attempts: [], queued: [] }, { signal: stop.signal, retryForMs: 60_000 });
  setImmediate(() => stop.abort(new Error("enough")));
  await expect(silent).rejects.toThrow("enough");
  expect(await client.exchange(REQUEST)).toEqual(EMPTY);
});

test("an answer counts as a whole, in however many pieces and after whatever announcement it comes", async () => {
  const code = "x".repeat(300_000);
  const client = clientFor(
    await serve((_, response) => {
      response.writeProcessing();
      for (let start = 0; start < code.length; start += 100_000) response.write(code.slice(start, start + 100_000));
      response.end();
    }),
  );
  expect(String(await client.getBundle("a"))).toBe(code);
});
