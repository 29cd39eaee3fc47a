const TIMEOUT_MS = 120_000;

export type Request = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** Calls a REST API with a token; throws on any status but 2xx. */
export function restClient(url: string, token: string): Request {
  return async (method, path, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
    return (await response.json()) as never;
  };
}
