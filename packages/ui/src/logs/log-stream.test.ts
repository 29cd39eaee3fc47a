import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { openLogStream } from "./log-stream.ts";

const PLACE = { dagId: "sales", runId: "r 1", taskId: "load", mapIndex: -1, tryNumber: 2 };
const PAGE = Object.assign(new EventTarget(), { hidden: false });

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server that answers each request in turn. */
async function serve(...answers: ((response: ServerResponse) => void)[]): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  server = createServer((request: IncomingMessage, response) => {
    asked.push(request.url!);
    answers[asked.length - 1]?.(response);
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const lines = (...messages: object[]): string => messages.map((message) => `${JSON.stringify(message)}\n`).join("");
const rowsOf = (stream: ReturnType<typeof openLogStream>): string[] => stream.book.rows.map(({ text }) => text);

it("goes on where the connection broke, and takes no line twice that came after the last place it was told", async () => {
  const { url, asked } = await serve(
    (response) => response.write(lines({ event: "a" }, { event: "b" }, { continuation_token: "after b" }, { event: "c" }), () => response.destroy()),
    (response) => response.end(lines({ event: "c" }, { event: "d" }, { continuation_token: null })),
  );
  const stream = openLogStream(PLACE, { page: PAGE, server: url });
  const seen: string[] = [];
  stream.subscribe(() => seen.push(stream.status));
  await vi.waitFor(() => expect(stream.status).toBe("ended"), 5000);
  expect(rowsOf(stream)).toEqual(["a", "b", "c", "d"]);
  expect(seen).toEqual(["live", "away", "live", "ended"]);
  expect(asked).toEqual([
    "/api/v2/dags/sales/dagRuns/r%201/taskInstances/load/logs/2?map_index=-1&follow=true&tokens=true",
    "/api/v2/dags/sales/dagRuns/r%201/taskInstances/load/logs/2?map_index=-1&follow=true&tokens=true&token=after%20b",
  ]);
});

it("tells what the server refuses, and asks no more", async () => {
  const { url, asked } = await serve((response) => response.writeHead(404).end(JSON.stringify({ detail: "There is no try 2.", code: "not_found" })));
  const stream = openLogStream(PLACE, { page: PAGE, server: url });
  await vi.waitFor(() => expect(stream.status).toBe("failed"), 5000);
  expect([stream.error?.status, stream.error?.message, asked.length]).toEqual([404, "There is no try 2.", 1]);
});

it("takes a field named as a place for what it is: a field", async () => {
  const { url } = await serve((response) => response.end(lines({ continuation_token: "mine", event: "said" }, { continuation_token: null })));
  const stream = openLogStream(PLACE, { page: PAGE, server: url });
  await vi.waitFor(() => expect(stream.status).toBe("ended"), 5000);
  expect(rowsOf(stream)).toEqual(["said continuation_token=mine"]);
});

it("waits for the page to be seen", async () => {
  const { url, asked } = await serve((response) => response.end(lines({ continuation_token: null })));
  const page = Object.assign(new EventTarget(), { hidden: true });
  const stream = openLogStream(PLACE, { page, server: url });
  await new Promise(setImmediate);
  expect([stream.status, asked.length]).toEqual(["loading", 0]);
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  await vi.waitFor(() => expect(stream.status).toBe("ended"), 5000);
});
