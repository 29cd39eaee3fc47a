import { RestApiError } from "@tradewind/client";
import { type QueryClient, queryOptions } from "@tanstack/react-query";

/** Who is logged in, and what they may do. */
export interface Session {
  username: string;
  role: string;
  permissions: string[];
}

/** null: nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Session | null> => {
    const response = await request("GET", "/auth/me");
    if (response.status === 401) return null;
    return readAnswer<Session>(response);
  },
  staleTime: 60_000,
});

/** @throws RestApiError in the server's words: a wrong password, too many tries. */
export async function logIn(credentials: { username: string; password: string }): Promise<Session> {
  return readAnswer<Session>(await request("POST", "/auth/login", credentials));
}

export async function logOut(): Promise<void> {
  await request("POST", "/auth/logout");
}

/** Somebody else looks at the page now, or nobody: what was loaded for the one before goes. */
export function setSession(queryClient: QueryClient, session: Session | null): void {
  queryClient.setQueryData(sessionQuery.queryKey, session);
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
}

async function request(method: string, path: string, body?: unknown): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new RestApiError({ status: undefined, code: "unreachable", message: "The server could not be reached.", cause: error });
  }
}

async function readAnswer<T>(response: Response): Promise<T> {
  const body = (await response.json().catch(() => ({}))) as { detail?: unknown; code?: string };
  if (response.ok) return body as T;
  const message = typeof body.detail === "string" ? body.detail : `The server answered with ${response.status}.`;
  throw new RestApiError({ status: response.status, code: body.code ?? "internal", message });
}
