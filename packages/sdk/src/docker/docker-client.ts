import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { errorMessage, type Json, TradewindError } from "@tradewind/core";
import type { DockerAddress, DockerSettings } from "../connections/docker-kind.ts";

export interface DockerCall {
  query?: Record<string, string | number | boolean>;
  body?: Json;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The Docker API, which Podman speaks too: over a socket file or a server. One connection per call; some last as long as a container runs. */
export class DockerClient {
  readonly #address: DockerAddress;
  readonly #tls: DockerSettings["tls"];

  constructor({ address, tls }: Pick<DockerSettings, "address" | "tls">) {
    this.#address = address;
    this.#tls = tls;
  }

  get name(): string {
    return this.#address.kind === "socket" ? this.#address.socketPath : this.#address.url;
  }

  /** The answer's JSON; null for an empty one. */
  async call<T = Json>(method: string, path: string, call: DockerCall = {}): Promise<T> {
    const body = await text(await this.stream(method, path, call));
    return (body.trim() === "" ? null : JSON.parse(body)) as T;
  }

  /** As `call`, but a status of 404 gives undefined. */
  async find<T>(method: string, path: string, call: DockerCall = {}): Promise<T | undefined> {
    try {
      return await this.call<T>(method, path, call);
    } catch (error) {
      if (error instanceof DockerRefusal && error.httpStatus === 404) return undefined;
      throw error;
    }
  }

  /** The answer as it comes. @throws DockerRefusal for any status from 300 on; 304 means "is so already" */
  async stream(method: string, path: string, call: DockerCall = {}): Promise<IncomingMessage> {
    const response = await this.#send(method, path, call);
    const status = response.statusCode ?? 0;
    if ((status >= 200 && status < 300) || status === 304) return response;
    throw new DockerRefusal(`${method} ${path}`, status, messageOf(await text(response)));
  }

  #send(method: string, path: string, { query = {}, body, headers = {}, signal }: DockerCall): Promise<IncomingMessage> {
    const search = new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])).toString();
    const content = body === undefined ? undefined : JSON.stringify(body);
    const options = {
      method,
      path: search === "" ? path : `${path}?${search}`,
      headers: { host: "docker", ...(content === undefined ? {} : { "content-type": "application/json" }), ...headers },
      signal,
      agent: false,
    };
    return new Promise((resolve, reject) => {
      const request = this.#open(options);
      request.once("response", resolve);
      request.once("error", (cause) => reject(signal?.aborted ? cause : this.#unreachable(cause)));
      request.end(content);
    });
  }

  #open(options: object): ClientRequest {
    if (this.#address.kind === "socket") return httpRequest({ ...options, socketPath: this.#address.socketPath });
    const { protocol, hostname, port } = new URL(this.#address.url);
    return protocol === "https:" ? httpsRequest({ ...options, ...this.#tls, hostname, port }) : httpRequest({ ...options, hostname, port });
  }

  #unreachable(cause: Error): TradewindError {
    const { code } = cause as NodeJS.ErrnoException;
    const advice =
      code === "EACCES"
        ? "The worker may not open it: let its user join the group that owns the socket."
        : "Check that the engine runs there; set DOCKER_HOST or a connection of the type docker to use another (of Podman: podman system service).";
    return new TradewindError("task_failed", `The Docker API at ${this.name} can't be reached: ${errorMessage(cause)}. ${advice}`, { cause });
  }
}

/** The engine took the call and said no. */
export class DockerRefusal extends TradewindError {
  readonly httpStatus: number;

  constructor(call: string, httpStatus: number, message: string) {
    super("task_failed", `The Docker API refused ${call} with ${httpStatus}: ${message}`, { details: { httpStatus } });
    this.httpStatus = httpStatus;
  }
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body;
  } catch {
    return body.trim();
  }
}
