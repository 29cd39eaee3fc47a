import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface ShopRequest {
  method: string;
  path: string;
  authorization: string | undefined;
  body: unknown;
}

const ORDERS = [250, 1250, 400, 99, 1].map((cents, index) => ({ id: index + 1, cents }));
const CREDENTIALS = `Basic ${Buffer.from("clerk:secret").toString("base64")}`;

/** What the HTTP examples ask: a shop with orders in pages, and somebody who takes messages of all kinds. */
export class ShopServer {
  readonly requests: ShopRequest[] = [];
  readonly login = "clerk";
  readonly password = "secret";
  url = "";
  readonly #server: Server = createServer((request, response) => void this.#handle(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.url);
    const content = await text(request);
    const { authorization } = request.headers;
    this.requests.push({ method: request.method!, path: request.url!, authorization, body: content === "" ? null : JSON.parse(content) });
    const answer = (status: number, body: object) =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (url.pathname.startsWith("/hooks")) return answer(200, { ok: true });
    if (authorization !== CREDENTIALS) return answer(401, { error: "Log in as the clerk" });
    if (url.pathname.startsWith("/exports/")) return answer(200, { state: "done" });
    if (url.pathname === "/orders") return answer(200, pageOf(url.searchParams));
    if (url.pathname === "/receipts" && request.method === "POST") return answer(200, { accepted: true });
    answer(404, { error: `There is no ${url.pathname}` });
  }
}

/** The answer names the next page by its URL, and the last one names none. */
function pageOf(query: URLSearchParams): object {
  const [size, page] = [Number(query.get("size") ?? 100), Number(query.get("page") ?? 1)];
  const orders = ORDERS.slice((page - 1) * size, page * size);
  const isLast = page * size >= ORDERS.length;
  return { orders, next: isLast ? null : `/orders?day=${query.get("day")}&size=${size}&page=${page + 1}` };
}
