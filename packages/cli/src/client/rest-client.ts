import { ERROR_CODES, type ErrorCode, errorMessage } from "@tradewind/core";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { type Credentials, findCredentials, TokenCache } from "./credentials.ts";
import { findServer, type ServerAddress } from "./server-address.ts";

export interface RestClientOptions {
  url: string | undefined;
  env: NodeJS.ProcessEnv;
  home: string;
}

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

interface RequestOptions {
  query?: Query;
  body?: unknown;
  accept?: string;
  signal?: AbortSignal;
}

/** Largest page that servers give unless configured otherwise; lists are read page by page. */
const PAGE = 100;

/** The REST API of a running Tradewind, as the commands use it. Logs in when first needed. */
export class RestClient {
  readonly server: ServerAddress;
  readonly #credentials: Credentials | null;
  readonly #cache: TokenCache | null;
  #token: string | null;

  constructor(options: RestClientOptions) {
    this.server = findServer(options);
    this.#credentials = findCredentials({ ...options, server: this.server });
    this.#cache = this.#credentials?.kind === "password" ? new TokenCache(options.home, this.server, this.#credentials) : null;
    this.#token = this.#credentials?.kind === "token" ? this.#credentials.token : (this.#cache?.read() ?? null);
  }

  async get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
    return (await (await this.#request("GET", path, { query, signal })).json()) as T;
  }

  /** The members of a stream of JSON lines, as they come. */
  async *stream<T>(path: string, query: Query): AsyncGenerator<T> {
    const response = await this.#request("GET", path, { query, accept: "application/x-ndjson" });
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body!) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) if (line !== "") yield JSON.parse(line) as T;
    }
  }

  async send<T>(method: "POST" | "PATCH" | "PUT", path: string, body: unknown, query?: Query): Promise<T> {
    const response = await this.#request(method, path, { body, query });
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  async delete(path: string): Promise<void> {
    await (await this.#request("DELETE", path, {})).arrayBuffer();
  }

  /** Undefined where the server says that it does not exist. */
  async find<T>(path: string): Promise<T | undefined> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof CliError && error.exitCode === EXIT.notFound) return undefined;
      throw error;
    }
  }

  /** All items of a list, or at most `limit`, page by page. */
  async list<T>(path: string, member: string, query: Query = {}, limit = Number.POSITIVE_INFINITY): Promise<T[]> {
    const items: T[] = [];
    while (items.length < limit) {
      const page = await this.get<Record<string, unknown>>(path, { ...query, limit: Math.min(PAGE, limit - items.length), offset: items.length });
      const found = page[member] as T[];
      items.push(...found);
      if (found.length === 0 || items.length >= (page["total_entries"] as number)) break;
    }
    return items;
  }

  async #request(method: string, path: string, options: RequestOptions): Promise<Response> {
    this.#token ??= await this.#logIn();
    let response = await this.#fetch(method, path, options, this.#token);
    if (response.status === 401 && this.#cache !== null) {
      // The kept token has expired, or the server has a new key.
      this.#cache.forget();
      this.#token = await this.#logIn();
      response = await this.#fetch(method, path, options, this.#token);
    }
    if (!response.ok) throw await this.#refusal(method, path, response);
    return response;
  }

  async #logIn(): Promise<string> {
    if (this.#credentials?.kind === "token") return this.#credentials.token;
    if (this.#credentials === null) {
      // That nobody answers is the better thing to know first.
      await this.#fetch("GET", "/api/v2/version", {}, null);
      throw noCredentials(this.server);
    }
    const { username, password, from } = this.#credentials;
    const response = await this.#fetch("POST", "/auth/token", { body: { username, password } }, null);
    if (response.status === 401) {
      throw new CliError("unauthenticated", `The server at ${this.server.url} does not accept user "${username}" with the password from ${from}.`, {
        exitCode: EXIT.denied,
        hint: "Set TRADEWIND_API_USER and TRADEWIND_API_PASSWORD, or TRADEWIND_API_TOKEN.",
      });
    }
    if (!response.ok) throw await this.#refusal("POST", "/auth/token", response);
    const { access_token: token } = (await response.json()) as { access_token: string };
    this.#cache?.write(token);
    return token;
  }

  async #fetch(method: string, path: string, { query, body, accept, signal }: RequestOptions, token: string | null): Promise<Response> {
    const headers: Record<string, string> = { accept: accept ?? "application/json" };
    if (token !== null) headers["authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      return await fetch(`${this.server.url}${path}${queryString(query)}`, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw unreachable(this.server, error);
    }
  }

  async #refusal(method: string, path: string, response: Response): Promise<CliError> {
    const text = await response.text();
    const { message, code, details } = readRefusal(text, response.status);
    const exitCode = exitCodeOfStatus(response.status);
    const told = message ?? `The server at ${this.server.url} answered ${method} ${path} with status ${response.status}.`;
    return new CliError(code, told, { exitCode, details: { ...details, status: response.status } });
  }
}

