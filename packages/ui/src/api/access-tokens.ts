import { queryOptions } from "@tanstack/react-query";
import { readAnswer, send } from "./send.ts";

/** A token that the user has made for a program. */
export interface AccessToken {
  id: string;
  name: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export const accessTokensQuery = queryOptions({
  queryKey: ["access-tokens"],
  queryFn: async () => (await readAnswer<{ tokens: AccessToken[] }>(await send("GET", "/auth/tokens"))).tokens,
});

/** @returns with the token itself, which is told this once */
export async function makeAccessToken({ name, days }: { name: string; days: number | null }): Promise<AccessToken & { token: string }> {
  return readAnswer(await send("POST", "/auth/tokens", { name, expires_in_days: days }));
}

export async function revokeAccessToken(id: string): Promise<void> {
  await readAnswer(await send("DELETE", `/auth/tokens/${id}`));
}
