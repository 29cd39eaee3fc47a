import { RestApiError } from "@tradewind/client";

/** Asks the server for what is not in the REST API: logging in, and what belongs to the user. @throws RestApiError when it cannot be reached */
export async function send(method: string, path: string, body?: unknown): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new RestApiError({ status: undefined, code: "unreachable", message: "The server could not be reached.", cause: error });
  }
}

/** @throws RestApiError in the server's words */
export async function readAnswer<T>(response: Response): Promise<T> {
  const body = (await response.json().catch(() => ({}))) as { detail?: unknown; code?: string };
  if (response.ok) return body as T;
  const message = typeof body.detail === "string" ? body.detail : `The server answered with ${response.status}.`;
  throw new RestApiError({ status: response.status, code: body.code ?? "internal", message });
}