/** A path with its parts encoded: `path\`/api/v2/dags/${dagId}\``. */
export function path(strings: TemplateStringsArray, ...parts: (string | number)[]): string {
  return String.raw({ raw: strings }, ...parts.map((part) => encodeURIComponent(part)));
}

function queryString(query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return (Array.isArray(value) ? (value as readonly string[]) : [String(value as string | number | boolean)]).map((one): [string, string] => [
      name,
      one,
    ]);
  });
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`;
}

function exitCodeOfStatus(status: number): number {
  if (status === 401 || status === 403) return EXIT.denied;
  if (status === 404) return EXIT.notFound;
  if (status === 400 || status === 422) return EXIT.usage;
  return EXIT.failed;
}

const CODE_OF_STATUS: Record<number, ErrorCode> = {
  400: "invalid_request",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  422: "validation_failed",
};

/** Airflow's error shape: `detail` is a text, an object, or a list of problems with their places. */
function readRefusal(text: string, status: number): { message: string | null; code: ErrorCode; details: Record<string, unknown> } {
  const code = CODE_OF_STATUS[status] ?? "internal";
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { message: null, code, details: {} };
  }
  const details = (typeof body["details"] === "object" && body["details"] !== null ? body["details"] : {}) as Record<string, unknown>;
  const named = typeof body["code"] === "string" && Object.hasOwn(ERROR_CODES, body["code"]) ? (body["code"] as ErrorCode) : code;
  return { message: readDetail(body["detail"]), code: named, details };
}

function readDetail(detail: unknown): string | null {
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) {
    return (detail as { loc?: unknown[]; msg?: string }[]).map((problem) => `${(problem.loc ?? []).join(".")}: ${problem.msg ?? ""}`).join("; ");
  }
  if (typeof detail === "object" && detail !== null) {
    const { message, reason } = detail as { message?: unknown; reason?: unknown };
    return typeof message === "string" ? message : typeof reason === "string" ? reason : JSON.stringify(detail);
  }
  return null;
}

function unreachable(server: ServerAddress, error: unknown): CliError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const why = (cause as NodeJS.ErrnoException).code ?? errorMessage(cause);
  return new CliError("timeout", `No Tradewind server answers at ${server.url} (from ${server.from}): ${why}.`, {
    exitCode: EXIT.unreachable,
    hint: "Start one with `npm start` (or `tradewind standalone`), or say where it is with --url or TRADEWIND_API_URL.",
    details: { url: server.url },
    cause: error,
  });
}

function noCredentials(server: ServerAddress): CliError {
  return new CliError("unauthenticated", `There is no way to log in to ${server.url}.`, {
    exitCode: EXIT.denied,
    hint: "Set TRADEWIND_API_TOKEN, or TRADEWIND_API_USER and TRADEWIND_API_PASSWORD. The password that an installation made is in the file admin-password of its home directory, which is used for its own server only.",
  });
}
