import type { components } from "@tradewind/client";
import { queryOptions } from "@tanstack/react-query";
import { api } from "./client.ts";
import { readAnswer, send } from "./send.ts";

export type User = components["schemas"]["UserResponse"];
export type Role = components["schemas"]["RoleResponse"];
export type RoleName = components["schemas"]["RoleName"];
export type DagGrant = components["schemas"]["DagGrantResponse"];
export type DagGrantBody = components["schemas"]["DagGrantBody"];

const MOST_USERS = 100;

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async ({ signal }) => {
    const users: User[] = [];
    for (let total = 1; users.length < total;) {
      const { data } = await api.GET("/api/v2/users", { params: { query: { limit: MOST_USERS, offset: users.length } }, signal });
      if (data!.users.length === 0) break;
      users.push(...data!.users);
      total = data!.total_entries;
    }
    return users;
  },
});

export const rolesQuery = queryOptions({
  queryKey: ["roles"],
  queryFn: async ({ signal }) => (await api.GET("/api/v2/roles", { signal })).data!.roles,
  staleTime: 600_000,
});

export const dagGrantsQuery = queryOptions({
  queryKey: ["dag-grants"],
  queryFn: async ({ signal }) => (await api.GET("/api/v2/dagGrants", { signal })).data!.dag_grants,
});

export interface UserText {
  username: string;
  role: RoleName;
  first_name: string;
  last_name: string;
  email: string;
  active: boolean;
}

/** @param password for a new user, or to replace that of one; empty: it stays */
export async function saveUser({ isNew, password, ...user }: UserText & { isNew: boolean; password: string }): Promise<void> {
  if (isNew) {
    await api.POST("/api/v2/users", { body: { ...user, password } });
    return;
  }
  const { username, ...rest } = user;
  const params = { path: { username } };
  await api.PATCH("/api/v2/users/{username}", { params, body: rest });
  if (password !== "") await api.POST("/api/v2/users/{username}/password", { params, body: { password } });
}

export async function deleteUser(username: string): Promise<void> {
  await api.DELETE("/api/v2/users/{username}", { params: { path: { username } } });
}

export async function saveGrant(body: DagGrantBody): Promise<void> {
  await api.POST("/api/v2/dagGrants", { body });
}

export async function deleteGrant(id: number): Promise<void> {
  await api.DELETE("/api/v2/dagGrants/{grant_id}", { params: { path: { grant_id: id } } });
}

/** The user's own; ends their other sessions. */
export async function changePassword({ current, next }: { current: string; next: string }): Promise<void> {
  await readAnswer(await send("POST", "/auth/password", { current_password: current, new_password: next }));
}

/** Logs the user out everywhere, here too. */
export async function endSessions(): Promise<void> {
  await readAnswer(await send("DELETE", "/auth/sessions"));
}
