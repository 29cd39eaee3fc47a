import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A server that speaks as much of Amazon S3's protocol as a client needs that reads, writes (also in parts) and lists. Objects are kept in memory, as `/bucket/key`. */
export class S3Server {
  readonly objects = new Map<string, Buffer>();
  /** `PUT /bucket/key` and the like, in order. */
  readonly requests: string[] = [];
  readonly authorizations = new Set<string>();
  endpoint = "";
  readonly #uploads = new Map<string, Map<number, Buffer>>();
  readonly #server: Server = createServer((request, response) => void this.#handle(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.endpoint = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.endpoint);
    const key = decodeURIComponent(url.pathname);
    const query = url.searchParams;
    this.requests.push(`${request.method} ${key}${query.has("partNumber") ? `?partNumber=${query.get("partNumber")}` : ""}`);
    this.authorizations.add(/Credential=([^/]+)/.exec(request.headers.authorization ?? "")?.[1] ?? "none");
    const body = await buffer(request);
    if (query.has("uploads") && request.method === "POST") return this.#beginUpload(response, key);
    if (query.has("uploadId")) return this.#upload(request.method!, response, key, query, body);
    if (request.method === "PUT") return this.#put(response, key, body);
    if (query.get("list-type") === "2") return this.#list(response, key.split("/")[1]!, query.get("prefix") ?? "");
    const object = this.objects.get(key);
    if (object === undefined) return void response.writeHead(404).end(xml("Error", "<Code>NoSuchKey</Code>"));
    sendRange(request, response, object);
  }

  #put(response: ServerResponse, key: string, body: Buffer): void {
    this.objects.set(key, body);
    response.setHeader("etag", etag(body)).end();
  }

  #beginUpload(response: ServerResponse, key: string): void {
    const id = String(this.#uploads.size + 1);
    this.#uploads.set(id, new Map());
    response.end(xml("InitiateMultipartUploadResult", `<Key>${key}</Key><UploadId>${id}</UploadId>`));
  }

  #upload(method: string, response: ServerResponse, key: string, query: URLSearchParams, body: Buffer): void {
    const parts = this.#uploads.get(query.get("uploadId")!)!;
    if (method === "PUT") {
      parts.set(Number(query.get("partNumber")), body);
      response.setHeader("etag", etag(body)).end();
    } else {
      const ordered = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
      this.objects.set(key, Buffer.concat(ordered));
      response.end(xml("CompleteMultipartUploadResult", `<ETag>"done"</ETag>`));
    }
  }

  #list(response: ServerResponse, bucket: string, prefix: string): void {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(`/${bucket}/${prefix}`)).sort();
    const members = keys.map((key) => {
      const object = this.objects.get(key)!;
      const facts = `<Size>${object.length}</Size><ETag>${etag(object)}</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified>`;
      return `<Contents><Key>${key.slice(bucket.length + 2)}</Key>${facts}</Contents>`;
    });
    response.end(xml("ListBucketResult", `<IsTruncated>false</IsTruncated>${members.join("")}`));
  }
}

function sendRange(request: IncomingMessage, response: ServerResponse, object: Buffer): void {
  const facts = { etag: etag(object), "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (range === null) {
    response.writeHead(200, { ...facts, "content-length": object.length }).end(request.method === "HEAD" ? undefined : object);
    return;
  }
  const [from, to] = [Number(range[1]), range[2] === "" ? object.length - 1 : Math.min(Number(range[2]), object.length - 1)];
  response.writeHead(206, { ...facts, "content-range": `bytes ${from}-${to}/${object.length}` }).end(object.subarray(from, to + 1));
}

function etag(body: Buffer): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

function xml(root: string, body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><${root}>${body}</${root}>`;
}
