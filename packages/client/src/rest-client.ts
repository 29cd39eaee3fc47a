import createClient, { type Client } from "openapi-fetch";
import { errorOfAnswer, RestApiError } from "./rest-api-error.ts";
import type { paths } from "./schema.gen.ts";

export interface RestClientOptions {
  /** Address of the server, without `/api/v2`. In a browser that has the page from it: `""`. */
  baseUrl: string;
  /** Bearer token, as `POST /auth/token` gives it; a function is asked at each request. Default: none (a browser's cookie). */
  token?: string | (() => string | undefined);
  /** Default: the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** `GET`, `POST` … by path, with types for parameters, bodies and answers. */
export type RestClient = Client<paths>;

/**
 * A typed client of the REST API. Anything but success is thrown as `RestApiError`, so `data` is there whenever a call returns.
 *
 * @example
 * const client = createRestClient({ baseUrl: "http://localhost:8080", token });
 * const { data } = await client.GET("/api/v2/dags", { params: { query: { paused: false, limit: 10 } } });
 */
export function createRestClient({ baseUrl, token, fetch = (request) => globalThis.fetch(request) }: RestClientOptions): RestClient {
  const client = createClient<paths>({ baseUrl, fetch: reaching(fetch), querySerializer: { array: { style: "form", explode: true } } });
  client.use({
    onRequest({ request }) {
      const value = typeof token === "function" ? token() : token;
      if (value !== undefined) request.headers.set("authorization", `Bearer ${value}`);
    },
    async onResponse({ response }) {
      if (!response.ok) throw await errorOfAnswer(response);
    },
  });
  return client;
}

/** No answer is an error of ours too; a request that was given up stays what it is. */
function reaching(fetch: (request: Request) => Promise<Response>): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      return await fetch(request);
    } catch (error) {
      if (request.signal.aborted) throw error;
      throw new RestApiError({
        status: undefined,
        code: "unreachable",
        message: `${new URL(request.url).origin} could not be reached.`,
        cause: error,
      });
    }
  };
}
