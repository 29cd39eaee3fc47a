import { type QueryClient, queryOptions } from "@tanstack/react-query";
import type { Rights } from "./permissions.ts";
import { readAnswer, send } from "./send.ts";

/** Who is logged in, and what they may do. */
export interface Session extends Rights {
  username: string;
  role: string;
  /** Nobody is logged in, and the server shows some of what it has all the same. */
  is_anonymous: boolean;
}

/** null: nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Session | null> => {
    const response = await send("GET", "/auth/me");
    if (response.status === 401) return null;
    return readAnswer<Session>(response);
  },
  staleTime: 60_000,
});

/** @throws RestApiError in the server's words: a wrong password, too many tries. */
export async function logIn(credentials: { username: string; password: string }): Promise<Session> {
  return readAnswer<Session>(await send("POST", "/auth/login", credentials));
}

export async function logOut(): Promise<void> {
  await send("POST", "/auth/logout");
}

/** Somebody else looks at the page now, or nobody: what was loaded for the one before goes. */
export function setSession(queryClient: QueryClient, session: Session | null): void {
  queryClient.setQueryData(sessionQuery.queryKey, session);
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
}
